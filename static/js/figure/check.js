/**
 * Check that a figure uses only the supported subset. The page checks each picture from Python, the build each still.
 * Both give the same messages.
 * @typedef {Record<string, any>} Dict
 */
import { axisKey } from "./axes.js";
import { AXIS, SUBSET } from "./subset.js";
import { TYPES, isList, isNumbers, shown } from "./types.js";

const AXIS_KEY = /^[xy]axis([2-9]|[1-9]\d+)?$/;
const FIGURE_WIDTH = 600; // px, as in widgets/contract.py
const FONT_SIZE = 12; // px
const MAX_MARGIN = { lr: 160, tb: 120 }; // px of two margins together: a phone's picture is 320 wide
const TITLE_ROOM = { x: 3, y: 2 }; // margin for an axis title and its labels, in font sizes
const UNEVEN = 1e-6; // tolerance of centres, as part of a step

/**
 * @param {any} figure
 * @throws {Error} that names the first unsupported key and the accepted ones, or else every missing key
 */
export function check(figure) {
  if (typeof figure !== "object" || figure === null) refuse("figure", figure, "an object with data and layout");
  if (!isList(figure.data)) refuse("data", figure.data, "a list");
  /** @type {string[]} */
  const missing = [];
  figure.data.forEach((/** @type {any} */ trace, /** @type {number} */ i) => {
    const table = SUBSET.data[/** @type {keyof typeof SUBSET.data} */ (trace?.type)];
    if (!table) refuse(`data[${i}].type`, trace?.type, quoted(Object.keys(SUBSET.data)));
    checkObject(trace, table, `data[${i}]`, missing);
  });
  checkObject(figure.layout, SUBSET.layout, "layout", missing);
  if (missing.length > 0) throw new Error(missing.join("; "));
  for (const key in figure) {
    if (key !== "data" && key !== "layout") throw new Error(`${key} is not drawn; accepted: data, layout`);
  }
  checkAxes(figure.layout);
  checkTraces(figure.data, figure.layout);
  checkOverlays(figure.layout);
  checkRoom(figure.layout);
}

/** @param {string[]} names */
const quoted = (names) => names.map((name) => `"${name}"`).join(", ");

/** @param {any} value */
const absent = (value) => value === undefined || value === null;

/** @param {string} path @param {any} value found @param {string} accepted in words */
function refuse(path, value, accepted) {
  throw new Error(`${path} is ${shown(value)}; accepted: ${accepted}`);
}

/** @param {Dict} table @returns {string} the accepted values, in words */
function anObject(table) {
  const names = Object.keys(table);
  const shown = names.length > 6 ? names.filter((name) => name.endsWith("!")) : names;
  return `an object with ${shown.join(", ").replaceAll("!", "")}`;
}

/** Check one value against its entry in the table. @param {any} value @param {any} spec @param {string} path @param {string[]} missing */
function checkValue(value, spec, path, missing) {
  if (typeof spec === "string") {
    const [accepted, test] = TYPES[spec];
    if (!test(value)) refuse(path, value, accepted);
  } else if (!Array.isArray(spec)) {
    checkObject(value, spec, path, missing);
  } else if (typeof spec[0] === "object") {
    if (!isList(value)) refuse(path, value, "a list");
    for (let i = 0; i < value.length; i++) checkObject(value[i], spec[0], `${path}[${i}]`, missing);
  } else if (!spec.includes(value)) {
    refuse(path, value, spec.map((one) => JSON.stringify(one)).join(", "));
  }
}

/**
 * Check an object against its table: no unknown key, none missing.
 * @param {any} value
 * @param {Dict} table
 * @param {string} path
 * @param {string[]} missing gets a message for each missing key
 */
function checkObject(value, table, path, missing) {
  if (typeof value !== "object" || value === null || isList(value)) refuse(path, value, anObject(table));
  for (const key in value) {
    if (absent(value[key])) continue;
    let spec = table[key] ?? table[`${key}!`];
    if (path === "layout" && AXIS_KEY.test(key)) spec ??= AXIS;
    if (spec === undefined) {
      const accepted = Object.keys(table).map((name) => name.replace("!", "")).sort();
      throw new Error(`${path}.${key} is not drawn; accepted: ${accepted.join(", ")}`);
    }
    checkValue(value[key], spec, `${path}.${key}`, missing);
  }
  for (const name in table) {
    if (!name.endsWith("!") || !absent(value[name.slice(0, -1)])) continue;
    const spec = table[name];
    const oneOf = Array.isArray(spec) ? JSON.stringify(spec[0]) : anObject(spec);
    const accepted = typeof spec === "string" ? TYPES[spec][0] : oneOf;
    missing.push(`${path}.${name.slice(0, -1)} is missing; accepted: ${accepted}`);
  }
}

// Rules about several keys: names of axes, lists of equal length, keys that need one another.

/** @param {Dict} layout @param {string} letter @returns {string[]} the axes in one direction: "x", "x2" */
function axisIds(layout, letter) {
  const keys = Object.keys(layout).filter((key) => key[0] === letter && AXIS_KEY.test(key) && !absent(layout[key]));
  return keys.map((key) => key.replace("axis", "")).sort();
}

/** Check that a name is among those accepted. @param {string} path @param {any} name @param {string[]} accepted */
function named(path, name, accepted) {
  if (!absent(name) && !accepted.includes(name)) refuse(path, name, quoted(accepted));
}

