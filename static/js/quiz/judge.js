/**
 * Judges answers without a page, so that the classroom's server reaches the same verdicts: `judge` of `judge.js` in a kind's folder.
 *
 * @typedef {{state: "right" | "wrong" | "unread", said: string, feedback: string[]}} Judgement
 *   `feedback`: names of what the author says of this answer: "option 2", "wrong 0", "pair 1=0"
 * @typedef {(answer: string, key: any, more: any) => Judgement} Judge `answer`: as the page's log stores it; `more`: what the
 *   kind's block shows and its judge needs
 */
import { translate } from "../words.js";

/** @param {string} said @returns {Judgement} */
export const unread = (said) => ({ state: "unread", said, feedback: [] });

/** One picked option, by its place. @param {string} answer @param {{answer: boolean | number}} key @returns {Judgement} */
export function judgePick(answer, key) {
  if (answer === "") return unread(translate("Pick one first."));
  return { state: answer === String(key.answer) ? "right" : "wrong", said: "", feedback: [`option ${answer}`] };
}
