/**
 * The state of an instrument in the URL: `?LABEL.CONTROL=VALUE&...`, only values that differ from the block's own
 * state.
 *
 * @import { Controls, Value } from "../python/protocol.js"
 * @import { ControlSpec, Declaration, InstrumentSpec } from "./spec.js"
 */
import { kindOf } from "./kinds.js";
import { formatValue, ownState } from "./spec.js";
import { inDigits, translate } from "../words.js";

/**
 * Characters of a query. Servers refuse lines of 8,000; MAX_TYPED in widgets/engine/check.py ensures that one
 * instrument fits.
 */
const MAX_QUERY = 6_000;

/**
 * A spec with a different declaration. The author's settings stay for controls whose default is unchanged.
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
 * The state of an instrument whose declaration has changed: the reader's values if still accepted, then the address,
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
export const fits = (control, value) => "value" in kindOf(control).read(control, formatValue(value));

/**
 * One instrument's state in the address.
 *
 * @param {string} search the query of an address, with or without its question mark
 * @param {InstrumentSpec} spec
 * @returns {{values: Controls, problems: Record<string, string>}} problems: the reason why a value is left out
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
    const read = kindOf(control).read(control, text);
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

/** A message if a query is too long for a link, or "". @param {string} search */
export function tooLong({ length }) {
  if (length <= MAX_QUERY) return "";
  return translate("The settings on this page are too long for a link: {limit} characters are the limit.", { limit: inDigits(MAX_QUERY) });
}
