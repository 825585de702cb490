import { make } from "latentbook/elements.js";
import { RunError } from "latentbook/python/page/job.js";
import { runtime } from "latentbook/python/page/runtime.js";
import { Picks } from "latentbook/quiz/picks.js";
import { translate } from "latentbook/words.js";

/** A listing whose output is predicted: committing locks the options, then the code runs. */
export default class Predict extends Picks {
  /** Once the reader has seen the output, it is not a prediction. */
  final = true;
  doing = translate("Running");

  /** @param {HTMLElement} section @param {{answer: number, printed: string, error: string}} key */
  constructor(section, key) {
    super(section, key);
    this.recorded = key;
  }

  /** Lock the options. While the worked answer is withheld, an answer is only saved, and can still be changed. */
  showVerdict() {
    super.showVerdict();
    this.#lock(this.answer !== "");
  }

  /** @param {AbortSignal} [signal] @returns {Promise<import("latentbook/quiz/types.js").Reply>} */
  async check(signal) {
    if (this.answer === "") return super.check();
    this.#lock(true);
    const output = make("pre", {}, await this.#run(signal));
    const { state, said } = await super.check();
    return { state, said: [...said, output] };
  }

  /** The output of the code; the recorded one if Python is not ready. @param {AbortSignal} [signal] */
  async #run(signal) {
    const { printed, error } = this.recorded;
    if (!runtime.ready) return `${printed}${error}`;
    const code = this.section.querySelector(".question pre code")?.textContent ?? "";
    let output = "";
    const onStream = (/** @type {string} */ name, /** @type {string} */ text) => void (output += name === "stdout" ? text : "");
    try {
      await runtime.request({ type: "run_cell", scope: this.section.id, code, filename: this.section.id }, { signal, onStream });
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
      output += `${error.name}: ${error.message}`;
    }
    return output;
  }

  /** @param {import("latentbook/quiz/types.js").Memory} memory */
  verdict({ state }) {
    return state === "right" ? translate("Right.") : translate("Something else happens.");
  }

  clear() {
    super.clear();
    this.#lock(false);
  }

  /** @param {boolean} committed */
  #lock(committed) {
    for (const input of this.inputs) input.disabled = committed;
  }
}
