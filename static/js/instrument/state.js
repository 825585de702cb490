/**
 * The state of an instrument as text: in the URL, `?LABEL.CONTROL=VALUE&...`, only what differs from the block's own state.
 *
 * @import { Controls } from "../python/protocol.js"
 * @typedef {{name: string, label: string, when: string[] | null}} Common `when`: a choice's name and values; the
 *   control is active only while one of these is chosen
 * @typedef {Common & {kind: "slider", default: number, min: number, max: number, step: number, values: number[],
 *   symbol: string, unit: string, format: string, ends: [string, string]}} SliderSpec `ends`: of its scale, as printed
 * @typedef {Common & {kind: "choice", options: Record<string, string>, default: string, symbol: string, yours: boolean,
 *   autoplay_seconds: number}} ChoiceSpec
 * @typedef {Common & {kind: "toggle", default: boolean, symbol: string}} ToggleSpec
 * @typedef {Common & {kind: "point", default: [number, number], limit: number, panel: string, step: number,
 *   symbol: string, hover: boolean}} PointSpec
 * @typedef {Common & {kind: "seed", default: number, max: number}} SeedSpec
 * @typedef {Common & {kind: "viewport", default: [number, number, number], limit: number, max_zoom: number, panel: string,
 *   symbol: string}} ViewportSpec
 * @typedef {Common & {kind: "drawing", default: string, side: number, pen: number, cells: boolean, panel: string}} DrawingSpec
 * @typedef {SliderSpec | ChoiceSpec | ToggleSpec | PointSpec | SeedSpec | ViewportSpec | DrawingSpec} ControlSpec
 * @typedef {number | string | boolean | [number, number] | [number, number, number]} Value
 * @typedef {SliderSpec | PointSpec | SeedSpec | ViewportSpec} NumberSpec with values in text fields
 * @typedef {{value: Value} | {problem: string, nearest?: number}} Read `nearest`: an accepted value nearby
 * @typedef {{key: string, label: string, unit: string, format: string, symbol: string}} ReadoutSpec
 * @typedef {{steps: string, branch: string, at: string, later: Record<string, string>, saves: boolean}} TrainingSpec names of
 *   controls: the step; whether, and after which step, settings change; a setting's control after that. `saves`: whether
 *   readers can save the network for other instruments
 * @typedef {{title: string, challenge: string, controls: ControlSpec[], readouts: ReadoutSpec[], training: TrainingSpec | null,
 *   computed_on_server: boolean}} Declaration
 *   (widgets/engine/declaration.py)
 * @typedef {Declaration & {name: string, label: string, set: Controls}} InstrumentSpec
 */
import { readNumber } from "../number.js";
import { problemWith } from "./drawing-text.js";
import { translate } from "../words.js";

/** The option of a choice for the reader's own saved network. */
export const YOURS = "yours";

/** Every value a slider can take, ascending. @param {SliderSpec} slider @returns {number[]} */
export function steps(slider) {
  if (slider.values.length > 0) return slider.values;
  const count = Math.round((slider.max - slider.min) / slider.step);
  return Array.from({ length: count + 1 }, (_, i) => Number((slider.min + i * slider.step).toFixed(10)));
}

/** Index of the step nearest to a number. @param {number[]} all @param {number} value */
export function nearest(all, value) {
  let best = 0;
  for (let i = 1; i < all.length; i++) {
    if (Math.abs(all[i] - value) < Math.abs(all[best] - value)) best = i;
  }
  return best;
}

/** The initial state of a block: the defaults, then its author's settings. @param {InstrumentSpec} spec @returns {Controls} */
export function ownState(spec) {
  return { ...Object.fromEntries(spec.controls.map((control) => [control.name, control.default])), ...spec.set };
}

/**
 * A spec with another declaration. The author's settings stay for controls whose default is unchanged.
 *
 * @param {InstrumentSpec} own
 * @param {Declaration} declaration
 * @returns {InstrumentSpec}
 */
export function redeclared(own, declaration) {
  const before = new Map(own.controls.map((control) => [control.name, control]));
  const set = declaration.controls
    .filter((control) => control.name in own.set && formatValue(before.get(control.name)?.default ?? "") === formatValue(control.default))
    .filter((control) => fits(control, own.set[control.name]))
    .map(({ name }) => [name, own.set[name]]);
  return { ...own, ...declaration, set: Object.fromEntries(set) };
}

/**
 * The state of an instrument whose declaration has changed: the reader's values if they are still accepted, then the address,
 * then the initial state.
 *
 * @param {InstrumentSpec} spec
 * @param {InstrumentSpec} before
 * @param {Controls} values before
 * @param {string} search the query of the address
 * @returns {Controls}
 */
export function carriedOver(spec, before, values, search) {
  const home = ownState(before);
  const moved = spec.controls.filter(
    (control) => control.name in home && formatValue(values[control.name]) !== formatValue(home[control.name]) && fits(control, values[control.name]),
  );
  return { ...ownState(spec), ...readState(search, spec).values, ...Object.fromEntries(moved.map(({ name }) => [name, values[name]])) };
}

/** Whether a control accepts a value. @param {ControlSpec} control @param {Value} value */
export const fits = (control, value) => "value" in parseValue(control, formatValue(value));

