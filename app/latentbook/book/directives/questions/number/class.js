import { one } from "latentbook-class/page.js";
import { showHistograms, withUnit } from "latentbook-class/results.js";
import { readNumber } from "latentbook/number.js";

export default class TypedNumber {
  /** @param {{unit: string, answer?: number}} asked @param {HTMLElement} place */
  constructor(asked, place) {
    this.asked = asked;
    this.input = /** @type {HTMLInputElement} */ (one("input", place));
    one(".unit", place).textContent = asked.unit;
  }

  get answer() {
    return readNumber(this.input.value, this.asked.unit);
  }

  set answer(given) {
    this.input.value = "value" in given ? String(given.value) : "";
  }

  /** @param {number[][]} rounds @param {HTMLElement} place */
  showResults(rounds, place) {
    const { unit, answer = null } = this.asked;
    showHistograms(rounds, place, unit, answer, withUnit(answer ?? 0, unit));
  }
}
