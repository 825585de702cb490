/**
 * Shapes and annotations over the traces of a figure.
 * @import { SvgNode } from "./node.js"
 * @import { Axes, Box } from "./axes.js"
 */
import { coordinate } from "./axes.js";
import { node } from "./node.js";
import { round1 } from "./numbers.js";
import { paint } from "./palette.js";
import { Pen } from "./pen.js";
import { LINE, plainLines, textNode, textWidth } from "./text.js";
import { dashArray } from "./traces.js";

const INK = "#1d1c1a";
const INK_2 = "#54514a";
const PAD = 2; // px around the text of an annotation

/** @param {any} shape @param {Axes} axes @param {Box} paper @returns {SvgNode} */
export function drawShape(shape, axes, paper) {
  const x = coordinate(shape.xref ?? "x", "x", axes, paper);
  const y = coordinate(shape.yref ?? "y", "y", axes, paper);
  const { color = INK_2, width = 2, dash } = shape.line ?? {};
  return node("path", {
    d: shape.type === "path" ? placedPath(shape.path, x, y) : outline(shape, x, y),
    fill: shape.fillcolor ? paint(shape.fillcolor) : "none",
    stroke: width ? paint(color) : undefined,
    "stroke-width": width || undefined,
    "stroke-dasharray": dashArray(dash, width),
    opacity: shape.opacity,
  });
}

/** @param {any} shape @param {(value: number) => number} x @param {(value: number) => number} y */
function outline({ type, x0, x1, y0, y1 }, x, y) {
  const [left, right, top, bottom] = [x(x0), x(x1), y(y0), y(y1)];
  const pen = new Pen();
  if (type === "circle") {
    const [rx, ry] = [Math.abs(right - left) / 2, Math.abs(bottom - top) / 2].map(round1);
    pen.move((left + right) / 2 - rx, (top + bottom) / 2);
    return `${pen.d}a${rx},${ry} 0 1 1 ${round1(2 * rx)},0a${rx},${ry} 0 1 1 ${round1(-2 * rx)},0z`;
  }
  if (type === "rect") pen.rect(left, top, right, bottom);
  else {
    pen.move(left, top);
    pen.line(right, bottom);
  }
  return pen.d;
}

/**
 * @param {string} path in data coordinates
 * @param {(value: number) => number} x
 * @param {(value: number) => number} y
 */
function placedPath(path, x, y) {
  return path.replace(/([MLHVQCSTZ])([^MLHVQCSTZ]*)/g, (_, command, rest) => {
    const values = rest.match(/[^\s,]+/g) ?? [];
    const placed = values.map((/** @type {string} */ value, /** @type {number} */ i) => {
      const vertical = command === "V" || (command !== "H" && i % 2 === 1);
      return round1((vertical ? y : x)(Number(value)));
    });
    return command + placed.join(",");
  });
}

/**
 * @param {any} note
 * @param {Axes} axes
 * @param {Box} paper
 * @param {number} size font size of the figure in px
 * @param {number} width of the picture in px, to keep text inside it
 * @returns {SvgNode[]} the arrow, if it has one, and the text
 */
export function drawAnnotation(note, axes, paper, size, width) {
  const xref = note.xref ?? "x";
  const yref = note.yref ?? "y";
  const px = coordinate(xref, "x", axes, paper)(value(note.x, xref, axes));
  const py = coordinate(yref, "y", axes, paper)(value(note.y, yref, axes));
  if (!shows(xref, px, axes) || !shows(yref, py, axes)) return [];
  const arrow = note.showarrow ?? true;
  const tail = arrow ? { x: px + (note.ax ?? -10), y: py + (note.ay ?? -30) } : { x: px, y: py };
  const fontSize = note.font?.size ?? size;
  const box = {
    width: textWidth(note.text, fontSize),
    height: (1 + LINE * (plainLines(note.text).length - 1)) * fontSize,
    xanchor: anchor(note.xanchor, ["left", "center", "right"], arrow ? tail.x - px : null, xref, note.x),
    yanchor: anchor(note.yanchor, ["bottom", "middle", "top"], arrow ? py - tail.y : null, yref, note.y),
  };
  const text = placedText(note, tail, box, fontSize, width);
  return arrow ? [arrowPath(note, tail, { x: px, y: py }), text] : [text];
}

