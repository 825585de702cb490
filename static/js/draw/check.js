/** The check that a figure keeps to what is drawn: widgets/check.py says the same in Python. */
import { TICKFORMAT } from "./numbers.js";
import { PALETTE } from "./palette.js";
import { AXIS, SUBSET } from "./subset.js";
import { MARKUP } from "./text.js";

const AXIS_KEY = /^[xy]axis([2-9]|[1-9]\d+)?$/;
const PATH = /^\s*(M[^MLHVQCSTZ]+)([LHVQCSTM][^MLHVQCSTZ]+|Z\s*)*$/;
const LEFTOVER_MARKUP = /<\/?[a-z]/i;

/** @param {any} value */
const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
/** @param {any} value */
const isArray = (value) => Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
/** @param {any} value */
const isColor = (value) => typeof value === "string" && value.toLowerCase() in PALETTE;
/** @param {any} value */
const isNumbers = (value) => isArray(value) && typeof (value[0] ?? 0) === "number";
/** @param {any} value */
const isRange = (value) => isArray(value) && value.length === 2 && isNumber(value[0]) && isNumber(value[1]) && value[0] !== value[1];
/** @param {any} value */
const isScale = (value) =>
  isArray(value) &&
  value.length > 1 &&
  value.every((/** @type {any} */ stop, /** @type {number} */ i) => isArray(stop) && isColor(stop[1]) && (i === 0 ? stop[0] === 0 : stop[0] > value[i - 1][0])) &&
  value[value.length - 1][0] === 1;

/** @type {Record<string, [string, (value: any) => boolean]>} type -> what is accepted, in words, and the test */
const TYPES = {
  number: ["a finite number", isNumber],
  "font size": ["a size of 12 px or more", (value) => isNumber(value) && value >= 12],
  boolean: ["true or false", (value) => typeof value === "boolean"],
  string: ["text", (value) => typeof value === "string"],
  text: [
    "text, with no other tags than <b>, <i>, <sub>, <sup>, <br>",
    (value) => typeof value === "string" && !LEFTOVER_MARKUP.test(value.replace(MARKUP, "")),
  ],
  strings: ["a list of texts", isArray],
  numbers: ["a list of numbers", isNumbers],
  "number or numbers": ["a number or a list of numbers", (value) => isNumber(value) || isNumbers(value)],
  rows: ["a list of rows of numbers", (value) => isArray(value) && value.length > 0 && isNumbers(value[0])],
  range: ["two different numbers", isRange],
  color: ["a colour of the palette in widgets.contract", isColor],
  colors: [
    "a colour of the palette in widgets.contract, or a list of them",
    (value) => isColor(value) || (Array.isArray(value) && value.every(isColor)),
  ],
  "colors or numbers": [
    "a colour of the palette in widgets.contract, a list of them, or a list of numbers",
    (value) => isColor(value) || (Array.isArray(value) && value.every(isColor)) || isNumbers(value),
  ],
  colorscale: ["two or more stops [place, colour of the palette], from 0 up to 1", isScale],
  "tick format": [
    "a number format such as .2f, .0%, d or .3~g",
    (value) => typeof value === "string" && TICKFORMAT.test(value),
  ],
  path: ["an SVG path of M, L, H, V, Q, C, S, T and Z", (value) => typeof value === "string" && PATH.test(value)],
};

/** @param {any} value @returns {string} */
function shown(value) {
  if (isArray(value)) return `a list of ${value.length}`;
  return typeof value === "object" ? "an object" : JSON.stringify(value) ?? "missing";
}

/** @param {string} path @param {any} value @param {string} accepted */
function refuse(path, value, accepted) {
  throw new Error(`${path} is ${shown(value)}; accepted: ${accepted}`);
}

/** @param {any} value */
const absent = (value) => value === undefined || value === null;

/** @param {any} value @param {any} spec @param {string} path */
function checkValue(value, spec, path) {
  if (typeof spec === "string") {
    const [accepted, test] = TYPES[spec];
    if (!test(value)) refuse(path, value, accepted);
  } else if (!Array.isArray(spec)) checkObject(value, spec, path);
  else if (typeof spec[0] !== "object") {
    if (!spec.includes(value)) refuse(path, value, spec.map((one) => JSON.stringify(one)).join(", "));
  } else {
    if (!isArray(value)) refuse(path, value, "a list");
    value.forEach((/** @type {any} */ item, /** @type {number} */ i) => checkObject(item, spec[0], `${path}[${i}]`));
  }
}

/** @param {any} value @param {Record<string, any>} table @param {string} path */
function checkObject(value, table, path) {
  if (typeof value !== "object" || value === null || isArray(value)) refuse(path, value, "an object");
  for (const key in value) {
    if (absent(value[key])) continue;
    const spec = table[key] ?? table[`${key}!`] ?? (path === "layout" && AXIS_KEY.test(key) ? AXIS : undefined);
    if (spec === undefined) {
      const accepted = Object.keys(table).map((name) => name.replace("!", "")).sort();
      throw new Error(`${path}.${key} is not drawn; accepted: ${accepted.join(", ")}`);
    }
    checkValue(value[key], spec, `${path}.${key}`);
  }
  for (const key in table) {
    if (!key.endsWith("!") || !absent(value[key.slice(0, -1)])) continue;
    const spec = table[key];
    const accepted = typeof spec === "string" ? TYPES[spec][0] : Array.isArray(spec) ? JSON.stringify(spec[0]) : "an object";
    throw new Error(`${path}.${key.slice(0, -1)} is missing; accepted: ${accepted}`);
  }
}

