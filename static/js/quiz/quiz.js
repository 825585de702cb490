/**
 * A question: accepts an answer, gives feedback on it, and stores both in this browser.
 *
 * @import { Kind, Memory } from "./types.js"
 */
import { make } from "../elements.js";
import { runtime } from "../python/page/runtime.js";
import { record, startOver, studyState } from "../study/log.js";
import { translate } from "../words.js";
import { copyOf } from "./feedback.js";

/** A check that takes longer than this shows that it is running. */
const SLOW_MS = 300;

/**
 * @param {HTMLElement} section
 * @param {import("./types.js").KindOf} KindOf the class of its kind
 * @returns {() => void} its cleanup function
 */
export function mountQuiz(section, KindOf) {
  const key = JSON.parse(section.dataset.key ?? "{}"); // has no answer while that is withheld
  const quiz = new Quiz(section, new KindOf(section, key));
  return () => quiz.destroy();
}

class Quiz {
  /** @type {Memory} */
  #memory = { answer: "", state: "open", attempts: 0 };
  /** Stops the running check. @type {AbortController | null} */
  #stop = null;
  #gone = false;
  /** Resolves when the state from an earlier visit is restored. @type {Promise<void>} */
  #recalled;

  /**
   * @param {HTMLElement} section
   * @param {Kind} kind
   */
  constructor(section, kind) {
    this.section = section;
    this.kind = kind;
    this.feedback = /** @type {HTMLElement} */ (section.querySelector("[data-feedback]"));
    /** The worked answer; null while it is withheld. @type {HTMLDetailsElement | null} */
    this.worked = section.querySelector("details.answer");
    section.querySelector('[data-action="check"]')?.addEventListener("click", () => this.check());
    section.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing || !(event.target instanceof HTMLInputElement)) return;
      event.preventDefault(); // this key must not press a button that the check focuses
      this.check();
    });
    section.addEventListener("check-answer", () => this.check());
    section.querySelector('[data-action="start-over"]')?.addEventListener("click", () => this.#startOver());
    const worked = async () => {
      await this.#recalled;
      if (this.worked?.open && !["right", "shown"].includes(this.#memory.state)) this.#remember({ state: "shown" });
    };
    this.worked?.addEventListener("toggle", worked);
    kind.changed(() => section.removeAttribute("data-remembered"));
    this.#recalled = this.#recall();
    void worked(); // the reader may have opened it before this script loaded
  }

  /** Clean up when the reader leaves the page: stop a running check. */
  destroy() {
    this.#gone = true;
    this.#stop?.abort();
    this.kind.destroy?.();
  }

  /** Restore the state from an earlier visit. */
  async #recall() {
    const memory = (await studyState()).questions.get(this.section.id);
    if (memory === undefined || this.#gone) return;
    this.#memory = { answer: memory.answer, state: memory.state, attempts: memory.attempts };
    if (this.kind.answer !== "") return; // the reader has already answered
    if (memory.answer !== "") this.kind.answer = memory.answer;
    if (memory.state === "open") return; // saved, but not checked yet
    this.kind.showVerdict?.();
    this.section.dataset.state = memory.state;
    this.section.toggleAttribute("data-remembered", true);
    if (memory.state === "shown") return;
    this.feedback.replaceChildren(make("strong", {}, this.#verdict()), " ", translate("Open the worked answer to compare, or start over."));
  }

  #verdict() {
    return this.kind.verdict?.(this.#memory) ?? verdictOf(this.#memory);
  }

  /** @param {Partial<Memory>} news */
  #remember(news) {
    this.#memory = { ...this.#memory, ...news };
    this.section.dataset.state = this.#memory.state;
    void record("attempt", { label: this.section.id, answer: this.#memory.answer, verdict: this.#memory.state });
  }

  /** Check the answer, or stop a running check. */
  async check() {
    if ("opens" in this.section.dataset) return this.#keep();
    if (this.#stop !== null) return this.#stop.abort();
    this.#stop = new AbortController();
    this.section.removeAttribute("data-remembered");
    const button = /** @type {HTMLElement} */ (this.section.querySelector('[data-action="check"]'));
    const name = button.textContent;
    const clock = setInterval(() => {
      button.textContent = translate("Stop");
      this.feedback.textContent = runtime.ready ? (this.kind.doing ?? translate("Checking")) : `${runtime.sentence}. ${translate("Your answer is saved")}`;
    }, SLOW_MS);
    await this.#recalled;
    const reply = await this.kind.check(this.#stop.signal);
    clearInterval(clock);
    button.textContent = name;
    this.#stop = null;
    if (reply.state === "unread") {
      this.section.dataset.state = "open"; // this feedback is not about an earlier answer
      this.feedback.replaceChildren(...reply.said);
      return;
    }
    const attempts = this.#memory.attempts + 1;
    this.#remember({ answer: this.kind.answer, state: reply.state, attempts });
    this.feedback.replaceChildren(make("strong", {}, this.#verdict()), " ", ...reply.said);
    if (reply.state === "right" && this.worked) this.worked.open = true;
    if (this.kind.final) /** @type {HTMLElement} */ (this.section.querySelector('[data-action="start-over"]')).focus();
  }

  /** Save an answer that cannot be checked while the worked answer is withheld. Code is saved with every edit. */
  #keep() {
    const { answer } = this.kind;
    if (answer !== "") this.#remember({ answer, state: "open" });
    const said = answer !== "" || this.kind.saves ? "[data-kept]" : "[data-nothing]";
    this.feedback.replaceChildren(...copyOf(this.section, said));
  }

  #startOver() {
    this.kind.clear();
    if (this.worked) this.worked.open = false;
    this.feedback.replaceChildren();
    this.section.removeAttribute("data-remembered");
    this.#memory = { answer: "", state: "open", attempts: 0 };
    this.section.dataset.state = "open";
    void startOver(this.section.id);
    // The pressed button is gone now: move the focus back to the first input.
    const place = this.section.querySelector('input[name$=".answer"], [data-action="check"]');
    /** @type {HTMLElement} */ (place).focus();
  }
}

/** @param {Memory} memory of a judged answer */
function verdictOf({ state, attempts }) {
  if (state !== "right") return translate("Not yet.");
  return attempts > 1 ? translate("Right, after {attempts} attempts.", { attempts }) : translate("Right.");
}
