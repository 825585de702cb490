/**
 * The request to Python for one picture of an instrument.
 *
 * @import { Message } from "../python/page/job.js"
 * @import { Controls } from "../python/protocol.js"
 * @import { InstrumentSpec } from "./spec.js"
 */
import { kept } from "./kept.js";
import { YOURS } from "./spec.js";

/** Maximum ms of training per picture, and so the longest wait for other requests. */
const CHUNK_MS = 40;

/** @param {InstrumentSpec} spec @param {Controls} controls @param {string | null} source @returns {Message} */
export function questionOf(spec, controls, source) {
  const wantsKept = spec.controls.some((control) => control.yours && controls[control.name] === YOURS);
  return {
    type: "compute_widget",
    widget: spec.name,
    controls,
    source,
    milliseconds: spec.training ? CHUNK_MS : null,
    kept: wantsKept ? kept() : null,
  };
}