/**
 * @param {any} figure
 * @throws {Error} that names the first key which is not drawn, and what is accepted in its place
 */
export function check(figure) {
  if (!isArray(figure?.data)) refuse("data", figure?.data, "a list");
  figure.data.forEach((/** @type {any} */ trace, /** @type {number} */ i) => {
    const table = SUBSET.data[/** @type {keyof typeof SUBSET.data} */ (trace?.type)];
    if (!table) refuse(`data[${i}].type`, trace?.type, Object.keys(SUBSET.data).map((type) => `"${type}"`).join(", "));
    checkObject(trace, table, `data[${i}]`);
  });
  checkObject(figure.layout, SUBSET.layout, "layout");
  for (const key in figure) if (key !== "data" && key !== "layout") throw new Error(`${key} is not drawn; accepted: data, layout`);
  checkRelations(figure);
}

/** What no single key shows: names of axes, lengths that belong together, keys that need one another. @param {any} figure */
function checkRelations({ data, layout }) {
  const ids = Object.keys(layout).filter((key) => AXIS_KEY.test(key) && layout[key]).map((key) => key.replace("axis", "")).sort();
  const named = (/** @type {string} */ path, /** @type {string | undefined} */ id, /** @type {string[]} */ accepted) => {
    if (!absent(id) && !accepted.includes(/** @type {string} */ (id))) refuse(path, id, accepted.map((one) => `"${one}"`).join(", "));
  };
  const of = (/** @type {string} */ letter) => ids.filter((id) => id[0] === letter);
  const refs = (/** @type {string} */ letter) => [...of(letter).flatMap((id) => [id, `${id} domain`]), "paper"];
  const need = (/** @type {any} */ owner, /** @type {string} */ path, /** @type {string[]} */ keys) => {
    for (const key of keys) if (absent(owner[key])) throw new Error(`${path}.${key} is missing`);
  };
  const same = (/** @type {string} */ path, /** @type {any} */ value, /** @type {number} */ length, /** @type {string} */ as) => {
    if (isArray(value) && value.length !== length) refuse(path, value, `a list of ${length}, as long as ${as}`);
  };

  for (const id of ids) {
    const key = id.replace(/^[xy]/, "$&axis");
    const axis = layout[key];
    const others = of(id[0] === "x" ? "y" : "x");
    named(`layout.${key}.anchor`, axis.anchor, others);
    named(`layout.${key}.overlaying`, axis.overlaying, of(id[0]).filter((other) => other !== id));
    named(`layout.${key}.scaleanchor`, axis.scaleanchor, others);
    if (id.length > 1 && absent(axis.overlaying)) need(axis, `layout.${key}`, ["anchor"]);
    named(`layout.${key}.side`, axis.side, id[0] === "x" ? ["bottom", "top"] : ["left", "right"]);
    if (!absent(axis.ticktext)) {
      need(axis, `layout.${key}`, ["tickvals"]);
      same(`layout.${key}.ticktext`, axis.ticktext, axis.tickvals.length, "tickvals");
    }
    if (axis.tickvals && axis.ticksuffix) {
      throw new Error(`layout.${key}.ticksuffix is not drawn beside tickvals; accepted: ticktext with the suffix in it`);
    }
    if (axis.scaleanchor) {
      for (const one of [key, axis.scaleanchor.replace(/^[xy]/, "$&axis")]) need(layout[one], `layout.${one}`, ["constrain"]);
    }
  }
  data.forEach((/** @type {any} */ trace, /** @type {number} */ i) => {
    const path = `data[${i}]`;
    named(`${path}.xaxis`, trace.xaxis, of("x"));
    named(`${path}.yaxis`, trace.yaxis, of("y"));
    if (trace.type === "heatmap") {
      trace.z.forEach((/** @type {any} */ row, /** @type {number} */ r) => same(`${path}.z[${r}]`, row, trace.z[0].length, "the first row"));
      same(`${path}.x`, trace.x, trace.z[0].length, "a row of z");
      same(`${path}.y`, trace.y, trace.z.length, "z");
      return;
    }
    same(`${path}.y`, trace.y, trace.x.length, "x");
    same(`${path}.width`, trace.width, trace.x.length, "x");
    same(`${path}.base`, trace.base, trace.x.length, "x");
    same(`${path}.marker.color`, trace.marker?.color, trace.x.length, "x");
    same(`${path}.marker.size`, trace.marker?.size, trace.x.length, "x");
    if (isNumbers(trace.marker?.color)) need(trace.marker, `${path}.marker`, ["colorscale", "cmin", "cmax"]);
    const before = data[i - 1];
    if (trace.fill === "tonexty" && before?.type !== "scatter") refuse(`${path}.fill`, trace.fill, '"tonexty" after another scatter');
  });
  const bars = data.filter((/** @type {any} */ trace) => trace.type === "bar");
  if (bars.length > 1) need(layout, "layout", ["barmode"]);
  for (const [list, items] of Object.entries({ shapes: layout.shapes, annotations: layout.annotations })) {
    (items ?? []).forEach((/** @type {any} */ item, /** @type {number} */ i) => {
      named(`layout.${list}[${i}].xref`, item.xref, refs("x"));
      named(`layout.${list}[${i}].yref`, item.yref, refs("y"));
      if (list === "shapes") need(item, `layout.shapes[${i}]`, item.type === "path" ? ["path"] : ["x0", "x1", "y0", "y1"]);
    });
  }
}
