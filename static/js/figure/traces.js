/**
 * Traces as SVG: one path per trace, or one per colour if points differ, for any number of points.
 * @import { SvgNode } from "./node.js"
 * @import { Axis } from "./axes.js"
 * @typedef {ArrayLike<number | null>} Numbers  null and NaN are gaps
 */
import { subplotBox } from "./axes.js";
import { node } from "./node.js";
import { exact } from "./numbers.js";
import { COLORWAY, LEVELS, level, paint, paints } from "./palette.js";
import { Pen } from "./pen.js";

const FILL_OPACITY = 0.2;
const FEW = 20; // this many points take few bytes in any unit
const SHARES = 2000; // parts of an axis: points are at most 0.2 px from their exact position

/**
 * @param {any} trace
 * @param {number} index of the trace in the figure, for its default colour
 * @param {Axis} x
 * @param {Axis} y
 * @param {any} before the previous trace, for fill "tonexty"
 * @returns {SvgNode[]}
 */
export function drawTrace(trace, index, x, y, before) {
  const color = COLORWAY[index % COLORWAY.length];
  if (trace.type === "bar") return drawn(trace.y.length, x, y, (across, down, parts) => bars(trace, color, across, down, parts));
  if (trace.type === "heatmap") return heatmap(trace, x, y);
  return scatter(trace, color, x, y, before);
}

/** @param {any} trace @param {string} color @param {Axis} x @param {Axis} y @param {any} before @returns {SvgNode[]} */
function scatter(trace, color, x, y, before) {
  const mode = trace.mode ?? "lines";
  return drawn(trace.y.length, x, y, (across, down, parts) => [
    ...(trace.fill && trace.fill !== "none" ? [area(trace, color, across, down, before, parts)] : []),
    ...(mode.includes("lines") ? [line(trace, color, across, down, parts)] : []),
    ...(mode.includes("markers") ? markers(trace, color, across, down, parts) : []),
  ]);
}

/**
 * Draw a trace in shares of its axes, unless it has few points.
 * @param {number} points
 * @param {Axis} x
 * @param {Axis} y
 * @param {(x: Axis, y: Axis, parts: 1 | 10) => SvgNode[]} draw
 */
function drawn(points, x, y, draw) {
  if (points < FEW) return draw(x, y, 10);
  const nodes = draw(inShares(x), inShares(y), 1);
  for (const { at } of nodes) if (at.stroke) at["vector-effect"] = "non-scaling-stroke";
  const { left, top, right, bottom } = subplotBox(x, y);
  const scale = [(right - left) / SHARES, 0, 0, (bottom - top) / SHARES, left, top].map(exact);
  return [node("g", { transform: `matrix(${scale.join(" ")})` }, nodes)];
}

/**
 * In shares of the axes, stills of several widths have the same paths, which a compressed page contains only once.
 * @param {Axis} axis
 * @returns {Axis} whose px are shares
 */
function inShares(axis) {
  const low = Math.min(axis.start, axis.end);
  const px = Math.abs(axis.end - axis.start) / SHARES;
  const [start, end] = [axis.start, axis.end].map((at) => (at - low) / px);
  return { ...axis, start, end, toPx: (value) => (axis.toPx(value) - low) / px };
}

/** @param {string | undefined} dash @param {number} width @returns {string | undefined} Plotly's lengths */
export function dashArray(dash, width) {
  const dot = Math.max(width, 3);
  const lengths = { dot: [1, 1], dash: [3, 3], longdash: [5, 5], dashdot: [3, 1, 1, 1] }[dash ?? ""];
  return lengths?.map((length) => length * dot).join(" ");
}

/** @param {any} trace @param {string} color @param {Axis} x @param {Axis} y @param {1 | 10} parts @returns {SvgNode} */
function line(trace, color, x, y, parts) {
  const { width = 2, dash, shape, color: own } = trace.line ?? {};
  const pen = new Pen(parts);
  for (const run of runs(trace, x, y, shape)) {
    pen.move(run[0], run[1]);
    for (let i = 2; i < run.length; i += 2) pen.line(run[i], run[i + 1]);
  }
  return node("path", {
    d: pen.d,
    fill: "none",
    stroke: paint(own ?? color),
    "stroke-width": width,
    "stroke-linejoin": "round",
    "stroke-dasharray": dashArray(dash, width),
    "stroke-opacity": trace.opacity,
  });
}

