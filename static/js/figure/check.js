/**
 * The check that a figure keeps to what is drawn: widgets/engine/figure.py says the same in Python, function by function.
 *
 * @typedef {Record<string, any>} Dict
 */
import { AXIS, SUBSET } from "./subset.js";
import { TYPES, isList, isNumbers, shown } from "./types.js";

const AXIS_KEY = /^[xy]axis([2-9]|[1-9]\d+)?$/;

/**
 * @param {any} figure
 * @throws {Error} that names the first key which is not drawn, and what is accepted in its place
 */
export function check(figure) {
  if (!isList(figure?.data)) refuse("data", figure?.data, "a list");
  figure.data.forEach((/** @type {any} */ trace, /** @type {number} */ i) => {
    const table = SUBSET.data[/** @type {keyof typeof SUBSET.data} */ (trace?.type)];
    if (!table) refuse(`data[${i}].type`, trace?.type, quoted(Object.keys(SUBSET.data)));
    checkObject(trace, table, `data[${i}]`);
  });
  checkObject(figure.layout, SUBSET.layout, "layout");
  for (const key in figure) {
    if (key !== "data" && key !== "layout") throw new Error(`${key} is not drawn; accepted: data, layout`);
  }
  checkAxes(figure.layout);
  checkTraces(figure.data, figure.layout);
  checkOverlays(figure.layout);
}

/** @param {string[]} names */
const quoted = (names) => names.map((name) => `"${name}"`).join(", ");

/** @param {any} value */
const absent = (value) => value === undefined || value === null;

/** @param {string} path @param {any} value what stands there @param {string} accepted in words */
function refuse(path, value, accepted) {
  throw new Error(`${path} is ${shown(value)}; accepted: ${accepted}`);
}

/** @param {Dict} table @returns {string} what it takes, in words */
function anObject(table) {
  const names = Object.keys(table).map((name) => name.replace("!", ""));
  return names.length > 6 ? "an object" : `an object with ${names.join(", ")}`;
}

/** Hold one value to its place in the table. @param {any} value @param {any} spec @param {string} path */
function checkValue(value, spec, path) {
  if (typeof spec === "string") {
    const [accepted, test] = TYPES[spec];
    if (!test(value)) refuse(path, value, accepted);
  } else if (!Array.isArray(spec)) {
    checkObject(value, spec, path);
  } else if (typeof spec[0] === "object") {
    if (!isList(value)) refuse(path, value, "a list");
    for (let i = 0; i < value.length; i++) checkObject(value[i], spec[0], `${path}[${i}]`);
  } else if (!spec.includes(value)) {
    refuse(path, value, spec.map((one) => JSON.stringify(one)).join(", "));
  }
}

/**
 * Hold an object to its table: no key that is not drawn, none missing.
 *
 * @param {any} value
 * @param {Dict} table
 * @param {string} path
 */
function checkObject(value, table, path) {
  if (typeof value !== "object" || value === null || isList(value)) refuse(path, value, anObject(table));
  for (const key in value) {
    if (absent(value[key])) continue;
    let spec = table[key] ?? table[`${key}!`];
    if (path === "layout" && AXIS_KEY.test(key)) spec ??= AXIS;
    if (spec === undefined) {
      const accepted = Object.keys(table).map((name) => name.replace("!", "")).sort();
      throw new Error(`${path}.${key} is not drawn; accepted: ${accepted.join(", ")}`);
    }
    checkValue(value[key], spec, `${path}.${key}`);
  }
  for (const name in table) {
    if (!name.endsWith("!") || !absent(value[name.slice(0, -1)])) continue;
    const spec = table[name];
    const oneOf = Array.isArray(spec) ? JSON.stringify(spec[0]) : anObject(spec);
    const accepted = typeof spec === "string" ? TYPES[spec][0] : oneOf;
    throw new Error(`${path}.${name.slice(0, -1)} is missing; accepted: ${accepted}`);
  }
}

// What no single key shows: names of axes, lengths that belong together, keys that need one another.

/** @param {Dict} layout @param {string} letter @returns {string[]} the axes of one direction: "x", "x2" */
function axisIds(layout, letter) {
  const keys = Object.keys(layout).filter((key) => key[0] === letter && AXIS_KEY.test(key) && !absent(layout[key]));
  return keys.map((key) => key.replace("axis", "")).sort();
}

/** @param {string} id "y2" @returns {string} "yaxis2" */
const axisKey = (id) => `${id[0]}axis${id.slice(1)}`;

