/**
 * Messages of scripts, in the language of the page. The English text is the key of each message. Translations are loaded
 * before the scripts from `assets/words-HASH.js`, which the build makes from the folders locale/ of app (docs/languages.md).
 *
 * @typedef {Record<string, string | number>} Values by their names in a message: {name}
 * @typedef {string | Record<string, string>} Words one form, or one per plural category of the language
 */

/** @returns {Record<string, Words>} */
const catalogue = () => Reflect.get(globalThis, "latentbookWords") ?? {};

const language = () => document.documentElement.lang || "en";

/** @param {string} words @param {Values} values */
const filled = (words, values) => words.replace(/\{(\w+)\}/g, (place, name) => String(values[name] ?? place));

/** @param {string} english @param {Values} [values] @returns {string} */
export function translate(english, values = {}) {
  return filled(/** @type {string} */ (catalogue()[english] ?? english), values);
}

/** A message that depends on a number, written {number}. @param {number} number @param {string} one @param {string} many */
export function translateCount(number, one, many) {
  const words = /** @type {Record<string, string>} */ (catalogue()[one] ?? { one, other: many });
  const category = new Intl.PluralRules(language()).select(number);
  return filled(words[category] ?? words.other, { number: inDigits(number) });
}

/** A message whose values are elements, as nodes to append. @param {string} english @param {Record<string, string | Node>} values */
export function translateAround(english, values) {
  const words = /** @type {string} */ (catalogue()[english] ?? english);
  return words.split(/\{(\w+)\}/).map((piece, i) => (i % 2 === 0 ? piece : values[piece]));
}

/**
 * A number in the page's language: 1,234.5 or 1.234,5; zero without a sign.
 * @param {number} value @param {Intl.NumberFormatOptions} [options]
 */
export const inDigits = (value, options) => new Intl.NumberFormat(language(), { signDisplay: "negative", ...options }).format(value);

/** The options for a number of digits after the point. @param {number} decimals */
export const decimalPlaces = (decimals) => ({ minimumFractionDigits: decimals, maximumFractionDigits: decimals });

/** The page language's decimal point or comma. */
export const decimalSign = () => inDigits(1.5)[1];

/** Whether the page runs from right to left, so that forward is to the left. */
export const isRightToLeft = () => document.documentElement.dir === "rtl";