/** @param {any} trace @param {string} color @param {Axis} x @param {Axis} y @param {any} before @param {1 | 10} parts @returns {SvgNode} */
function area(trace, color, x, y, before, parts) {
  const floor = y.options.type === "log" ? y.start : y.toPx(0);
  const behind = trace.fill === "tonexty" ? runs(before, x, y, before.line?.shape) : [];
  const pen = new Pen(parts);
  runs(trace, x, y, trace.line?.shape).forEach((run, i) => {
    pen.move(run[0], run[1]);
    for (let j = 2; j < run.length; j += 2) pen.line(run[j], run[j + 1]);
    const back = trace.fill === "tozeroy" ? [run[0], floor, run[run.length - 2], floor] : (behind[i] ?? []);
    for (let j = back.length - 2; j >= 0; j -= 2) pen.line(back[j], back[j + 1]);
    pen.close();
  });
  return node("path", {
    d: pen.d,
    fill: paint(trace.fillcolor ?? trace.line?.color ?? color),
    "fill-opacity": trace.fillcolor ? trace.opacity : FILL_OPACITY * (trace.opacity ?? 1),
  });
}

/**
 * The unbroken segments of a line.
 * @param {{x: Numbers, y: Numbers}} points
 * @param {Axis} x
 * @param {Axis} y
 * @param {string} [shape] "linear", "hv", "vh" or "hvh"
 * @returns {number[][]} px of the corners of each: x, y, x, y, ...
 */
function runs(points, x, y, shape = "linear") {
  const found = [];
  /** @type {number[] | null} */
  let run = null;
  for (let i = 0; i < points.y.length; i++) {
    const px = pixel(x, points.x[i]);
    const py = pixel(y, points.y[i]);
    if (Number.isNaN(px) || Number.isNaN(py)) {
      run = null;
      continue;
    }
    if (run === null) found.push((run = []));
    else if (shape !== "linear") {
      const [fromX, fromY] = run.slice(-2);
      const middle = (fromX + px) / 2;
      if (shape === "hv") run.push(px, fromY);
      else if (shape === "vh") run.push(fromX, py);
      else run.push(middle, fromY, middle, py);
    }
    run.push(px, py);
  }
  return found;
}

/** @param {Axis} axis @param {number | null} value @returns {number} px, or NaN for a gap */
const pixel = (axis, value) => (value === null ? NaN : axis.toPx(value));

/**
 * A point is a zero-length stroke with round or square caps. The path of each colour has its points from left to right,
 * because short steps take few bytes.
 *
 * @param {any} trace
 * @param {string} color hex
 * @param {Axis} x
 * @param {Axis} y
 * @param {1 | 10} parts
 */
function markers(trace, color, x, y, parts) {
  const { size = 6, symbol = "circle", opacity = trace.opacity, line: outline } = trace.marker ?? {};
  const fills = colorOf(trace.marker, color);
  const sizes = typeof size === "number" ? () => size : (/** @type {number} */ i) => size[i];
  /** @type {Map<string, {fill: string, size: number, points: [number, number][]}>} */
  const groups = new Map();
  /** @type {{fill: string, size: number, points: [number, number][]}} */
  let group = { fill: "", size: 0, points: [] };
  for (let i = 0; i < trace.y.length; i++) {
    const px = pixel(x, trace.x[i]);
    const py = pixel(y, trace.y[i]);
    if (Number.isNaN(px) || Number.isNaN(py)) continue;
    const [fill, diameter] = [fills(i), sizes(i)];
    if (fill !== group.fill || diameter !== group.size) {
      const key = `${fill} ${diameter}`;
      group = groups.get(key) ?? { fill, size: diameter, points: [] };
      groups.set(key, group);
    }
    group.points.push([px, py]);
  }
  const cap = symbol === "square" ? "square" : "round";
  const edge = outline?.width ?? 0;
  return [...groups.values()].flatMap(({ fill, size: diameter, points }) => {
    const pen = new Pen(parts);
    points.sort((a, b) => a[0] - b[0]);
    for (const [across, down] of points) pen.dot(across, down);
    // A square cap lengthens the stroke by half its width on both sides, as a round one does.
    const dots = (/** @type {string} */ stroke, /** @type {number} */ width) =>
      node("path", { d: pen.d, fill: "none", "stroke-linecap": cap, "stroke-opacity": opacity, stroke, "stroke-width": width });
    if (edge === 0) return [dots(fill, diameter)];
    return [dots(paint(outline.color ?? color), diameter + edge), dots(fill, diameter - edge)];
  });
}

/**
 * @param {any} marker
 * @param {string} fallback hex
 * @returns {(i: number) => string} the paint of each point: one colour for all, one per point, or one number per point
 *   on a colour scale
 */
function colorOf(marker, fallback) {
  const color = marker?.color ?? fallback;
  if (typeof color === "string") {
    const one = paint(color);
    return () => one;
  }
  if (typeof color[0] === "string") return (i) => paint(color[i]);
  const scale = paints(marker.colorscale);
  return (i) => scale[level(color[i], marker.cmin, marker.cmax)];
}

