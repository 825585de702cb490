/**
 * What is said to a number that a reader typed: right, or how it is wrong where that can be known.
 *
 * @typedef {{answer: number, tolerance: number, unit: string, wrong: number[]}} NumberKey
 * @typedef {{verdict: "right"} | {verdict: "wrong", listed: number} | {verdict: "wrong", why: string}
 *   | {verdict: "unreadable", why: string}} Judgement `listed`: index of a wrong answer that its author foresaw
 */

const MINUS = /[\u2212\u2013]/g; // minus sign and en dash, as they come out of a copied text

/**
 * Reads a number as people write it: 0.5, 0,5, .5, 5e-1, 1/2, −2, with or without the unit.
 *
 * @param {string} text
 * @param {string} unit
 * @returns {number | null} null where it is not one number
 */
export function readNumber(text, unit) {
  let plain = text.trim().replace(MINUS, "-");
  if (unit !== "" && plain.toLowerCase().endsWith(unit.toLowerCase())) plain = plain.slice(0, -unit.length).trim();
  const fraction = /^([^/]+)\/([^/]+)$/.exec(plain);
  if (fraction) {
    const [above, below] = [readNumber(fraction[1], ""), readNumber(fraction[2], "")];
    return above === null || below === null || below === 0 ? null : above / below;
  }
  if (!/^[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?$/i.test(plain)) return null;
  return Number(plain.replace(",", "."));
}

/**
 * @param {string} text
 * @param {NumberKey} key
 * @returns {Judgement}
 */
export function judgeNumber(text, { answer, tolerance, unit, wrong }) {
  const value = readNumber(text, unit);
  if (value === null) {
    const came = text.trim() === "" ? "Nothing is written yet." : `“${text.trim()}” is not a number.`;
    return { verdict: "unreadable", why: `${came} Write one in digits, such as 0.25 or 1e-3.` };
  }
  /** @param {number} expected @param {number} [scale] of the answer that this is a mistaken form of */
  const near = (expected, scale = 1) => Math.abs(value - expected) <= tolerance * scale + 1e-12 * Math.abs(expected);
  if (near(answer)) return { verdict: "right" };
  const listed = wrong.findIndex((each) => near(each));
  if (listed >= 0) return { verdict: "wrong", listed };
  if (near(-answer)) return { verdict: "wrong", why: "The size is right, the sign is not." };
  if (near(2 * answer, 2)) return { verdict: "wrong", why: "That is twice the answer: look for a factor of two." };
  if (near(answer / 2, 0.5)) return { verdict: "wrong", why: "That is half the answer: look for a factor of two." };
  if (unit === "nats" && near(answer / Math.LN2, 1 / Math.LN2)) {
    return { verdict: "wrong", why: "That is the answer in bits. It is asked for in nats, with the natural logarithm." };
  }
  if (unit === "bits" && near(answer * Math.LN2, Math.LN2)) {
    return { verdict: "wrong", why: "That is the answer in nats. It is asked for in bits, with the logarithm to base 2." };
  }
  return { verdict: "wrong", why: value > answer ? "That is too large." : "That is too small." };
}
