/**
 * A figure at one size as a tree of SVG nodes, back to front: shapes below, grid, traces and shapes clipped to
 * their subplot, unclipped parts, axis text, annotations.
 *
 * @import { SvgNode } from "./node.js"
 * @import { Axis, Axes } from "./axes.js"
 */
import { axisKey, crossAxis, paperBox, placeAxes, subplotBox } from "./axes.js";
import { drawAxis } from "./axis.js";
import { node } from "./node.js";
import { drawAnnotation, drawShape } from "./overlays.js";
import { round1 } from "./numbers.js";
import { drawTrace } from "./traces.js";

const FONT_SIZE = 12;
const BLEED = 1; // px that a clipped line may cross the edge by, so that a line along the edge has its full width

/**
 * @param {any} figure that passed check()
 * @param {{width: number, height: number}} size to draw at
 * @param {string} id prefix of the ids in the picture
 * @returns {SvgNode[]} the content of the <svg>
 */
export function scene(figure, { width, height }, id) {
  const layout = { ...figure.layout, width, height };
  const axes = placeAxes(layout);
  const paper = paperBox(layout);
  const size = layout.font?.size ?? FONT_SIZE;
  const shapes = layout.shapes ?? [];

  const clips = new Map();
  const subplot = (/** @type {string} */ x, /** @type {string} */ y) => {
    // An overlaying axis shares the area of the axis under it.
    const key = x + (layout[axisKey(y)].overlaying ?? y);
    if (!clips.has(key)) clips.set(key, clipPath(`${id}-${key}`, x, y, axes));
    return `url(#${id}-${key})`;
  };
  /** @returns {Clipped} */
  const place = (/** @type {any} */ shape) => {
    const [x, y] = [shape.xref ?? "x", shape.yref ?? "y"];
    const clip = axes.has(x) && axes.has(y) ? subplot(x, y) : undefined;
    return { clip, drawn: drawShape(shape, axes, paper) };
  };
  const traces = figure.data.map((/** @type {any} */ trace, /** @type {number} */ i) => {
    const [x, y] = [trace.xaxis ?? "x", trace.yaxis ?? "y"];
    const nodes = drawTrace(trace, i, axis(axes, x), axis(axes, y), figure.data[i - 1]);
    return { clip: trace.cliponaxis === false ? undefined : subplot(x, y), drawn: group({}, nodes) };
  });
  const drawn = [...axes.values()].map((one) => drawAxis(one, crossAxis(one, axes), size, layout));
  const below = shapes.filter((/** @type {any} */ shape) => shape.layer === "below").map(place);
  const above = shapes.filter((/** @type {any} */ shape) => shape.layer !== "below").map(place);
  const notes = (layout.annotations ?? []).flatMap((/** @type {any} */ note) =>
    drawAnnotation(note, axes, paper, size, width),
  );
  return [
    node("defs", {}, [...clips.values()]),
    group({}, clipped(below)),
    group({ fill: "none", stroke: "var(--rule)", "shape-rendering": "crispEdges" }, drawn.flatMap(({ grid }) => grid)),
    group({}, clipped(traces)),
    group({}, clipped(above)),
    group({ "font-size": size, fill: "var(--ink-3)" }, drawn.flatMap(({ text }) => text)),
    group({}, notes),
  ];
}

/** @param {Record<string, string | number | undefined>} at @param {SvgNode[]} kids */
const group = (at, kids) => node("g", at, kids);

/**
 * Group neighbours with the same clip into one element, because each clip costs the browser time in every frame.
 * @typedef {{clip: string | undefined, drawn: SvgNode}} Clipped
 * @param {Clipped[]} parts
 */
function clipped(parts) {
  /** @type {SvgNode[]} */
  const groups = [];
  parts.forEach(({ clip, drawn }, i) => {
    if (i > 0 && clip === parts[i - 1].clip) groups[groups.length - 1].kids.push(drawn);
    else groups.push(group({ "clip-path": clip }, [drawn]));
  });
  return groups;
}

/** @param {Axes} axes @param {string} id */
const axis = (axes, id) => /** @type {Axis} */ (axes.get(id));

/** @param {string} id @param {string} x @param {string} y @param {Axes} axes @returns {SvgNode} */
function clipPath(id, x, y, axes) {
  const { left, right, top, bottom } = subplotBox(axis(axes, x), axis(axes, y));
  const rect = {
    x: round1(left - BLEED),
    y: round1(top - BLEED),
    width: round1(right - left + 2 * BLEED),
    height: round1(bottom - top + 2 * BLEED),
  };
  return node("clipPath", { id }, [node("rect", rect)]);
}