/**
 * On a logarithmic axis, Plotly expects exponents in annotations but values in shapes.
 *
 * @param {number} given
 * @param {string} ref
 * @param {Axes} axes
 */
const value = (given, ref, axes) => (axes.get(ref)?.options.type === "log" ? 10 ** given : given);

/**
 * An annotation outside its axis is left out, as in Plotly.
 * @param {string} ref
 * @param {number} px
 * @param {Axes} axes
 */
function shows(ref, px, axes) {
  const axis = axes.get(ref);
  if (!axis) return true;
  return px >= Math.min(axis.start, axis.end) - 0.01 && px <= Math.max(axis.start, axis.end) + 0.01;
}

/**
 * The side of the text that is anchored. By default: on paper the nearest one; at an arrow the one towards it;
 * otherwise the middle.
 * @param {string | undefined} given
 * @param {[string, string, string]} sides low end, middle, high end
 * @param {number | null} along distance from the arrow's head to its tail, towards the high end, px; null: no arrow
 * @param {string} ref
 * @param {number} place
 */
function anchor(given, [low, middle, high], along, ref, place) {
  if (given && given !== "auto") return given;
  if (along !== null) return along > 8 ? low : along < -8 ? high : middle;
  const onPaper = ref === "paper" || ref.endsWith("domain");
  return onPaper && place < 1 / 3 ? low : onPaper && place > 2 / 3 ? high : middle;
}

/**
 * @param {any} note
 * @param {{x: number, y: number}} at
 * @param {{width: number, height: number, xanchor: string, yanchor: string}} box of the text, px
 * @param {number} size of the font in px
 * @param {number} width of the picture in px
 */
function placedText(note, at, { width: textPx, height, xanchor, yanchor }, size, width) {
  const before = xanchor === "left" ? 0 : xanchor === "right" ? textPx : textPx / 2;
  const left = at.x + (note.xshift ?? 0) - before + (xanchor === "left" ? PAD : xanchor === "right" ? -PAD : 0);
  const inside = Math.max(PAD, Math.min(left, width - PAD - textPx));
  const above = yanchor === "top" ? -PAD : yanchor === "bottom" ? height + PAD : height / 2;
  return textNode(
    note.text,
    {
      x: inside + before,
      y: at.y - (note.yshift ?? 0) - above + size * 0.86,
      size,
      anchor: xanchor === "left" ? "start" : xanchor === "right" ? "end" : "middle",
    },
    {
      fill: paint(note.font?.color ?? INK),
      "font-size": size,
      // Draw the background as a halo in its colour, which needs no exact text width.
      ...(note.bgcolor && {
        stroke: paint(note.bgcolor),
        "stroke-width": 4,
        "stroke-linejoin": "round",
        "paint-order": "stroke",
      }),
    },
  );
}

/** @param {any} note @param {{x: number, y: number}} tail @param {{x: number, y: number}} head */
function arrowPath({ arrowcolor = INK_2, arrowwidth = 1.5, arrowhead = 1 }, tail, head) {
  const length = Math.hypot(head.x - tail.x, head.y - tail.y);
  const [ux, uy] = [(head.x - tail.x) / length, (head.y - tail.y) / length];
  const size = 3 * arrowwidth + 1;
  const wing = (/** @type {number} */ side) =>
    /** @type {const} */ ([head.x - size * (ux - side * 0.6 * uy), head.y - size * (uy + side * 0.6 * ux)]);
  const pen = new Pen();
  if (length >= 1) {
    pen.move(tail.x, tail.y);
    pen.line(head.x, head.y);
    if (arrowhead) {
      pen.move(...wing(1));
      pen.line(head.x, head.y);
      pen.line(...wing(-1));
    }
  }
  return node("path", {
    d: pen.d,
    fill: "none",
    stroke: paint(arrowcolor),
    "stroke-width": arrowwidth,
    "stroke-linejoin": "round",
  });
}
