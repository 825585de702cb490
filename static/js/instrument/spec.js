/**
 * A block's data about its instrument. Each kind of control (controls/KIND.js) adds its own fields to ControlSpec.
 *
 * @import { Controls, Value } from "../python/protocol.js"
 * @typedef {{kind: string, name: string, label: string, default: any, when: string[] | null, symbol?: string, unit?: string,
 *   panel?: string, options?: Record<string, string>, yours?: boolean}} ControlSpec `when`: a choice's name and values; the control is active
 *   only while one of these is chosen. `panel`: the panel that sets it
 * @typedef {{key: string, label: string, unit: string, format: string, symbol: string}} ReadoutSpec
 * @typedef {{steps: string, branch: string, at: string, later: Record<string, string>, saves: boolean}} TrainingSpec names of
 *   controls: the step; whether, and after which step, settings change; a setting's control after that. `saves`: whether
 *   readers can save the network for other instruments
 * @typedef {{title: string, challenge: string, controls: ControlSpec[], readouts: ReadoutSpec[], training: TrainingSpec | null,
 *   computed_on_server: boolean}} Declaration
 *   (widgets/engine/declaration.py)
 * @typedef {Declaration & {name: string, label: string, set: Controls}} InstrumentSpec
 */

/** The option of a choice for the reader's own saved network. */
export const YOURS = "yours";

/** The initial state of a block: the defaults, then its author's settings. @param {InstrumentSpec} spec @returns {Controls} */
export function ownState(spec) {
  return { ...Object.fromEntries(spec.controls.map((control) => [control.name, control.default])), ...spec.set };
}

/** A value as text, in the form of widgets/controls.py. @param {Value} value @returns {string} */
export function formatValue(value) {
  if (typeof value === "boolean") return value ? "on" : "off";
  if (Array.isArray(value)) return value.map(formatValue).join(",");
  return String(value);
}
