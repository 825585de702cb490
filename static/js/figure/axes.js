/**
 * The position of each axis on the page, and the conversion of its values to pixels.
 *
 * @typedef {object} Axis
 * @property {string} id "x", "y2"
 * @property {"x" | "y"} letter
 * @property {any} options the axis of the figure
 * @property {number} start px of range[0]
 * @property {number} end px of range[1]
 * @property {(value: number) => number} toPx NaN if the axis cannot show the value
 * @property {(px: number) => number} toData
 *
 * @typedef {Map<string, Axis>} Axes
 * @typedef {{left: number, right: number, top: number, bottom: number}} Box  px
 */

const AXIS_KEY = /^([xy])axis(\d*)$/;

/** @param {any} layout @returns {Box} the area inside the margins: the "paper" of shapes and annotations */
export function paperBox({ width, height, margin }) {
  return { left: margin.l, right: width - margin.r, top: margin.t, bottom: height - margin.b };
}

/** @param {any} layout with the width and height to draw at @returns {Axes} */
export function placeAxes(layout) {
  const box = paperBox(layout);
  /** @type {Axes} */
  const axes = new Map();
  for (const key of Object.keys(layout).sort()) {
    const match = AXIS_KEY.exec(key);
    if (!match || !layout[key]) continue;
    const letter = /** @type {"x" | "y"} */ (match[1]);
    const options = layout[key];
    const under = options.overlaying ? layout[axisKey(options.overlaying)] : options;
    const [from, to] = under.domain ?? [0, 1];
    const [start, end] =
      letter === "x"
        ? [mix(box.left, box.right, from), mix(box.left, box.right, to)]
        : [mix(box.bottom, box.top, from), mix(box.bottom, box.top, to)];
    axes.set(letter + match[2], { id: letter + match[2], letter, options, start, end, ...scale(options, start, end) });
  }
  for (const axis of axes.values()) if (axis.options.scaleanchor) equalize(axis, axes);
  return axes;
}

/** @param {string} id "y2" @returns {string} "yaxis2" */
export const axisKey = (id) => `${id[0]}axis${id.slice(1)}`;

/** @param {number} a @param {number} b @param {number} fraction */
const mix = (a, b, fraction) => a + (b - a) * fraction;

/** @param {any} options @param {number} start @param {number} end */
function scale({ range: [a, b], type }, start, end) {
  const perUnit = (end - start) / (b - a);
  if (type === "log") {
    return {
      toPx: (/** @type {number} */ value) => (value > 0 ? start + (Math.log10(value) - a) * perUnit : NaN),
      toData: (/** @type {number} */ px) => 10 ** (a + (px - start) / perUnit),
    };
  }
  return {
    toPx: (/** @type {number} */ value) => start + (value - a) * perUnit,
    toData: (/** @type {number} */ px) => a + (px - start) / perUnit,
  };
}

/**
 * Give a unit the same number of pixels on both axes: shrink the longer one about its middle.
 * @param {Axis} axis
 * @param {Axes} axes
 */
function equalize(axis, axes) {
  const other = /** @type {Axis} */ (axes.get(axis.options.scaleanchor));
  const scaled = Math.min(pxPerUnit(axis), pxPerUnit(other));
  for (const one of [axis, other]) {
    const middle = (one.start + one.end) / 2;
    const shrink = scaled / pxPerUnit(one);
    one.start = mix(middle, one.start, shrink);
    one.end = mix(middle, one.end, shrink);
    Object.assign(one, scale(one.options, one.start, one.end));
  }
}

/** @param {Axis} axis linear @returns {number} */
export const pxPerUnit = ({ start, end, options: { range } }) => Math.abs((end - start) / (range[1] - range[0]));

/** @param {Axis} axis @param {Axes} axes @returns {Axis} the axis it is drawn along */
export function crossAxis(axis, axes) {
  const id = axis.options.anchor ?? (axis.letter === "x" ? "y" : "x");
  return /** @type {Axis} */ (axes.get(id));
}

/** @param {Axis} x @param {Axis} y @returns {Box} */
export function subplotBox(x, y) {
  return {
    left: Math.min(x.start, x.end),
    right: Math.max(x.start, x.end),
    top: Math.min(y.start, y.end),
    bottom: Math.max(y.start, y.end),
  };
}

/**
 * The conversion of a shape's or an annotation's coordinate to pixels.
 *
 * @param {string} ref "x2", "y domain" or "paper"
 * @param {"x" | "y"} letter
 * @param {Axes} axes
 * @param {Box} paper
 * @returns {(value: number) => number}
 */
export function coordinate(ref, letter, axes, paper) {
  if (ref === "paper") {
    const [from, to] = letter === "x" ? [paper.left, paper.right] : [paper.bottom, paper.top];
    return (value) => mix(from, to, value);
  }
  const [id, domain] = ref.split(" ");
  const axis = /** @type {Axis} */ (axes.get(id));
  return domain ? (value) => mix(axis.start, axis.end, value) : axis.toPx;
}
