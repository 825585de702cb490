/**
 * One axis: grid, ticks and labels. A y axis has its title above its end, because turned text is slow to read.
 * @import { SvgNode } from "./node.js"
 * @import { Axis } from "./axes.js"
 */
import { node } from "./node.js";
import { paint } from "./palette.js";
import { Pen } from "./pen.js";
import { textNode, textWidth } from "./text.js";
import { ticks } from "./ticks.js";

const LABEL_GAP = { x: 6, y: 8 }; // px between plot and labels
const TICK = 5; // px
const LABEL_SPACE = { x: 10, y: 2 }; // minimum px between labels

/**
 * @param {Axis} axis
 * @param {Axis} cross the axis it is drawn along
 * @param {number} size font size in px
 * @param {any} layout
 * @returns {{grid: SvgNode[], text: SvgNode[]}}
 */
export function drawAxis(axis, cross, size, layout) {
  const { letter, options } = axis;
  if (options.visible === false) return { grid: [], text: [] };
  const far = options.side === (letter === "x" ? "top" : "right");
  const edge = far ? cross.end : cross.start;
  const outward = letter === "x" ? (far ? -1 : 1) : far ? 1 : -1;
  const found = ticks(options, letter, Math.abs(axis.end - axis.start)).map((tick) => ({
    text: tick.text,
    px: axis.start + ((tick.at - options.range[0]) / (options.range[1] - options.range[0])) * (axis.end - axis.start),
  }));
  const labels = options.showticklabels === false ? [] : readable(found, letter, options.tickfont?.size ?? size);
  return {
    grid: gridPaths(axis, cross, found, edge, outward),
    text: [
      ...labels.map(({ text, px }) => label(axis, text, px, edge, outward, size)),
      ...title(axis, cross, labels, edge, outward, size, layout.width),
    ],
  };
}

/**
 * @param {Axis} axis
 * @param {Axis} cross
 * @param {{px: number}[]} found ticks
 * @param {number} edge px of the axis's side of the plot
 * @param {number} outward 1 or -1: the direction away from the plot
 */
function gridPaths({ letter, options, start, end, toPx }, cross, found, edge, outward) {
  const lines = (/** @type {number[]} */ places, /** @type {number} */ from, /** @type {number} */ to) => {
    const pen = new Pen();
    for (const px of places) {
      pen.move(...along(px, from));
      pen.line(...along(px, to));
    }
    return pen.d;
  };
  const along = (/** @type {number} */ px, /** @type {number} */ other) =>
    /** @type {[number, number]} */ (letter === "x" ? [px, other] : [other, px]);
  const places = found.map(({ px }) => px);
  const showGrid = options.showgrid ?? (letter === "y" && !options.overlaying);
  const [a, b] = options.range;
  const holdsZero = options.type !== "log" && Math.min(a, b) <= 0 && Math.max(a, b) >= 0;
  const paths = [];
  const muted = (/** @type {string} */ d) => node("path", { d, stroke: "var(--muted)" });
  if (showGrid) paths.push(node("path", { d: lines(places, cross.start, cross.end) }));
  if (options.zeroline && holdsZero) paths.push(muted(lines([toPx(0)], cross.start, cross.end)));
  if (options.showline) {
    const pen = new Pen();
    pen.move(...along(start, edge));
    pen.line(...along(end, edge));
    paths.push(muted(pen.d));
  }
  if (options.ticks === "outside") paths.push(muted(lines(places, edge, edge + outward * TICK)));
  return paths;
}

/**
 * Every nth label, with the smallest n that keeps labels apart.
 * @param {{text: string, px: number}[]} found
 * @param {"x" | "y"} letter
 * @param {number} size
 */
function readable(found, letter, size) {
  const labels = found.filter(({ text }) => text);
  const length = (/** @type {{text: string}} */ { text }) => (letter === "x" ? textWidth(text, size) : size);
  for (let every = 1; every < labels.length; every++) {
    const kept = labels.filter((_, i) => i % every === 0);
    const clear = kept.every((one, i) => {
      const next = kept[i + 1];
      return !next || Math.abs(next.px - one.px) >= (length(one) + length(next)) / 2 + LABEL_SPACE[letter];
    });
    if (clear) return kept;
  }
  return labels.slice(0, 1);
}

/**
 * @param {Axis} axis
 * @param {string} text
 * @param {number} px along the axis
 * @param {number} edge
 * @param {number} outward
 * @param {number} size
 */
function label({ letter, options }, text, px, edge, outward, size) {
  const own = options.tickfont?.size ?? size;
  const gap = LABEL_GAP[letter] + (options.ticks === "outside" ? TICK : 0);
  const color = options.tickfont?.color ?? options.color;
  const at = { fill: color && paint(color), "font-size": own === size ? undefined : own };
  if (letter === "x") {
    const y = outward > 0 ? edge + gap + own * 0.95 : edge - gap - own * 0.15;
    return textNode(text, { x: px, y, size: own, anchor: "middle" }, at);
  }
  const anchor = outward > 0 ? "start" : "end";
  return textNode(text, { x: edge + outward * gap, y: px + own * 0.35, size: own, anchor }, at);
}

/**
 * @param {Axis} axis
 * @param {Axis} cross
 * @param {{text: string}[]} labels
 * @param {number} edge
 * @param {number} outward
 * @param {number} size
 * @param {number} width of the picture in px
 */
function title({ letter, options, start, end }, cross, labels, edge, outward, size, width) {
  const text = options.title?.text;
  if (!text) return [];
  const own = options.title.font?.size ?? size;
  const color = options.title.font?.color ?? options.color;
  const at = { fill: paint(color ?? "#54514a"), "font-size": own === size ? undefined : own };
  if (letter === "x") {
    const beyond = (labels.length ? LABEL_GAP.x + size * 1.25 : 2) + own * 0.95;
    const y = outward > 0 ? edge + beyond : edge - beyond + own * 0.8;
    return [textNode(text, { x: (start + end) / 2, y, size: own, anchor: "middle" }, at)];
  }
  // The title starts level with the longest label and stays inside the picture.
  const labelWidth = Math.max(0, ...labels.map((one) => textWidth(one.text, size)));
  const outer = edge + outward * (labelWidth + (labels.length ? LABEL_GAP.y : 0));
  const room = textWidth(text, own);
  const x = outward > 0 ? Math.max(room, Math.min(outer, width)) : Math.min(Math.max(0, outer), width - room);
  const y = Math.min(start, end) - (labels.length ? size * 1.2 : own * 0.6);
  return [textNode(text, { x, y, size: own, anchor: outward > 0 ? "end" : "start" }, at)];
}