/** Require keys that others need. @param {Dict} owner @param {string} path @param {string[]} keys */
function need(owner, path, ...keys) {
  for (const key of keys) if (absent(owner[key])) throw new Error(`${path}.${key} is missing`);
}

/**
 * Check that a list is as long as another one.
 * @param {string} path
 * @param {any} value
 * @param {number} length
 * @param {string} other
 */
function asLong(path, value, length, other) {
  if (isList(value) && value.length !== length) refuse(path, value, `a list of ${length}, as long as ${other}`);
}

/** Check that axes refer to existing ones, and that their lists of ticks match. @param {Dict} layout */
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

/** Check that a trace's lists have equal length and its axes exist. @param {Dict[]} data @param {Dict} layout */
function checkTraces(data, layout) {
  data.forEach((trace, i) => {
    const path = `data[${i}]`;
    for (const letter of "xy") named(`${path}.${letter}axis`, trace[`${letter}axis`], axisIds(layout, letter));
    if (trace.type === "heatmap") return checkHeatmap(trace, layout, path);
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
    if (trace.type === "scatter") checkLogarithms(trace, layout, path);
  });
  if (data.filter(({ type }) => type === "bar").length > 1) need(layout, "layout", "barmode");
}

/**
 * Check that rows are equally long, centres evenly spaced and axes linear.
 * @param {Dict} trace @param {Dict} layout @param {string} path
 */
function checkHeatmap({ x, y, z, xaxis = "x", yaxis = "y" }, layout, path) {
  for (const key of [xaxis, yaxis].map(axisKey)) {
    if (layout[key].type === "log") refuse(`layout.${key}.type`, "log", '"linear", because a heatmap is drawn on it');
  }
  for (let row = 0; row < z.length; row++) asLong(`${path}.z[${row}]`, z[row], z[0].length, "the first row");
  asLong(`${path}.x`, x, z[0].length, "a row of z");
  asLong(`${path}.y`, y, z.length, "z");
  for (const [letter, centres] of Object.entries({ x, y })) {
    if (!absent(centres) && !isEven(centres)) refuse(`${path}.${letter}`, centres, "evenly spaced numbers");
  }
}

/** @param {ArrayLike<number>} centres */
function isEven(centres) {
  const step = centres[1] - centres[0];
  for (let i = 1; i < centres.length; i++) {
    if (!(Math.abs(centres[i] - centres[i - 1] - step) <= UNEVEN * Math.abs(step) + 1e-8)) return false;
  }
  return true;
}

/**
 * Check that logarithmic axes have only positive numbers.
 * @param {Dict} trace @param {Dict} layout @param {string} path
 */
function checkLogarithms(trace, layout, path) {
  for (const letter of "xy") {
    if (layout[axisKey(trace[`${letter}axis`] ?? letter)].type !== "log") continue;
    const least = Array.from(trace[letter]).reduce((low, value) => (value < low ? value : low), Infinity);
    if (least <= 0) {
      const accepted = "positive numbers, as the axis is logarithmic";
      throw new Error(`${path}.${letter} holds ${shown(least)}; accepted: ${accepted}`);
    }
  }
}

/** Check that shapes and annotations refer to existing axes, and that shapes have coordinates. @param {Dict} layout */
function checkOverlays(layout) {
  for (const name of ["shapes", "annotations"]) {
    (layout[name] ?? []).forEach((/** @type {Dict} */ item, /** @type {number} */ i) => {
      const path = `layout.${name}[${i}]`;
      for (const letter of "xy") named(`${path}.${letter}ref`, item[`${letter}ref`], refs(layout, letter));
      if (name === "shapes") need(item, path, ...(item.type === "path" ? ["path"] : ["x0", "x1", "y0", "y1"]));
    });
  }
}

/**
 * Check that the figure has the book's width, and margins that leave room for the plot and the titles.
 * @param {Dict} layout
 */
function checkRoom({ width, height, margin, font, ...layout }) {
  if (width !== FIGURE_WIDTH) refuse("layout.width", width, `${FIGURE_WIDTH}, and the page lays it out for its own width`);
  for (const [[one, other], most] of Object.entries(MAX_MARGIN)) {
    const total = margin[one] + margin[other];
    if (total <= most && total < height) continue;
    const accepted = `${most} or less, which leaves room for the plot on a phone`;
    throw new Error(`layout.margin.${one} and .${other} are ${total} together; accepted: ${accepted}`);
  }
  for (const letter of /** @type {const} */ (["x", "y"])) {
    const least = TITLE_ROOM[letter] * (font?.size ?? FONT_SIZE);
    for (const key of axisIds(layout, letter).map(axisKey)) {
      const axis = layout[key];
      const side = letter === "x" && axis.side !== "top" ? "b" : "t";
      if (absent(axis.title) || axis.visible === false || margin[side] >= least) continue;
      const accepted = `${least} or more, which the title of ${key} needs`;
      throw new Error(`layout.margin.${side} is ${shown(margin[side])}; accepted: ${accepted}`);
    }
  }
}

/** @param {Dict} layout @param {string} letter @returns {string[]} the accepted references of a coordinate */
const refs = (layout, letter) => [...axisIds(layout, letter).flatMap((id) => [id, `${id} domain`]), "paper"];