/** @param {any} trace @param {string} color @param {Axis} x @param {Axis} y @param {1 | 10} parts @returns {SvgNode[]} */
function bars(trace, color, x, y, parts) {
  const lying = trace.orientation === "h";
  const [along, up, at, to] = lying ? [y, x, trace.y, trace.x] : [x, y, trace.x, trace.y];
  const fills = colorOf(trace.marker, color);
  const each = (/** @type {any} */ value, /** @type {number} */ i) => (typeof value === "number" ? value : value[i]);
  /** @type {Map<string, Pen>} */
  const groups = new Map();
  for (let i = 0; i < at.length; i++) {
    if (at[i] === null || to[i] === null || Number.isNaN(to[i])) continue;
    const half = each(trace.width, i) / 2;
    const base = each(trace.base ?? 0, i);
    const [a, b] = [along.toPx(at[i] - half), along.toPx(at[i] + half)];
    const foot = up.options.type === "log" && base <= 0 ? up.start : up.toPx(base);
    const top = up.toPx(base + to[i]);
    if (Number.isNaN(top)) continue;
    const fill = fills(i);
    const pen = groups.get(fill) ?? new Pen(parts);
    groups.set(fill, pen);
    if (lying) pen.rect(foot, a, top, b);
    else pen.rect(a, foot, b, top);
  }
  return [...groups].map(([fill, { d }]) => node("path", { d, fill, "fill-opacity": trace.opacity }));
}

/**
 * One path per level of the colour scale, over a rectangle of the most frequent level. Neighbours of one level form one
 * rectangle. The unit is a cell: stills of all widths then have the same paths, which a compressed page contains once.
 * @param {any} trace
 * @param {Axis} x
 * @param {Axis} y
 */
function heatmap(trace, x, y) {
  const { z, zmin, zmax } = trace;
  const [rows, columns] = [z.length, z[0].length];
  const levels = z.map((/** @type {Numbers} */ row) =>
    Array.from(row, (value) => (value === null || Number.isNaN(value) ? -1 : level(value, zmin, zmax))),
  );
  const ground = trace.opacity === undefined ? mostFrequent(levels.flat()) : -1;
  const pens = Array.from({ length: LEVELS }, () => new Pen(1));
  for (const { at, left, right, top, bottom } of rectangles(levels)) {
    if (at >= 0 && at !== ground) pens[at].rect(left, top, right, bottom);
  }
  const under = new Pen(1);
  if (ground >= 0) under.rect(0, 0, columns, rows);
  const [left, width] = cells(trace.x, columns, x);
  const [top, height] = cells(trace.y, rows, y);
  const at = {
    transform: `matrix(${[width, 0, 0, height, left, top].map(exact).join(" ")})`,
    "fill-opacity": trace.opacity,
    "shape-rendering": "crispEdges", // otherwise the background would show between antialiased neighbours
  };
  const fills = paints(trace.colorscale);
  const paths = fills.map((fill, i) => node("path", { d: pens[i].d, fill }));
  return [node("g", at, [node("path", { d: under.d, fill: fills[Math.max(ground, 0)] }), ...paths])];
}

/** @param {number[]} levels @returns {number} -1 if one of them is a gap: the background must show through it */
function mostFrequent(levels) {
  const counts = new Array(LEVELS).fill(0);
  for (const each of levels) {
    if (each < 0) return -1;
    counts[each]++;
  }
  return counts.indexOf(Math.max(...counts));
}

/**
 * Runs of one level within a row, merged with equal runs in the rows directly below.
 * @param {number[][]} levels
 */
function rectangles(levels) {
  const found = [];
  let above = new Map();
  for (const [row, across] of levels.entries()) {
    const here = new Map();
    for (let left = 0, right = 1; left < across.length; left = right++) {
      const at = across[left];
      while (right < across.length && across[right] === at) right++;
      const key = left * across.length + right;
      let one = above.get(key);
      if (one?.at !== at) found.push((one = { at, left, right, top: row, bottom: row }));
      one.bottom = row + 1;
      here.set(key, one);
    }
    above = here;
  }
  return found;
}

/**
 * @param {ArrayLike<number> | undefined} centers of the cells; by default their indices
 * @param {number} count
 * @param {Axis} axis linear
 * @returns {[number, number]} px of the first cell's edge, and from one cell to the next
 */
function cells(centers, count, axis) {
  const first = centers?.[0] ?? 0;
  const step = centers && count > 1 ? (centers[count - 1] - first) / (count - 1) : 1;
  const edge = axis.toPx(first - step / 2);
  return [edge, axis.toPx(first + step / 2) - edge];
}
