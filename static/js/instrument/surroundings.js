/**
 * An instrument's interface to its surroundings: a page of the book (in-page.js) or a notebook (../notebook/widget.js).
 *
 * @import { Controls, FrameValue, Panel } from "../python/protocol.js"
 * @import { Say } from "./server/newest.js"
 * @import { InstrumentSpec } from "./spec.js"
 * @typedef {EventTarget & {
 *   readonly ready: boolean,
 *   readonly state: string,
 *   readonly sentence: string,
 *   request: (message: import("../python/page/job.js").Message, options?: import("../python/page/job.js").Options) => Promise<any>,
 *   waitsForCode: (message: import("../python/page/job.js").Message) => boolean,
 * }} Python
 *   Its events are `status` and `spoiled`, as in ../python/page/runtime.js.
 * @typedef {{
 *   tiles: (picture: {drawPanel: (panel: Panel) => void}, say: Say) => {follow: (frame: FrameValue) => void, destroy: () => void},
 *   frame: (show: (frame: FrameValue) => void, say: Say) => {
 *     follow: (spec: InstrumentSpec, values: Controls) => void, destroy: () => void},
 *   origin: (onChange: () => void) => import("./map/source.js").TileOrigin,
 * }} Server
 *   Gets finer tiles, complete frames and map tiles from a decoder server.
 * @typedef {{search: (spec: InstrumentSpec) => string, write: (spec: InstrumentSpec, values: Controls) => boolean | string}} Address
 *   The state of instruments in the address. `search` reads it as a query. `write` returns true if it has written it,
 *   false if it must try again later, or the reason why it never can.
 * @typedef {{python: Python, server: Server | null, address: Address}} Surroundings
 */
export {};
