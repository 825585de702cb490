/**
 * Judges answers without a page, so that the classroom's server reaches the same verdicts (static/js/grader/judge.js).
 *
 * @typedef {{state: "right" | "wrong" | "unread", said: string, feedback: string[]}} Judgement
 *   `feedback`: names of what the author says of this answer: "option 2", "wrong 0", "pair 1=0"
 * @typedef {{answer: number, tolerance: number, unit: string, log: boolean}} GuessKey `tolerance`: a distance, or a factor where
 *   the axis is logarithmic
 */
import { decimalPlaces, inDigits, translate, translateCount } from "../words.js";

/** @param {string} said @returns {Judgement} */
const unread = (said) => ({ state: "unread", said, feedback: [] });

/** One picked option, by its place. @param {string} answer @param {{answer: boolean | number}} key @returns {Judgement} */
export function judgePick(answer, key) {
  if (answer === "") return unread(translate("Pick one first."));
  return { state: answer === String(key.answer) ? "right" : "wrong", said: "", feedback: [`option ${answer}`] };
}

/** The places of ticked options, "0,2". @param {string} answer @param {{answer: number[]}} key @returns {Judgement} */
export function judgeMany(answer, key) {
  const ticked = new Set(answer === "" ? [] : answer.split(","));
  if (ticked.size === 0) return unread(translate("Tick what you think is right first."));
  const all = key.answer.length;
  const found = key.answer.filter((place) => ticked.has(String(place))).length;
  const astray = ticked.size - found;
  const feedback = [...ticked].map((place) => `option ${place}`);
  if (found === all && astray === 0) return { state: "right", said: "", feedback };
  const said = translate("{found} of {all} found.", { found, all });
  const others = astray === 0 ? "" : ` ${translateCount(astray, "{number} does not belong.", "{number} do not belong.")}`;
  return { state: "wrong", said: said + others, feedback };
}

/** The place of a right item for each left one, "2,0,1". @param {string} answer @param {{answer: number[]}} key @returns {Judgement} */
export function judgeMatch(answer, key) {
  const picked = answer.split(",");
  const all = key.answer.length;
  if (picked.length !== all || picked.includes("")) return unread(translate("Choose a letter for each first."));
  const good = picked.filter((place, i) => place === String(key.answer[i])).length;
  if (good === all) return { state: "right", said: "", feedback: [] };
  return { state: "wrong", said: translate("Right pairs: {good} of {all}.", { good, all }), feedback: picked.map((place, i) => `pair ${i}=${place}`) };
}

/** The place of a line on its axis. @param {string} answer @param {GuessKey} key @param {string} step of the axis @returns {Judgement} */
export function judgeGuess(answer, key, step) {
  if (answer === "") return unread(translate("Move the line to your guess first."));
  const value = guessed(answer, key);
  const right = key.log
    ? Math.abs(Math.log(value / key.answer)) <= Math.log(key.tolerance) + 1e-9
    : Math.abs(value - key.answer) <= key.tolerance * (1 + 1e-9);
  const values = { guess: guessText(value, key, step), answer: guessText(key.answer, key, step) };
  return { state: right ? "right" : "wrong", said: translate("Your guess was {guess}, the answer is {answer}.", values), feedback: [] };
}

/** In the units of the axis. @param {string} answer @param {GuessKey} key */
export const guessed = (answer, key) => (key.log ? 10 ** Number(answer) : Number(answer));

/** @param {number} value @param {GuessKey} key @param {string} step */
export function guessText(value, { log, unit }, step) {
  const decimals = decimalsOf(step);
  const number = log ? withTwoDigits(value) : inDigits(value, { ...decimalPlaces(decimals), useGrouping: false }).replace("-", "−");
  return unit === "%" ? `${number} %` : `${number} ${unit}`.trim();
}

/** @param {number} value */
export const withTwoDigits = (value) => inDigits(value, { maximumSignificantDigits: 2 });

/** @param {string} step @returns {number} digits after the point that it takes to write multiples of a step */
const decimalsOf = (step) => step.replace(/0+$/, "").split(".")[1]?.length ?? 0;
