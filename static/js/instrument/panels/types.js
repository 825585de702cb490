/**
 * What instruments and their panels know of each other.
 *
 * @typedef {import("../../python/protocol.js").Controls} Controls
 * @typedef {import("../../python/protocol.js").FrameValue} FrameValue
 * @typedef {import("../state.js").Value} Value
 * @typedef {{state: string, sentence: string}} Trouble
 * @typedef {{draw: (panel: any) => void, destroy: () => void, follow?: () => void, lookAway?: () => void,
 *   trouble?: Trouble | null}} Drawing
 *   follow: a control was moved. lookAway: the pointer counts no more. trouble: what the status line must say.
 * @typedef {{
 *   values: () => Controls,
 *   home: (name: string) => Value,
 *   move: (name: string, value: Value) => void,
 *   look: (changed: Controls | null) => void,
 *   compute: (changed: Controls) => Promise<FrameValue>,
 *   edition: () => number,
 *   report: () => void,
 *   server: import("../surroundings.js").Server | null,
 * }} Bench
 *   What a panel asks of its instrument: what is set, and at the start; to set it; to show how it would be otherwise,
 *   for now; the frame there, behind all else; 0, or the number of the reader's version; to write status;
 *   the decoder server, where there may be one.
 */
export {};
