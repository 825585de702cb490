/** Text of a figure: a little markup, and widths estimated from the letters, because the build cannot measure text. */
import { node } from "./node.js";
import { round1 } from "./numbers.js";

/** @import { SvgNode } from "./node.js" */

/** Tags allowed in a text; Plotly supports them too. */
export const MARKUP = /<(\/?)(b|i|sub|sup)>|<br>/g;

export const LINE = 1.25; // line height in em
const NARROW = " iljtfrI.,:;|!'()[]";
const WIDE = "mwMWOQ%@\u2014";

/** @param {string} text with markup @returns {string[]} its lines without markup */
export const plainLines = (text) =>
  text.includes("<") ? text.split("<br>").map((line) => line.replace(MARKUP, "")) : [text];

/** @param {string} text @param {number} size font size in px @returns {number} approximate width in px */
export function textWidth(text, size) {
  const widths = plainLines(text).map((line) => {
    let em = 0;
    for (const letter of line) em += NARROW.includes(letter) ? 0.31 : WIDE.includes(letter) ? 0.87 : 0.6;
    return em;
  });
  return Math.max(...widths) * size;
}

/**
 * @param {string} text with markup
 * @param {{x: number, y: number, size: number, anchor: "start" | "middle" | "end"}} place y: baseline of the
 *   first line
 * @param {Record<string, string | number | undefined>} [at] more attributes
 * @returns {SvgNode}
 */
export function textNode(text, { x, y, size, anchor }, at = {}) {
  const attributes = { x: round1(x), y: round1(y), "text-anchor": anchor, ...at };
  return node("text", attributes, text.includes("<") ? spans(text, round1(x), size) : [text].filter(Boolean));
}

/** @param {string} text @param {number} x @param {number} size @returns {SvgNode[]} one tspan per run */
function spans(text, x, size) {
  /** @type {SvgNode[]} */
  const runs = [];
  /** @type {Record<string, boolean>} */
  const on = {};
  let lineStart = false;
  let shift = 0; // px the current run is moved down by, undone at the next one
  let end = 0;
  const push = (/** @type {string} */ run) => {
    if (!run) return;
    const wanted = on.sub ? size * 0.25 : on.sup ? -size * 0.35 : 0;
    const dy = wanted - shift + (lineStart ? size * LINE : 0);
    const at = {
      x: lineStart ? x : undefined,
      dy: dy ? round1(dy) : undefined,
      "font-weight": on.b ? 600 : undefined,
      "font-style": on.i ? "italic" : undefined,
      "font-size": on.sub || on.sup ? round1(size * 0.8) : undefined,
    };
    runs.push(node("tspan", at, [run]));
    shift = wanted;
    lineStart = false;
  };
  for (const tag of text.matchAll(MARKUP)) {
    push(text.slice(end, tag.index));
    if (tag[0] === "<br>") lineStart = true;
    else on[tag[2]] = tag[1] === "";
    end = tag.index + tag[0].length;
  }
  push(text.slice(end));
  return runs;
}
