/** The types of values in a figure, and how messages print a value. */
import { TICKFORMAT } from "./numbers.js";
import { PALETTE } from "./palette.js";
import { MARKUP } from "./text.js";

const PATH = /^\s*(M[^MLHVQCSTZ]+)([LHVQCSTM][^MLHVQCSTZ]+|Z\s*)*$/;
const LEFTOVER_MARKUP = /<\/?[a-z]/i;

/** @typedef {(value: any) => boolean} Test */

/** @type {Test} */
const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

/** @type {Test} a list or a typed array */
export const isList = (value) => Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));

/** @type {Test} null and NaN are gaps; infinities are refused */
export function isNumbers(value) {
  if (!isList(value)) return false;
  for (let i = 0; i < value.length; i++) {
    const item = value[i] ?? NaN;
    if (typeof item !== "number" || item === Infinity || item === -Infinity) return false;
  }
  return true;
}

/** @type {Test} */
const isColor = (value) => typeof value === "string" && value.toLowerCase() in PALETTE;

/** @type {Test} */
const isColors = (value) => isColor(value) || (Array.isArray(value) && value.every(isColor));

/** @type {Test} */
const isRange = (value) =>
  isList(value) && value.length === 2 && isNumber(value[0]) && isNumber(value[1]) && value[0] !== value[1];

/** @type {Test} */
function isScale(value) {
  if (!Array.isArray(value) || value.length < 2) return false;
  if (!value.every((stop) => isList(stop) && stop.length === 2 && isColor(stop[1]))) return false;
  const places = value.map(([place]) => place);
  return places[0] === 0 && places.at(-1) === 1 && places.every((place, i) => i === 0 || place > places[i - 1]);
}

/** @type {Test} */
const isText = (value) => typeof value === "string" && !LEFTOVER_MARKUP.test(value.replace(MARKUP, ""));

const A_COLOR =
  "a colour of the palette: INK, INK_2, INK_3, RULE, MUTED, PAPER, ACCENT, DATA_1, DATA_2, DATA_2_TEXT, WARNING, " +
  Array.from({ length: 10 }, (_, i) => `CLASS_${i}`).join(", ");

/** @type {Record<string, [string, Test]>} type -> accepted values in words, and the test */
export const TYPES = {
  number: ["a finite number", isNumber],
  "font size": ["a size of 12 px or more", (value) => isNumber(value) && value >= 12],
  boolean: ["true or false", (value) => typeof value === "boolean"],
  string: ["text", (value) => typeof value === "string"],
  text: ["text, with no other tags than <b>, <i>, <sub>, <sup>, <br>", isText],
  strings: ["a list of texts", isList],
  numbers: ["a list of numbers", isNumbers],
  "number or numbers": ["a number or a list of numbers", (value) => isNumber(value) || isNumbers(value)],
  rows: ["a list of rows of numbers", (value) => isList(value) && value.length > 0 && value.every(isNumbers)],
  range: ["two different numbers", isRange],
  color: [A_COLOR, isColor],
  colors: [`${A_COLOR}; or a list of them`, isColors],
  "colors or numbers": [
    `${A_COLOR}; a list of them; or a list of numbers`,
    (value) => isColors(value) || isNumbers(value),
  ],
  colorscale: ["two or more stops [place, colour of the palette], from 0 up to 1", isScale],
  "tick format": [
    "a number format such as .2f, .0%, d or .3~g",
    (value) => typeof value === "string" && TICKFORMAT.test(value),
  ],
  path: ["an SVG path of M, L, H, V, Q, C, S, T and Z", (value) => typeof value === "string" && PATH.test(value)],
};

const SHORT = 4; // items in a printed list

/** @param {any} value @returns {string} as messages print it */
export function shown(value) {
  if (value === undefined || value === null) return "missing";
  if (typeof value === "number") return String(value);
  if (isList(value)) {
    const items = Array.from(value);
    const plain = items.every((item) => typeof item === "number" || typeof item === "string");
    return plain && items.length <= SHORT ? `[${items.map(shown).join(", ")}]` : `a list of ${items.length}`;
  }
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "object" ? "an object" : String(value);
}
