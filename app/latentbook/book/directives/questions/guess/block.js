/**
 * A guess: the reader moves a line over a figure and commits. Then the truth is drawn over it. The question's
 * `data-state` decides which of the two drawings is visible (quiz.css).
 */
import { guessText, guessed, judge, withTwoDigits } from "./judge.js";
import { translate } from "latentbook/words.js";

export default class Guess {
  /** Once the reader has seen the truth, it is not a guess. */
  final = true;
  #moved = false;

  /** @param {HTMLElement} section @param {import("./judge.js").GuessKey} key */
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
  }

  /** Lock the line. While the worked answer is withheld, a guess is only saved, and can still be moved. */
  showVerdict() {
    this.input.disabled = this.#moved;
  }

  /** @param {() => void} react */
  changed(react) {
    this.input.addEventListener("input", react);
  }

  /** @returns {Promise<import("latentbook/quiz/types.js").Reply>} */
  async check() {
    const { state, said } = judge(this.answer, this.key, { step: this.input.step });
    if (state !== "unread") this.showVerdict();
    return { state, said: [new Text(said)] };
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

  /** The guess in the units of the axis. */
  get #value() {
    return guessed(this.input.value, this.key);
  }

  /** @param {number} value */
  #text(value) {
    return guessText(value, this.key, this.input.step);
  }
}
