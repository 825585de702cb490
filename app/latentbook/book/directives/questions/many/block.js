import { Picks } from "latentbook/quiz/picks.js";
import { judge } from "./judge.js";

/** All right options among several. An answer lists the indices of ticked options, "0,2". */
export default class Many extends Picks {
  /** @param {HTMLElement} section @param {{answer: number[]}} key */
  constructor(section, key) {
    super(section, key);
    this.places = new Set(key.answer?.map(String));
  }

  get #ticked() {
    return this.inputs.filter((input) => input.checked);
  }

  get answer() {
    return this.#ticked.map((input) => input.value).join();
  }

  set answer(value) {
    const ticked = value.split(",");
    for (const input of this.inputs) input.checked = ticked.includes(input.value);
  }

  /** @returns {Promise<import("latentbook/quiz/types.js").Reply>} */
  async check() {
    const { state, said } = judge(this.answer, this.key);
    if (state !== "unread") this.showVerdict();
    return { state, said: said === "" ? [] : [new Text(said)] };
  }

  /** Show the author's feedback on each ticked option. Mark them as right only once the complete answer is right. */
  showVerdict() {
    this.clearVerdicts();
    const ticked = this.#ticked;
    const all = ticked.length === this.places.size && ticked.every((input) => this.places.has(input.value));
    for (const input of ticked) {
      this.#told(input)?.removeAttribute("hidden");
      const label = input.closest("label");
      if (all && label) label.dataset.verdict = "right";
    }
  }

  clearVerdicts() {
    super.clearVerdicts();
    for (const input of this.inputs) this.#told(input)?.setAttribute("hidden", "");
  }

  /** @param {HTMLInputElement} input */
  #told(input) {
    return this.section.querySelector(`[data-feedback-for="${input.value}"]`);
  }
}
