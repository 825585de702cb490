/**
 * An instrument in class, for the forms that let it compute: on a phone with the seed of its seat, on the projector as in the book.
 * A separate module, because it loads Python and the instruments' scripts.
 *
 * @import { InstrumentSpec } from "latentbook/instrument/spec.js"
 * @import { FrameValue } from "latentbook/python/protocol.js"
 */
import { checkFigures } from "latentbook/instrument/picture.js";
import { mountInstrument } from "latentbook/instrument/in-page.js";
import { questionOf } from "latentbook/instrument/question.js";
import { ownState } from "latentbook/instrument/spec.js";
import { runtime } from "latentbook/python/page/runtime.js";
import { one } from "./page.js";

export { mount as mountPlot } from "latentbook/instrument/panels/plot.js";
export { mountInstrument };

/** @param {string} html of an instrument @param {HTMLElement} place @returns {{section: HTMLElement, spec: InstrumentSpec}} */
export function put(html, place) {
  place.innerHTML = html;
  const section = one("section[data-instrument]", place);
  return { section, spec: JSON.parse(section.dataset.spec ?? "") };
}

/**
 * Shows the instrument with the seed of a seat.
 *
 * @param {string} html
 * @param {number} seat
 * @param {HTMLElement} place
 * @returns {{spec: InstrumentSpec, seed: number, destroy: () => void}}
 */
export function mountSeeded(html, seat, place) {
  const { section, spec } = put(html, place);
  const control = /** @type {import("latentbook/instrument/controls/seed.js").SeedSpec} */ (spec.controls.find(({ kind }) => kind === "seed"));
  const seed = seat % (control.max + 1);
  spec.set = { ...spec.set, [control.name]: seed };
  section.dataset.spec = JSON.stringify(spec);
  return { spec, seed, destroy: mountInstrument(section) };
}

/** The frame of the state in the spec. @param {InstrumentSpec} spec @param {AbortSignal} signal @returns {Promise<FrameValue>} */
export async function frameOf(spec, signal) {
  const question = questionOf(spec, ownState(spec), null);
  for (;;) {
    /** @type {FrameValue} */
    const frame = await runtime.request(question, { signal });
    checkFigures(frame);
    if (frame.reached === null || frame.reached.done) return frame;
  }
}
