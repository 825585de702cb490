/**
 * Traces as SVG: one path per trace, or one per colour if points differ, whatever the number of points.
 * @typedef {import("./node.js").SvgNode} SvgNode
 * @typedef {import("./axes.js").Axis} Axis
 * @typedef {ArrayLike<number | null>} Numbers  null and NaN are gaps
 */
import { node } from "./node.js";
import { COLORWAY, LEVELS, level, paint, paints } from "./palette.js";
import { Pen } from "./pen.js";

const FILL_OPACITY = 0.2;

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
  if (trace.type === "bar") return bars(trace, color, x, y);
  if (trace.type === "heatmap") return heatmap(trace, x, y);
  const mode = trace.mode ?? "lines";
  return [
    ...(trace.fill && trace.fill !== "none" ? [area(trace, color, x, y, before)] : []),
    ...(mode.includes("lines") ? [line(trace, color, x, y)] : []),
    ...(mode.includes("markers") ? markers(trace, color, x, y) : []),
  ];
}

/** @param {string | undefined} dash @param {number} width @returns {string | undefined} Plotly's lengths */
export function dashArray(dash, width) {
  const unit = Math.max(width, 3);
  const lengths = { dot: [1, 1], dash: [3, 3], longdash: [5, 5], dashdot: [3, 1, 1, 1] }[dash ?? ""];
  return lengths?.map((length) => length * unit).join(" ");
}

/** @param {any} trace @param {string} color @param {Axis} x @param {Axis} y @returns {SvgNode} */
function line(trace, color, x, y) {
  const { width = 2, dash, shape, color: own } = trace.line ?? {};
  const pen = new Pen();
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

/** @param {any} trace @param {string} color @param {Axis} x @param {Axis} y @param {any} before @returns {SvgNode} */
function area(trace, color, x, y, before) {
  const floor = y.options.type === "log" ? y.start : y.toPx(0);
  const behind = trace.fill === "tonexty" ? runs(before, x, y, before.line?.shape) : [];
  const pen = new Pen();
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
 * A point is a zero-length stroke with round or square caps.
 *
 * @param {any} trace
 * @param {string} color hex
 * @param {Axis} x
 * @param {Axis} y
 * @returns {SvgNode[]}
 */
function markers(trace, color, x, y) {
  const { size = 6, symbol = "circle", opacity = trace.opacity, line: outline } = trace.marker ?? {};
  const fills = colorOf(trace.marker, color);
  const sizes = typeof size === "number" ? () => size : (/** @type {number} */ i) => size[i];
  /** @type {Map<string, {fill: string, size: number, pen: Pen}>} */
  const groups = new Map();
  let group = { fill: "", size: 0, pen: new Pen() };
  for (let i = 0; i < trace.y.length; i++) {
    const px = pixel(x, trace.x[i]);
    const py = pixel(y, trace.y[i]);
    if (Number.isNaN(px) || Number.isNaN(py)) continue;
    const [fill, diameter] = [fills(i), sizes(i)];
    if (fill !== group.fill || diameter !== group.size) {
      const key = `${fill} ${diameter}`;
      group = groups.get(key) ?? { fill, size: diameter, pen: new Pen() };
      groups.set(key, group);
    }
    group.pen.dot(px, py);
  }
  const cap = symbol === "square" ? "square" : "round";
  const edge = outline?.width ?? 0;
  return [...groups.values()].flatMap(({ fill, size: diameter, pen }) => {
    // A square cap lengthens the stroke by half its width on both sides, as a round one does.
    const shared = { d: pen.d, fill: "none", "stroke-linecap": cap, "stroke-opacity": opacity };
    const dots = (/** @type {string} */ stroke, /** @type {number} */ width) =>
      node("path", { ...shared, stroke, "stroke-width": width });
    if (edge === 0) return [dots(fill, diameter)];
    return [dots(paint(outline.color ?? color), diameter + edge), dots(fill, diameter - edge)];
  });
}

/**
 * @param {any} marker
 * @param {string} fallback hex
 * @returns {(i: number) => string} the paint of each point: one colour, a colour each, or a number each on a
 *   colour scale
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

/** @param {any} trace @param {string} color @param {Axis} x @param {Axis} y @returns {SvgNode[]} */
function bars(trace, color, x, y) {
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
    const pen = groups.get(fill) ?? new Pen();
    groups.set(fill, pen);
    if (lying) pen.rect(foot, a, top, b);
    else pen.rect(a, foot, b, top);
  }
  return [...groups].map(([fill, { d }]) => node("path", { d, fill, "fill-opacity": trace.opacity }));
}

/**
 * One path per level of the colour scale; neighbours of one level in a row are one rectangle.
 * @param {any} trace
 * @param {Axis} x
 * @param {Axis} y
 * @returns {SvgNode[]}
 */
function heatmap(trace, x, y) {
  const { z, zmin, zmax } = trace;
  const columns = z[0].length;
  const xs = edges(trace.x, columns, x);
  const ys = edges(trace.y, z.length, y);
  const pens = Array.from({ length: LEVELS }, () => new Pen());
  for (let row = 0; row < z.length; row++) {
    const levels = Array.from(z[row], (value) =>
      value === null || Number.isNaN(value) ? -1 : level(value, zmin, zmax),
    );
    for (let from = 0, to = 1; from < columns; from = to++) {
      while (to < columns && levels[to] === levels[from]) to++;
      if (levels[from] >= 0) pens[levels[from]].rect(xs[from], ys[row], xs[to], ys[row + 1]);
    }
  }
  // Crisp edges: otherwise the background would show between antialiased neighbours.
  return paints(trace.colorscale).map((fill, i) =>
    node("path", { d: pens[i].d, fill, "shape-rendering": "crispEdges", "fill-opacity": trace.opacity }),
  );
}

/**
 * @param {ArrayLike<number> | undefined} centers of the cells; their indices where left out
 * @param {number} count
 * @param {Axis} axis
 * @returns {number[]} px of the count + 1 edges between cells
 */
function edges(centers, count, axis) {
  const first = centers?.[0] ?? 0;
  const step = centers && count > 1 ? (centers[count - 1] - first) / (count - 1) : 1;
  return Array.from({ length: count + 1 }, (_, i) => axis.toPx(first + (i - 0.5) * step));
}
