/**
 * A question: takes an answer, says what is right or wrong about it, and remembers both in this browser.
 *
 * @typedef {import("./types.js").Kind} Kind
 * @typedef {import("./types.js").Memory} Memory
 * @typedef {import("./types.js").Reply} Reply
 */
import { CodeField } from "../cell/code-field.js";
import { missingFor, offerFor, runInOrder, undefinedName } from "../cell/prerequisites.js";
import { Guess } from "./guess.js";
import { judgeNumber } from "./judge.js";
import { RunError } from "../python/page/job.js";
import { runtime } from "../python/page/runtime.js";
import { read, remove, write } from "../store.js";
import { withoutColours } from "../text.js";
import { translate } from "../words.js";

/** A check that takes longer says so. */
const SLOW_MS = 300;

/** @param {HTMLElement} section @returns {() => void} its cleanup function */
export function mountQuiz(section) {
  const key = JSON.parse(section.dataset.key ?? "{}"); // without the answer while that is not open
  const Way = KINDS[/** @type {keyof typeof KINDS} */ (section.dataset.quiz)];
  const quiz = new Quiz(section, new Way(section, key));
  return () => quiz.destroy();
}

class Quiz {
  /** @type {Memory} */
  #memory = { answer: "", state: "open", attempts: 0 };
  /** Ends the check that is under way. @type {AbortController | null} */
  #stop = null;

  /**
   * @param {HTMLElement} section
   * @param {Kind} kind
   */
  constructor(section, kind) {
    this.section = section;
    this.kind = kind;
    this.feedback = /** @type {HTMLElement} */ (section.querySelector("[data-feedback]"));
    /** None while the answer is not open. @type {HTMLDetailsElement | null} */
    this.worked = section.querySelector("details.answer");
    section.querySelector('[data-action="check"]')?.addEventListener("click", () => this.check());
    section.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement)) return;
      event.preventDefault(); // the same key must not press a button that the check focuses
      this.check();
    });
    section.addEventListener("check-answer", () => this.check());
    section.querySelector('[data-action="reset"]')?.addEventListener("click", () => this.#startOver());
    const worked = () => {
      if (this.worked?.open && this.#memory.state !== "right") this.#remember({ state: "shown" });
    };
    this.worked?.addEventListener("toggle", worked);
    kind.changed(() => section.removeAttribute("data-remembered"));
    this.#recall();
    worked(); // a reader may have opened it before this script came
  }

  /** The page is left: a check that is under way is stopped. */
  destroy() {
    this.#stop?.abort();
    this.kind.destroy?.();
  }

  /** What an earlier visit left. */
  #recall() {
    /** @type {Memory | null} */
    const memory = read("quiz", this.section.id);
    if (memory === null || !["open", "wrong", "right", "shown"].includes(memory.state)) return;
    this.#memory = memory;
    if (this.kind.answer !== "") return; // the reader was quicker than this script
    if (memory.answer !== "") this.kind.answer = memory.answer;
    if (memory.state === "open") return; // kept, and not checked yet
    this.kind.showVerdict?.();
    this.section.dataset.state = memory.state;
    this.section.toggleAttribute("data-remembered", true);
    if (memory.state === "shown") return;
    this.feedback.replaceChildren(strong(this.#verdict()), " ", translate("Open the worked answer to compare, or start over."));
  }

  #verdict() {
    return this.kind.verdict?.(this.#memory) ?? verdictOf(this.#memory);
  }

  /** @param {Partial<Memory>} news */
  #remember(news) {
    this.#memory = { ...this.#memory, ...news };
    this.section.dataset.state = this.#memory.state;
    write("quiz", this.section.id, this.#memory);
  }

  /** Checks the answer; while a check is under way, ends it. */
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
    const reply = await this.kind.check(this.#stop.signal);
    clearInterval(clock);
    button.textContent = name;
    this.#stop = null;
    if (reply.state === "unread") {
      this.section.dataset.state = "open"; // what is said now is not said of an earlier answer
      this.feedback.replaceChildren(...reply.said);
      return;
    }
    const attempts = this.#memory.attempts + 1;
    this.#remember({ answer: this.kind.answer, state: reply.state, attempts });
    this.feedback.replaceChildren(strong(this.#verdict()), " ", ...reply.said);
    if (reply.state === "right" && this.worked) this.worked.open = true;
    if (this.kind.final) /** @type {HTMLElement} */ (this.section.querySelector('[data-action="reset"]')).focus();
  }

  /** While its answer is not open, a question keeps what it is given. Code is kept as it is edited. */
  #keep() {
    const { answer } = this.kind;
    if (answer !== "") this.#remember({ answer });
    const said = answer !== "" || this.kind instanceof CodeAnswer ? "[data-kept]" : "[data-nothing]";
    this.feedback.replaceChildren(...copyOf(this.section, said));
  }

  #startOver() {
    this.kind.clear();
    if (this.worked) this.worked.open = false;
    this.feedback.replaceChildren();
    this.section.removeAttribute("data-remembered");
    this.#memory = { answer: "", state: "open", attempts: 0 };
    this.section.dataset.state = "open";
    remove("quiz", this.section.id);
    // The button that was pressed is gone now: go back to where an answer is given.
    const place = this.section.querySelector('input[name$=".answer"], [data-action="check"]');
    /** @type {HTMLElement} */ (place).focus();
  }
}

/** True or false, and one of many: radio buttons. */
class Picks {
  /** @param {HTMLElement} section @param {{answer: boolean | number}} key */
  constructor(section, key) {
    this.section = section;
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
        this.#clearVerdicts();
        react();
      });
    }
  }

  /** @returns {Promise<Reply>} */
  async check() {
    const { answer } = this;
    if (answer === "") return { state: "unread", said: [new Text(translate("Pick one first."))] };
    this.showVerdict();
    const said = copyOf(this.section, `[data-feedback-for="${answer}"]`);
    return { state: answer === this.right ? "right" : "wrong", said };
  }

  clear() {
    for (const input of this.inputs) input.checked = false;
    this.#clearVerdicts();
  }

  showVerdict() {
    this.#clearVerdicts();
    const picked = this.inputs.find((input) => input.checked);
    const label = picked?.closest("label");
    if (picked && label) label.dataset.verdict = picked.value === this.right ? "right" : "wrong";
  }

  #clearVerdicts() {
    for (const input of this.inputs) input.closest("label")?.removeAttribute("data-verdict");
  }
}

