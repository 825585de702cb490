/**
 * @typedef {{answer: number, tolerance: number, unit: string, log: boolean}} GuessKey `tolerance`: a distance, or a
 *   factor if the axis is logarithmic
 * @typedef {import("latentbook/quiz/judge.js").Judgement} Judgement
 */
import { unread } from "latentbook/quiz/judge.js";
import { decimalPlaces, inDigits, translate } from "latentbook/words.js";

/**
 * Judge the position of a line on its axis.
 * @param {string} answer @param {GuessKey} key @param {{step: string}} more of the axis @returns {Judgement}
 */
export function judge(answer, key, { step }) {
  if (answer === "") return unread(translate("Move the line to your guess first."));
  const value = guessed(answer, key);
  const right = key.log
    ? Math.abs(Math.log(value / key.answer)) <= Math.log(key.tolerance) + 1e-9
    : Math.abs(value - key.answer) <= key.tolerance * (1 + 1e-9);
  const values = { guess: guessText(value, key, step), answer: guessText(key.answer, key, step) };
  return { state: right ? "right" : "wrong", said: translate("Your guess was {guess}, the answer is {answer}.", values), feedback: [] };
}

/** A guess in the units of the axis. @param {string} answer @param {GuessKey} key */
export const guessed = (answer, key) => (key.log ? 10 ** Number(answer) : Number(answer));

/** @param {number} value @param {GuessKey} key @param {string} step */
export function guessText(value, { log, unit }, step) {
  const decimals = decimalsOf(step);
  const number = log ? withTwoDigits(value) : inDigits(value, { ...decimalPlaces(decimals), useGrouping: false }).replace("-", "−");
  return unit === "%" ? `${number} %` : `${number} ${unit}`.trim();
}

/** @param {number} value */
export const withTwoDigits = (value) => inDigits(value, { maximumSignificantDigits: 2 });

/** @param {string} step @returns {number} digits after the point in multiples of a step */
const decimalsOf = (step) => step.replace(/0+$/, "").split(".")[1]?.length ?? 0;
