/** Options to pick one of, for several kinds of question. */
import { copyOf } from "./feedback.js";
import { judgePick } from "./judge.js";

/** True or false, and one of many: radio buttons. */
export class Picks {
  /** @param {HTMLElement} section @param {{answer: any}} key */
  constructor(section, key) {
    this.section = section;
    this.key = key;
    this.right = String(key.answer);
  }

  get inputs() {
    return /** @type {HTMLInputElement[]} */ ([...this.section.querySelectorAll('input[name$=".answer"]')]);
  }

  get answer() {
    return this.inputs.find((input) => input.checked)?.value ?? "";
  }

  set answer(value) {
    for (const input of this.inputs) input.checked = input.value === value;
  }

  /** @param {() => void} react */
  changed(react) {
    for (const input of this.inputs) {
      input.addEventListener("change", () => {
        this.clearVerdicts();
        react();
      });
    }
  }

  /** @returns {Promise<import("./types.js").Reply>} */
  async check() {
    const { answer } = this;
    const { state, said } = judgePick(answer, this.key);
    if (state === "unread") return { state, said: [new Text(said)] };
    this.showVerdict();
    return { state, said: copyOf(this.section, `[data-feedback-for="${answer}"]`) };
  }

  clear() {
    for (const input of this.inputs) input.checked = false;
    this.clearVerdicts();
  }

  showVerdict() {
    this.clearVerdicts();
    const picked = this.inputs.find((input) => input.checked);
    const label = picked?.closest("label");
    if (picked && label) label.dataset.verdict = picked.value === this.right ? "right" : "wrong";
  }

  clearVerdicts() {
    for (const input of this.inputs) input.closest("label")?.removeAttribute("data-verdict");
  }
}
