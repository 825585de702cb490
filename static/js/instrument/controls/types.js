/**
 * What a kind of control is to its instrument.
 *
 * @import { Value } from "../../python/protocol.js"
 * @import { Bench, Drawing } from "../panels/types.js"
 * @import { ControlSpec } from "../spec.js"
 * @typedef {{value: Value} | {problem: string, nearest?: number | string}} Read `nearest`: an accepted value nearby
 * @typedef {{
 *   value: () => any,
 *   move: (value: Value) => void,
 *   accept: (read: Read) => void,
 *   controls: HTMLElement,
 *   signal: AbortSignal,
 * }} Hand
 *   value: the current one; move: set it, as the reader does; accept: set what was read, and show what was wrong with it;
 *   controls: all those of the instrument; signal: they are gone.
 * @typedef {{show: (value: any) => void, entered?: () => Read}} Bound
 *   show: a value in the inputs; entered: what the inputs contain, which may be moved before this script loads.
 */
/**
 * @template {ControlSpec} Spec
 * @typedef {{
 *   read: (control: Spec, text: string) => Read,
 *   bind: (control: Spec, element: HTMLElement, hand: Hand) => Bound,
 *   likely?: (control: Spec, value: any) => Value[],
 *   fill?: (control: Spec, element: HTMLElement, label: string) => void,
 *   mount?: (element: HTMLElement, control: Spec, bench: Bench) => Drawing | {lookAway: () => void},
 * }} Kind
 *   read: a value from the text of an address; likely: its next values, likeliest first; fill: writes a declaration into the
 *   markup of controls/KIND.html, for the instrument with this label; mount: has the panel set the control, and if it returns
 *   a Drawing, draw the panel.
 */
export {};
