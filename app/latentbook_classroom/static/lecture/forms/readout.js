/** A readout of an instrument, computed by each phone with its own seed. */
import { readNumber } from "latentbook/number.js";
import { translate } from "latentbook/words.js";
import { Computed } from "../computed.js";
import { showHistograms, withUnit } from "../results.js";

export default class Readout extends Computed {
  /** @param {import("../computed.js").InstrumentSpec} spec @param {import("../computed.js").FrameValue} frame */
  valueOf(spec, frame) {
    return this.#read(spec, frame.readouts[this.asked.wanted] ?? "");
  }

  /** @param {import("../computed.js").FrameValue} frame */
  textOf(frame) {
    return translate("Your value is {value}.", { value: frame.readouts[this.asked.wanted] });
  }

  /** All values, with that of the book's own seed. @param {number[][]} rounds @param {HTMLElement} place */
  async showResults(rounds, place) {
    const { put } = await import("../seeded.js");
    const { section, spec } = put(this.asked.html, document.createElement("div"));
    // The build has computed it: this picture does not wait for Python.
    const text = section.querySelector(`[data-readout="${CSS.escape(this.asked.wanted)}"]`)?.textContent ?? "";
    const value = this.#read(spec, text);
    const unit = this.#unit(spec);
    const marked = value === null ? "" : translate("Computed: {value}", { value: withUnit(value, unit) });
    showHistograms(rounds, place, unit, value, marked);
  }

  /** @param {import("../computed.js").InstrumentSpec} spec @param {string} text */
  #read(spec, text) {
    const read = readNumber(text, this.#unit(spec));
    return "value" in read ? read.value : null;
  }

  /** @param {import("../computed.js").InstrumentSpec} spec */
  #unit(spec) {
    return spec.readouts.find((readout) => readout.key === this.asked.wanted)?.unit ?? "";
  }
}
