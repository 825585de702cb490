/**
 * The interface of a kind of control.
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
 *   value: the current one; move: set it as the reader does; accept: set the value that was read, and show any problem;
 *   controls: all those of the instrument; signal: aborts when they are removed.
 * @typedef {{show: (value: any) => void, entered?: () => Read}} Bound
 *   show: a value in the inputs; entered: the inputs' content, which the reader may change before this script loads.
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
 *   read: a value from the text of an address; likely: its next values, likeliest first; fill: writes a declaration
 *   into the markup of controls/KIND.html, for the instrument with this label; mount: lets the panel set the control,
 *   and returns a Drawing if it also draws the panel.
 */
export {};
