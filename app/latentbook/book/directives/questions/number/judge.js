/**
 * Feedback on a number that a reader typed: right, or the probable mistake, if one can be recognised.
 *
 * @typedef {{answer: number, tolerance: number, unit: string, wrong: number[]}} NumberKey
 * @typedef {{verdict: "right"} | {verdict: "wrong", listed: number} | {verdict: "wrong", why: string}
 *   | {verdict: "unreadable", why: string}} Judgement `listed`: index of a wrong answer that its author foresaw
 */
import { readNumber } from "latentbook/number.js";
import { unread } from "latentbook/quiz/judge.js";
import { translate } from "latentbook/words.js";

/** Tolerances for recognising a mistaken answer: fractions of the answer, and of its distance from the right one. */
const CLOSE = 0.02;
const APART = 0.1;

/**
 * @param {string} text
 * @param {NumberKey} key
 * @returns {Judgement}
 */
export function judgeNumber(text, { answer, tolerance, unit, wrong }) {
  const read = readNumber(text, unit);
  if ("problem" in read) return { verdict: "unreadable", why: read.problem };
  const { value } = read;
  if (Math.abs(value - answer) <= tolerance + rounding(answer)) return { verdict: "right" };

  /** Index of the mistaken answer that a number equals; -1 if it is merely near one. @param {number} number */
  const among = (number) =>
    wrong.findIndex((mistaken) => {
      const room = Math.min(tolerance, CLOSE * Math.abs(mistaken), APART * Math.abs(mistaken - answer));
      return Math.abs(number - mistaken) <= room + rounding(mistaken);
    });
  /** Whether the value is the answer multiplied by this. @param {number} by */
  const isTimes = (by) => Math.abs(value / by - answer) <= Math.min(tolerance, CLOSE * Math.abs(answer)) + rounding(answer);

  const listed = among(value);
  if (listed >= 0) return { verdict: "wrong", listed };
  /** @param {string} why @returns {Judgement} */
  const because = (why) => ({ verdict: "wrong", why });
  if (unit === "%" && isTimes(1 / 100)) return because(translate("Right as a fraction. It is asked for in %."));
  const listedInPercent = unit === "%" ? among(100 * value) : -1;
  if (listedInPercent >= 0) return { verdict: "wrong", listed: listedInPercent };
  if (unit === "" && Math.abs(answer) <= 1 && isTimes(100)) return because(translate("That is a hundred times the answer: it would be right in %."));
  if (unit === "nats" && isTimes(1 / Math.LN2)) return because(translate("Right in bits. It is asked for in nats, with the natural logarithm."));
  if (unit === "bits" && isTimes(Math.LN2)) return because(translate("Right in nats. It is asked for in bits, with the logarithm to base 2."));
  if (isTimes(-1)) return because(translate("The size is right, the sign is not."));
  if (isTimes(2)) return because(translate("That is twice the answer: look for a factor of two."));
  if (isTimes(1 / 2)) return because(translate("That is half the answer: look for a factor of two."));
  if (isTimes(10)) return because(translate("That is ten times the answer: look at the decimal point."));
  if (isTimes(1 / 10)) return because(translate("That is a tenth of the answer: look at the decimal point."));
  return because(value > answer ? translate("That is too large.") : translate("That is too small."));
}

/** @param {string} answer @param {NumberKey} key @returns {import("latentbook/quiz/judge.js").Judgement} */
export function judge(answer, key) {
  const found = judgeNumber(answer, key);
  if (found.verdict === "unreadable") return unread(found.why);
  return { state: found.verdict, said: "why" in found ? found.why : "", feedback: "listed" in found ? [`wrong ${found.listed}`] : [] };
}

/** Tolerance for rounding in different ways to compute a number. @param {number} value */
const rounding = (value) => 1e-9 * Math.abs(value);
