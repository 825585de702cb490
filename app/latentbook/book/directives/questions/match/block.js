import { copyOf } from "latentbook/quiz/feedback.js";
import { judge } from "./judge.js";

/** Two columns to match. An answer lists the index of the right item for each left one, "2,0,1". */
export default class Match {
  /** Whether an answer has been wrong since the page opened: from then on, each pair's verdict is shown. */
  #told = false;

  /** @param {HTMLElement} section @param {{answer: number[]}} key */
  constructor(section, key) {
    this.section = section;
    this.key = key;
    this.right = key.answer?.map(String);
    this.selects = [...section.querySelectorAll("select")];
  }

  get #picked() {
    return this.selects.map((select) => select.value);
  }

  get answer() {
    const picked = this.#picked;
    return picked.every((value) => value === "") ? "" : picked.join();
  }

  set answer(value) {
    for (const [i, place] of value.split(",").entries()) if (this.selects[i]) this.selects[i].value = place;
  }

  /** @param {() => void} react */
  changed(react) {
    for (const select of this.selects) {
      select.addEventListener("change", () => {
        this.#clearVerdicts();
        react();
      });
    }
  }

  /** @returns {Promise<import("latentbook/quiz/types.js").Reply>} */
  async check() {
    const picked = this.#picked;
    const { state, said } = judge(picked.join(), this.key);
    if (state === "unread") {
      this.selects[picked.indexOf("")].focus();
      return { state, said: [new Text(said)] };
    }
    if (state === "right" || this.#told) this.showVerdict();
    if (state === "right") return { state, said: [] };
    this.#told = true;
    const named = picked.flatMap((place, i) => copyOf(this.section, `[data-wrong="${i}=${place}"]`));
    return { state, said: [new Text(said), ...named] };
  }

  clear() {
    for (const select of this.selects) select.value = "";
    this.#told = false;
    this.#clearVerdicts();
  }

  showVerdict() {
    for (const [i, select] of this.selects.entries()) {
      const item = select.closest("li");
      if (item) item.dataset.verdict = select.value === this.right[i] ? "right" : "wrong";
    }
  }

  #clearVerdicts() {
    for (const select of this.selects) select.closest("li")?.removeAttribute("data-verdict");
  }
}