/**
 * Reads one control's value from the text of an address, or says why not.
 *
 * @param {ControlSpec} control
 * @param {string} text
 * @returns {Read}
 */
export function parseValue(control, text) {
  switch (control.kind) {
    case "choice":
      return Object.hasOwn(control.options, text) || (control.yours && text === YOURS)
        ? { value: text }
        : { problem: `“${text}” is not one of ${Object.keys(control.options).join(", ")}.` };
    case "toggle":
      return text === "on" || text === "off"
        ? { value: text === "on" }
        : { problem: `“${text}” is neither on nor off.` };
    case "drawing": {
      const problem = problemWith(text, control.side);
      return problem === "" ? { value: text } : { problem };
    }
    case "slider":
    case "seed":
      return parseFields(control, [text]);
    case "point":
    case "viewport":
      return parseFields(control, text.split(","));
  }
}

/**
 * Reads one control's value from its fields, or says why not.
 *
 * @param {NumberSpec} control
 * @param {string[]} texts one per field
 * @returns {Read}
 */
export function parseFields(control, texts) {
  const unit = control.kind === "slider" ? control.unit : "";
  const numbers = texts.map((text) => readNumber(text, unit)).map((read) => ("value" in read ? read.value : NaN));
  const came = texts.map((text) => text.trim()).join(", ");
  const wanted = wantedBy(control);
  const refused = { problem: texts.includes("") ? `${wanted}.` : translate("{wanted}, not “{text}”.", { wanted, text: came }) };
  if (numbers.some(Number.isNaN)) return refused;
  const [first, second, third] = numbers;
  switch (control.kind) {
    case "slider":
      return toStep(control, first, came);
    case "seed":
      return Number.isInteger(first) && first >= 0 && first <= control.max ? { value: first } : refused;
    case "point":
      return numbers.length === 2 && inPlane(control, first, second) ? { value: [first, second] } : refused;
    case "viewport":
      return numbers.length === 3 && inPlane(control, first, second) && third >= 0 && third <= control.max_zoom
        ? { value: [first, second, third] }
        : refused;
  }
}

/** @param {{limit: number}} plane @param {number[]} place */
const inPlane = ({ limit }, ...place) => place.every((part) => Math.abs(part) <= limit);

/** @param {NumberSpec} control */
function wantedBy(control) {
  switch (control.kind) {
    case "slider": {
      const all = steps(control);
      return translate("A number from {low} to {high} is needed", { low: all[0], high: all[all.length - 1] });
    }
    case "seed":
      return translate("A whole number from 0 to {high} is needed", { high: control.max });
    case "point":
      return translate("Two numbers from {low} to {high} are needed", { low: -control.limit, high: control.limit });
    case "viewport":
      return translate("Two numbers from {low} to {high} and a zoom from 0 to {zoom} are needed", {
        low: -control.limit,
        high: control.limit,
        zoom: control.max_zoom,
      });
  }
}

/** @param {SliderSpec} slider @param {number} number @param {string} text as it was written @returns {Read} */
function toStep(slider, number, text) {
  const all = steps(slider);
  const [low, high] = [all[0], all[all.length - 1]];
  const hair = 1e-9 * (high - low);
  if (number < low - hair || number > high + hair) return { problem: translate("{text} is outside the range from {low} to {high}.", { text, low, high }) };
  const step = all[nearest(all, number)];
  if (Math.abs(step - number) <= hair) return { value: step };
  const problem =
    slider.values.length > 0
      ? translate("{text} is not one of {values}.", { text, values: all.join(", ") })
      : translate("{text} is between two steps of {step}.", { text, step: slider.step });
  return { problem, nearest: step };
}

/** @param {Value} value */
export function formatValue(value) {
  if (typeof value === "boolean") return value ? "on" : "off";
  if (Array.isArray(value)) return value.map((part) => Number(part.toFixed(10))).join(",");
  return String(value);
}

/**
 * One instrument's state in the address.
 *
 * @param {string} search the query of an address, with or without its question mark
 * @param {InstrumentSpec} spec
 * @returns {{values: Controls, problems: Record<string, string>}} problems: why a control's value was left out
 */
export function readState(search, spec) {
  const asked = new URLSearchParams(search);
  /** @type {Controls} */
  const values = {};
  /** @type {Record<string, string>} */
  const problems = {};
  for (const control of spec.controls) {
    const text = asked.get(`${spec.label}.${control.name}`);
    if (text === null) continue;
    const read = parseValue(control, text);
    if ("value" in read) values[control.name] = read.value;
    else problems[control.name] = `${translate("The link asks for something impossible.")} ${read.problem}`;
  }
  return { values, problems };
}

/**
 * The query with one instrument's state replaced.
 *
 * @param {string} search
 * @param {InstrumentSpec} spec
 * @param {Controls} values
 * @returns {string} with its question mark, or "" if it is empty
 */
export function writeState(search, spec, values) {
  const asked = new URLSearchParams(search);
  const own = ownState(spec);
  for (const key of [...asked.keys()]) if (key.startsWith(`${spec.label}.`)) asked.delete(key);
  for (const { name } of spec.controls) {
    const text = formatValue(values[name]);
    if (text !== formatValue(own[name])) asked.set(`${spec.label}.${name}`, text);
  }
  const text = asked.toString().replaceAll("%2C", ",");
  return text === "" ? "" : `?${text}`;
}
