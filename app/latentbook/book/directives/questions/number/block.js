import { copyOf } from "latentbook/quiz/feedback.js";
import { judgeNumber } from "./judge.js";

/** A number with a tolerance. */
export default class NumberField {
  /** @param {HTMLElement} section @param {import("./judge.js").NumberKey} key */
  constructor(section, key) {
    this.section = section;
    this.key = key;
    this.input = /** @type {HTMLInputElement} */ (section.querySelector('input[name$=".answer"]'));
  }

  get answer() {
    return this.input.value;
  }

  set answer(value) {
    this.input.value = value;
  }

  /** @param {() => void} react */
  changed(react) {
    this.input.addEventListener("input", react);
  }

  /** @returns {Promise<import("latentbook/quiz/types.js").Reply>} */
  async check() {
    const judgement = judgeNumber(this.answer, this.key);
    this.input.toggleAttribute("aria-invalid", judgement.verdict === "unreadable");
    if (judgement.verdict === "unreadable") return { state: "unread", said: [new Text(judgement.why)] };
    if (judgement.verdict === "right") return { state: "right", said: [] };
    if ("why" in judgement) return { state: "wrong", said: [new Text(judgement.why)] };
    return { state: "wrong", said: copyOf(this.section, `[data-wrong="${judgement.listed}"]`) };
  }

  clear() {
    this.input.value = "";
    this.input.removeAttribute("aria-invalid");
  }
}
