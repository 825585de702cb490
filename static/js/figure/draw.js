/**
 * A Plotly figure, drawn as SVG. The build uses the same code to draw the still, without DOM. In the page, `mount`
 * adopts the still and patches only what changes. docs/figures.md describes the supported figures; check.js refuses
 * all others.
 *
 * @typedef {{data: any[], layout: any}} Figure
 */
import { placeAxes, subplotBox } from "./axes.js";
import { markup, node, patchAttributes, patchKids, read } from "./node.js";
import { scene } from "./scene.js";

const NARROW = 480; // px: narrower pictures are laid out for phones
const NARROW_RATIO = 0.7; // minimum height of a phone's picture, in widths

/**
 * The size of a figure on the page: its own shape, but at least 7 : 10 on a phone.
 * @param {Figure} figure
 * @param {number} width px to draw it at
 * @returns {{width: number, height: number}} px
 */
export function size(figure, width) {
  const ratio = figure.layout.height / figure.layout.width;
  return { width, height: Math.round(width * (width < NARROW ? Math.max(ratio, NARROW_RATIO) : ratio)) };
}

/**
 * Draw a figure as markup: the still.
 *
 * @param {Figure} figure that passed check()
 * @param {{width: number, id: string, label: string}} options id: unique in the page; label: the
 *   picture's alt text
 * @returns {string} an <svg>, of class "still wide" or "still narrow"
 */
export function svg(figure, { width, id, label }) {
  const at = { class: `still ${width < NARROW ? "narrow" : "wide"}`, id, ...root(figure, width, label) };
  return markup(node("svg", at, scene(figure, size(figure, width), id)));
}

/**
 * Adopt a still, or an empty <svg> with an id.
 *
 * @param {SVGSVGElement} element
 * @returns {(figure: Figure, width: number, label: string) => void} shows a different figure that passed check()
 */
export function mount(element) {
  let { at, kids } = read(element);
  return (figure, width, label) => {
    const after = { ...at, ...node("svg", root(figure, width, label)).at };
    const shown = scene(figure, size(figure, width), element.id);
    patchAttributes(element, at, after);
    patchKids(element, kids, shown);
    at = after;
    kids = shown;
  };
}

/**
 * The position of the axes "x" and "y" in a picture.
 *
 * @param {Figure} figure
 * @param {number} width px it is drawn at
 * @returns {number[]} left, top, width and height, as shares of the picture
 */
export function axesBox(figure, width) {
  const { height } = size(figure, width);
  const axes = placeAxes({ ...figure.layout, width, height });
  const [x, y] = ["x", "y"].map((name) => /** @type {import("./axes.js").Axis} */ (axes.get(name)));
  const { left, right, top, bottom } = subplotBox(x, y);
  return [left / width, top / height, (right - left) / width, (bottom - top) / height];
}

/** @param {Figure} figure @param {number} width @param {string} label */
function root(figure, width, label) {
  const { height } = size(figure, width);
  return {
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: "img",
    "aria-label": label,
    fill: "currentColor",
  };
}

/**
 * The data coordinates under a pointer.
 *
 * @param {Figure} figure
 * @param {number} width px it is drawn at
 * @param {{x: number, y: number}} point px from the picture's upper left corner
 * @returns {{x: number, y: number}} on the axes "x" and "y", within their ranges
 */
export function dataAt(figure, width, point) {
  const axes = placeAxes({ ...figure.layout, ...size(figure, width) });
  const value = (/** @type {"x" | "y"} */ letter) => {
    const axis = /** @type {import("./axes.js").Axis} */ (axes.get(letter));
    const [low, high] = [Math.min(axis.start, axis.end), Math.max(axis.start, axis.end)];
    return axis.toData(Math.min(high, Math.max(low, point[letter])));
  };
  return { x: value("x"), y: value("y") };
}
