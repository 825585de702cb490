/**
 * What is asked, drawn from what the server sends, for phones to answer and for all to see.
 *
 * @typedef {{kind: "choice" | "true-false" | "number" | "guess" | "draw" | "readout" | "panel", title: string, section: string,
 *   question?: string, options?: string[], unit?: string, answer?: number, opens?: string, insets?: string, picture?: string, low?: number,
 *   high?: number, step?: number, log?: boolean, pictures?: string[], boxes?: number[][], html?: string, wanted?: string}} Asked
 *   `opens`: when the answer opens, once the votes are revealed and it is not open
 *   `html`, `question`, `options`, `picture`, `pictures`: the book's own markup
 */
import { decimalPlaces, inDigits } from "../words.js";
import { one } from "./page.js";

/** @param {string} kind @returns {DocumentFragment} */
export function made(kind) {
  const template = /** @type {HTMLTemplateElement} */ (one(`template[data-kind="${kind}"]`));
  return /** @type {DocumentFragment} */ (template.content.cloneNode(true));
}

/** Shows the question, and where an answer goes. @param {Asked} asked @param {HTMLElement} text @param {HTMLElement} place */
export function showAsked(asked, text, place) {
  if (asked.question !== undefined) text.innerHTML = asked.question;
  else text.textContent = asked.kind === "draw" ? asked.title : ""; // an instrument brings its own
  place.replaceChildren(made(asked.kind === "panel" ? "readout" : asked.kind));
  if (asked.kind === "choice") one("fieldset", place).append(...(asked.options ?? []).map(optionOf));
  if (asked.kind === "number") one(".unit", place).textContent = asked.unit ?? "";
  if (asked.kind === "guess") {
    const input = /** @type {HTMLInputElement} */ (one("input", place));
    const middle = ((asked.low ?? 0) + (asked.high ?? 1)) / 2;
    Object.assign(input, { min: String(asked.low), max: String(asked.high), step: String(asked.step), value: String(middle) });
    one(".asked-picture", place).innerHTML = asked.picture ?? "";
    one(".guess", place).style.cssText = `${asked.insets}; --value: 0.5`;
  }
  if (asked.kind === "draw") showPicture(asked, one(".draw", place));
}

/** @param {string} html @param {number} i */
function optionOf(html, i) {
  const option = made("option");
  /** @type {HTMLInputElement} */ (one("input", /** @type {any} */ (option))).value = String(i);
  one("span", /** @type {any} */ (option)).innerHTML = html;
  return option;
}

/** The picture of a panel in the width that suits the place, with where its axes lie. @param {Asked} asked @param {HTMLElement} place */
export function showPicture({ pictures = [], boxes = [] }, place) {
  const narrow = place.clientWidth < 480;
  const i = narrow ? pictures.length - 1 : 0;
  const holder = one(".asked-picture", place);
  holder.innerHTML = pictures[i];
  one("svg", holder).style.display = "block";
  const [left, top, width, height] = boxes[i].map((share) => `${100 * share}%`);
  Object.assign(one(".sketch", place).style, { left, top, width, height });
}

/** The points of a curve in a sketch, from shares of its height. @param {number[]} curve */
export const pointsOf = (curve) => curve.map((y, i) => `${i / (curve.length - 1)},${1 - y}`).join(" ");

/** A guess in words, in the units of its axis. @param {Asked} asked @param {number} value */
export function guessText({ log, unit, step = 1 }, value) {
  const decimals = String(step).split(".")[1]?.length ?? 0;
  const number = log ? inDigits(Number((10 ** value).toPrecision(2))) : inDigits(value, decimalPlaces(decimals));
  return `${number} ${unit ?? ""}`.trim();
}
