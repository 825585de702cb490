import { make } from "latentbook/elements.js";
import { one, say } from "latentbook-class/page.js";
import { BINS, binned, columns, figuresOf, mark } from "latentbook-class/results.js";
import { decimalPlaces, inDigits, translate } from "latentbook/words.js";

/** @typedef {{unit: string, log: boolean, low: number, high: number, step: number, insets: string, picture: string, answer?: number}} GuessAsked */

export default class Guess {
  /** @type {{value: number} | null} */
  #answer = null;

  /** @param {GuessAsked} asked @param {HTMLElement} place */
  constructor(asked, place) {
    const { low, high, step, insets, picture } = asked;
    this.asked = asked;
    this.input = /** @type {HTMLInputElement} */ (one("input", place));
    this.drawing = one(".guess", place);
    Object.assign(this.input, { min: String(low), max: String(high), step: String(step), value: String((low + high) / 2) });
    one(".asked-picture", place).innerHTML = picture;
    this.drawing.style.cssText = `${insets}; --value: 0.5`;
    this.input.addEventListener("input", () => (this.answer = { value: Number(this.input.value) }));
  }

  get answer() {
    return this.#answer;
  }

  set answer(given) {
    if (given === null) return;
    this.#answer = given;
    this.input.value = String(given.value);
    this.drawing.style.setProperty("--value", String(this.#share(given.value)));
    say("[data-guessed]", translate("Your guess: {guess}", { guess: this.#text(given.value) }));
    this.input.setAttribute("aria-valuetext", this.#text(given.value));
  }

  /**
   * Show all guesses over the figure, with the computed value.
   * @param {number[][]} rounds @param {HTMLElement} place
   */
  showResults(rounds, place) {
    const { answer, insets, log, picture, low, high } = this.asked;
    for (const [i, figure] of figuresOf(rounds, place).entries()) {
      const lines = make("div", { className: "guess-lines" }, columns(binned(rounds[i], low, high, 2 * BINS)));
      if (answer !== undefined) {
        const value = log ? Math.log10(answer) : answer;
        lines.append(mark(this.#share(value), translate("Computed: {value}", { value: this.#text(value) })));
      }
      const holder = make("div", { className: "drawing guess" }, make("div", { innerHTML: picture }), lines);
      holder.style.cssText = insets;
      figure.append(holder);
    }
  }

  /** @param {number} value */
  #share(value) {
    const { low, high } = this.asked;
    return (value - low) / (high - low);
  }

  /** A guess in the units of its axis. @param {number} value */
  #text(value) {
    const { log, unit, step } = this.asked;
    const decimals = String(step).split(".")[1]?.length ?? 0;
    const number = log ? inDigits(Number((10 ** value).toPrecision(2))) : inDigits(value, decimalPlaces(decimals));
    return `${number} ${unit}`.trim();
  }
}