/** Hold a name to those that exist. @param {string} path @param {any} name @param {string[]} accepted */
function named(path, name, accepted) {
  if (!absent(name) && !accepted.includes(name)) refuse(path, name, quoted(accepted));
}

/** Ask for keys that others call for. @param {Dict} owner @param {string} path @param {string[]} keys */
function need(owner, path, ...keys) {
  for (const key of keys) if (absent(owner[key])) throw new Error(`${path}.${key} is missing`);
}

/**
 * Hold a list to the length of another.
 *
 * @param {string} path
 * @param {any} value
 * @param {number} length
 * @param {string} other
 */
function asLong(path, value, length, other) {
  if (isList(value) && value.length !== length) refuse(path, value, `a list of ${length}, as long as ${other}`);
}

/** Axes name one another, and their lists of ticks fit. @param {Dict} layout */
function checkAxes(layout) {
  const sides = { x: ["bottom", "top"], y: ["left", "right"] };
  for (const letter of /** @type {const} */ (["x", "y"])) {
    const [ids, others] = [axisIds(layout, letter), axisIds(layout, letter === "x" ? "y" : "x")];
    for (const id of ids) {
      const axis = layout[axisKey(id)];
      const path = `layout.${axisKey(id)}`;
      named(`${path}.anchor`, axis.anchor, others);
      named(`${path}.overlaying`, axis.overlaying, ids.filter((one) => one !== id));
      named(`${path}.scaleanchor`, axis.scaleanchor, others);
      if (id.length > 1 && absent(axis.overlaying)) need(axis, path, "anchor");
      named(`${path}.side`, axis.side, sides[letter]);
      if (!absent(axis.ticktext)) {
        need(axis, path, "tickvals");
        asLong(`${path}.ticktext`, axis.ticktext, axis.tickvals.length, "tickvals");
      }
      if (!absent(axis.tickvals) && axis.ticksuffix) {
        const accepted = "ticktext with the suffix in it";
        throw new Error(`${path}.ticksuffix is not drawn beside tickvals; accepted: ${accepted}`);
      }
      if (axis.scaleanchor) {
        for (const key of [axisKey(id), axisKey(axis.scaleanchor)]) need(layout[key], `layout.${key}`, "constrain");
      }
    }
  }
}

/** Lists of a trace belong together, and its axes exist. @param {Dict[]} data @param {Dict} layout */
function checkTraces(data, layout) {
  data.forEach((trace, i) => {
    const path = `data[${i}]`;
    for (const letter of "xy") named(`${path}.${letter}axis`, trace[`${letter}axis`], axisIds(layout, letter));
    if (trace.type === "heatmap") return checkHeatmap(trace, path);
    const { length } = trace.x;
    asLong(`${path}.y`, trace.y, length, "x");
    asLong(`${path}.width`, trace.width, length, "x");
    asLong(`${path}.base`, trace.base, length, "x");
    asLong(`${path}.marker.color`, trace.marker?.color, length, "x");
    asLong(`${path}.marker.size`, trace.marker?.size, length, "x");
    if (isNumbers(trace.marker?.color)) need(trace.marker, `${path}.marker`, "colorscale", "cmin", "cmax");
    if (trace.fill === "tonexty" && data[i - 1]?.type !== "scatter") {
      refuse(`${path}.fill`, trace.fill, '"tonexty" after another scatter');
    }
  });
  if (data.filter(({ type }) => type === "bar").length > 1) need(layout, "layout", "barmode");
}

/** Rows are equally long. @param {Dict} trace @param {string} path */
function checkHeatmap({ x, y, z }, path) {
  for (let row = 0; row < z.length; row++) asLong(`${path}.z[${row}]`, z[row], z[0].length, "the first row");
  asLong(`${path}.x`, x, z[0].length, "a row of z");
  asLong(`${path}.y`, y, z.length, "z");
}

/** Shapes and annotations stand on axes that exist, and have their ends. @param {Dict} layout */
function checkOverlays(layout) {
  for (const name of ["shapes", "annotations"]) {
    (layout[name] ?? []).forEach((/** @type {Dict} */ item, /** @type {number} */ i) => {
      const path = `layout.${name}[${i}]`;
      for (const letter of "xy") named(`${path}.${letter}ref`, item[`${letter}ref`], refs(layout, letter));
      if (name === "shapes") need(item, path, ...(item.type === "path" ? ["path"] : ["x0", "x1", "y0", "y1"]));
    });
  }
}

/** @param {Dict} layout @param {string} letter @returns {string[]} what a coordinate can be measured on */
const refs = (layout, letter) => [...axisIds(layout, letter).flatMap((id) => [id, `${id} domain`]), "paper"];
