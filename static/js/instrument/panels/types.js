/**
 * The interface between instruments and their panels.
 *
 * @import { Controls, FrameValue, Panel, Value } from "../../python/protocol.js"
 * @typedef {{state: string, sentence: string}} Trouble
 * @typedef {{draw: (panel: any) => void, destroy: () => void, follow?: () => void, lookAway?: () => void,
 *   trouble?: Trouble | null}} Drawing
 *   follow: called when a control has moved. lookAway: ends a preview. trouble: a message for the status line.
 * @typedef {{
 *   values: () => Controls,
 *   home: (name: string) => Value,
 *   move: (name: string, value: Value) => void,
 *   look: (changed: Controls | null) => void,
 *   compute: (changed: Controls) => Promise<FrameValue>,
 *   edition: () => number,
 *   shown: (panel: string) => Panel | undefined,
 *   report: () => void,
 *   server: import("../surroundings.js").Server | null,
 * }} Bench
 *   values: the current ones; home: a control's initial value; move: set it; look: preview other values; compute: the
 *   frame for other values, after all other requests; edition: 0, or the number of the reader's version; shown: a panel
 *   of the current frame; report: update the readouts and the status; server: the decoder server, null in a notebook.
 */
export {};