/** A number with a tolerance. */
class NumberField {
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

  /** @returns {Promise<Reply>} */
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

/** Code, judged by the book's own asserts in a copy of the chapter's variables. */
class CodeAnswer {
  /** What a check is at. */
  doing = translate("Checking");
  /** Snippets to be run before the next check. @type {import("../cell/prerequisites.js").Entry[]} */
  #toRun = [];

  /** @param {HTMLElement} section @param {{check: string}} key */
  constructor(section, key) {
    this.section = section;
    this.key = key;
    const source = /** @type {HTMLElement} */ (section.querySelector(".source[data-cell]"));
    this.scope = source.dataset.scope ?? "";
    this.label = source.dataset.cell ?? "";
    this.react = () => {};
    this.field = new CodeField(source, {
      key: this.label,
      label: /** @type {HTMLElement | null} */ (source.querySelector("[data-scrolls]"))?.dataset.scrolls ?? "",
      onChange: () => this.react(),
      onRun: () => section.dispatchEvent(new Event("check-answer")),
      onTrouble: (sentence) => section.querySelector("[data-feedback]")?.replaceChildren(sentence),
    });
  }

  /** The code is kept as every edit is: the memory of the question holds only how it went. */
  get answer() {
    return "";
  }

  /** @param {() => void} react */
  changed(react) {
    this.react = react;
  }

