/**
 * A guess: the reader moves a line over a figure and commits; then the truth is drawn over it. Which of the two drawings
 * shows follows from the question's `data-state` (quiz.css).
 *
 * @typedef {{answer: number, tolerance: number, unit: string, log: boolean}} GuessKey `tolerance`: a distance, or a factor where
 *   the axis is logarithmic
 */
import { decimalPlaces, inDigits, translate } from "latentbook/words.js";

export default class Guess {
  /** A guess is no guess once the truth has been seen. */
  final = true;
  #moved = false;

  /** @param {HTMLElement} section @param {GuessKey} key */
  constructor(section, key) {
    this.key = key;
    this.input = /** @type {HTMLInputElement} */ (section.querySelector('input[type="range"]'));
    this.drawing = /** @type {HTMLElement} */ (section.querySelector(".guess"));
    this.said = /** @type {HTMLElement} */ (section.querySelector("[data-guessed]"));
    this.invitation = this.said.textContent ?? "";
    this.input.addEventListener("input", () => this.#move());
  }

  /** Empty until the line has been moved. */
  get answer() {
    return this.#moved ? this.input.value : "";
  }

  set answer(value) {
    this.input.value = value;
    this.#move();
    this.input.disabled = true;
  }

  /** @param {() => void} react */
  changed(react) {
    this.input.addEventListener("input", react);
  }

  /** @returns {Promise<import("latentbook/quiz/types.js").Reply>} */
  async check() {
    if (!this.#moved) return { state: "unread", said: [new Text(translate("Move the line to your guess first."))] };
    this.input.disabled = true;
    const { answer, tolerance, log } = this.key;
    const right = log
      ? Math.abs(Math.log(this.#value / answer)) <= Math.log(tolerance) + 1e-9
      : Math.abs(this.#value - answer) <= tolerance * (1 + 1e-9);
    const said = translate("Your guess was {guess}, the answer is {answer}.", { guess: this.#text(this.#value), answer: this.#text(answer) });
    return { state: right ? "right" : "wrong", said: [new Text(said)] };
  }

  /** @param {import("latentbook/quiz/types.js").Memory} memory */
  verdict({ state }) {
    if (state === "right") return translate("Close.");
    const { answer, log } = this.key;
    const value = this.#value;
    const high = value > answer;
    if (log) {
      const times = withTwoDigits(high ? value / answer : answer / value);
      return high ? translate("{times} times too high.", { times }) : translate("{times} times too low.", { times });
    }
    const distance = this.#text(Math.abs(value - answer));
    return high ? translate("{distance} too high.", { distance }) : translate("{distance} too low.", { distance });
  }

  clear() {
    this.input.disabled = false;
    this.input.value = this.input.defaultValue;
    this.#move();
    this.#moved = false;
    this.said.textContent = this.invitation;
  }

  #move() {
    const { min, max, value } = this.input;
    this.#moved = true;
    this.drawing.style.setProperty("--value", String((Number(value) - Number(min)) / (Number(max) - Number(min))));
    this.said.textContent = translate("Your guess: {guess}", { guess: this.#text(this.#value) });
    this.input.setAttribute("aria-valuetext", this.#text(this.#value));
  }

  /** In the units of the axis. */
  get #value() {
    const value = Number(this.input.value);
    return this.key.log ? 10 ** value : value;
  }

  /** @param {number} value */
  #text(value) {
    const { log, unit } = this.key;
    const decimals = decimalsOf(this.input.step);
    const number = log ? withTwoDigits(value) : inDigits(value, { ...decimalPlaces(decimals), useGrouping: false }).replace("-", "−");
    return unit === "%" ? `${number} %` : `${number} ${unit}`.trim();
  }
}

/** @param {number} value */
const withTwoDigits = (value) => inDigits(value, { maximumSignificantDigits: 2 });

/** @param {string} step @returns {number} digits after the point that it takes to write multiples of a step */
const decimalsOf = (step) => step.replace(/0+$/, "").split(".")[1]?.length ?? 0;
