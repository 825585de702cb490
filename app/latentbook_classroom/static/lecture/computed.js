/**
 * Forms that a phone answers by itself: an instrument computes with the seed of its seat.
 *
 * @typedef {import("./question.js").Asked & {html: string, wanted: string}} ComputedAsked
 * @typedef {import("latentbook/instrument/spec.js").InstrumentSpec} InstrumentSpec
 * @typedef {import("latentbook/python/protocol.js").FrameValue} FrameValue
 */
import { translate } from "latentbook/words.js";
import { one, say } from "./page.js";

export class Computed {
  #stop = new AbortController();

  /** @param {ComputedAsked} asked @param {HTMLElement} place */
  constructor(asked, place) {
    this.asked = asked;
    this.place = place;
  }

  get answer() {
    return null;
  }

  set answer(given) {} // computed again, with the same result

  /** @param {number} seat @param {(value: any) => void} done receives the value */
  async compute(seat, done) {
    const { mountSeeded, frameOf } = await import("./seeded.js");
    const { signal } = this.#stop;
    if (signal.aborted) return;
    const { spec, seed, destroy } = mountSeeded(this.asked.html, seat, one(".asked-instrument", this.place));
    signal.addEventListener("abort", destroy);
    one("[data-seed]", this.place).textContent = String(seed);
    try {
      const frame = await frameOf(spec, signal);
      const value = this.valueOf(spec, frame);
      say("[data-computed]", value === null ? failed() : this.textOf(frame));
      if (value !== null) done(value);
    } catch {
      if (!signal.aborted) say("[data-computed]", failed());
    }
  }

  /** Shows the instrument to everyone, in the state that the book has set. */
  async project() {
    const { put, mountInstrument } = await import("./seeded.js");
    if (this.#stop.signal.aborted) return;
    const { section } = put(this.asked.html, one(".asked-instrument", this.place));
    one(".ask", this.place).hidden = true;
    this.#stop.signal.addEventListener("abort", mountInstrument(section));
  }

  destroy() {
    this.#stop.abort();
  }

  /** The value to send; null if it cannot be computed. @param {InstrumentSpec} spec @param {FrameValue} frame @returns {any} */
  valueOf(spec, frame) {
    throw new Error("A form says what it sends.");
  }

  /** Text about it on the phone. @param {FrameValue} frame */
  textOf(frame) {
    return "";
  }
}

const failed = () => translate("Your phone could not compute it.");