  /** @param {AbortSignal} signal @returns {Promise<Reply>} */
  async check(signal) {
    /** @type {HTMLElement[]} */
    const printed = [];
    this.field.markError(null);
    const failed = await runInOrder(this.#toRun.splice(0), this.scope, signal, (sentence) => (this.doing = sentence));
    this.doing = translate("Checking");
    if (failed !== null) {
      const { entry, error } = failed;
      const why = error.kind === "interrupted" ? error.message : translate("Snippet {number} stopped with {error}.", { number: entry.number, error: error.name });
      return { state: "unread", said: [new Text(why)] };
    }
    try {
      /** @type {import("../python/protocol.js").CheckValue} */
      const value = await runtime.request(
        { type: "check_answer", scope: this.scope, code: this.field.text, check: this.key.check },
        { signal, onStream: (name, text) => print(printed, name === "note" ? "stderr" : name, text) },
      );
      const said = value.message === "" ? [] : [new Text(value.message)];
      const offer = value.case === "" ? [] : [this.#offerCase(value.case)];
      return { state: value.passed ? "right" : "wrong", said: [...said, ...printed, ...offer] };
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
      if (error.kind === "interrupted") return { state: "unread", said: [new Text(error.message), ...printed] };
      this.field.markError(error.line);
      return this.#explain(error, printed);
    }
  }

  /** The input that breaks a law, for the reader to run. @param {string} lines */
  #offerCase(lines) {
    const run = document.createElement("button");
    run.type = "button";
    run.textContent = translate("Add this case to my code and run it");
    run.addEventListener("click", async () => {
      await this.field.append(lines);
      this.section.dispatchEvent(new Event("check-answer"));
    });
    const offer = document.createElement("div");
    offer.append(pre("case", lines), run);
    return offer;
  }

  /** @param {RunError} error @param {HTMLElement[]} printed @returns {Promise<Reply>} */
  async #explain(error, printed) {
    const missing = await missingFor(error, this.scope, this.label);
    if (missing !== null) {
      const run = () => {
        this.#toRun = [...missing.toRun];
        this.section.dispatchEvent(new Event("check-answer"));
      };
      return { state: "unread", said: [...printed, offerFor(missing, run)] };
    }
    const name = undefinedName(error);
    if (error.line === null && name !== null) {
      return { state: "wrong", said: [new Text(translate("The check needs {name}, which your code does not define. Define it first.", { name })), ...printed] };
    }
    const where = error.line === null ? translate("The check could not use your code's result:") : translate("Your code stopped at line {line}:", { line: error.line });
    return { state: "wrong", said: [new Text(where), ...printed, pre("error", error.traceback || error.message)] };
  }

  clear() {
    this.field.reset();
  }

  destroy() {
    this.field.destroy();
  }
}

/** One class a kind, by the name in `data-quiz`. */
const KINDS = { "true-false": Picks, choice: Picks, number: NumberField, code: CodeAnswer, guess: Guess };

/** @param {Memory} memory of an answer that was judged */
function verdictOf({ state, attempts }) {
  if (state !== "right") return translate("Not yet.");
  return attempts > 1 ? translate("Right, after {attempts} attempts.", { attempts }) : translate("Right.");
}

/** @param {string} text */
function strong(text) {
  const element = document.createElement("strong");
  element.textContent = text;
  return element;
}

/** @param {string} name @param {string} text */
function pre(name, text) {
  const element = document.createElement("pre");
  element.className = name;
  element.textContent = text;
  return element;
}

/** Adds to what was printed. @param {HTMLElement[]} printed @param {string} name @param {string} text */
function print(printed, name, text) {
  const last = printed.at(-1);
  if (last?.className === name) last.append(withoutColours(text));
  else printed.push(pre(name, withoutColours(text)));
}

/** What an author wrote for one answer: it stands hidden in the page. @param {HTMLElement} section @param {string} selector */
function copyOf(section, selector) {
  return [...(section.querySelector(selector)?.cloneNode(true).childNodes ?? [])];
}
