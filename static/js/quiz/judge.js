/**
 * Judges answers without a page, so that the classroom's server reaches the same verdicts. Each kind's folder has a
 * `judge.js` with a function `judge`.
 *
 * @typedef {{state: "right" | "wrong" | "unread", said: string, feedback: string[]}} Judgement
 *   `feedback`: names of the author's feedback on this answer: "option 2", "wrong 0", "pair 1=0"
 * @typedef {(answer: string, key: any, more: any) => Judgement} Judge `answer`: as the page's log stores it; `more`:
 *   data that the kind's block shows and its judge needs
 */
import { translate } from "../words.js";

/** @param {string} said @returns {Judgement} */
export const unread = (said) => ({ state: "unread", said, feedback: [] });

/**
 * Judge one picked option, given by its index.
 * @param {string} answer @param {{answer: boolean | number}} key @returns {Judgement}
 */
export function judgePick(answer, key) {
  if (answer === "") return unread(translate("Pick one first."));
  return { state: answer === String(key.answer) ? "right" : "wrong", said: "", feedback: [`option ${answer}`] };
}
