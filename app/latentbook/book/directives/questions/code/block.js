import { CodeField } from "latentbook/cell/code-field.js";
import { missingFor, offerFor, runInOrder, undefinedName } from "latentbook/cell/prerequisites.js";
import { button, make } from "latentbook/elements.js";
import { explained } from "latentbook/explain/explain.js";
import { RunError } from "latentbook/python/page/job.js";
import { runtime } from "latentbook/python/page/runtime.js";
import { withoutColours } from "latentbook/text.js";
import { translate } from "latentbook/words.js";

/** Code, checked by the book's own asserts in a copy of the chapter's variables. */
export default class CodeAnswer {
  saves = true;
  /** Status text during a check. */
  doing = translate("Checking");
  /** Snippets to run before the next check. @type {import("latentbook/cell/prerequisites.js").Entry[]} */
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

  /** Empty: each edit saves the code, and the question stores only the result. */
  get answer() {
    return "";
  }

  /** @param {() => void} react */
  changed(react) {
    this.react = react;
  }

  /** @param {AbortSignal} signal @returns {Promise<import("latentbook/quiz/types.js").Reply>} */
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
      /** @type {import("latentbook/python/protocol.js").CheckValue} */
      const value = await runtime.request(
        { type: "check_answer", scope: this.scope, code: this.field.text, check: this.key.check },
        { signal, onStream: (name, text) => print(printed, name === "note" ? "stderr" : name, text) },
      );
      const message = value.sentence ? translate(...value.sentence) : value.message;
      const said = message === "" ? [] : [new Text(message)];
      const offer = value.case === "" ? [] : [this.#offerCase(value.case)];
      return { state: value.passed ? "right" : "wrong", said: [...said, ...printed, ...offer] };
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
      if (error.kind === "interrupted") return { state: "unread", said: [new Text(error.message), ...printed] };
      this.field.markError(error.line);
      return this.#explain(error, printed);
    }
  }

  /** Show the input that breaks a law, with a button that runs it. @param {string} lines */
  #offerCase(lines) {
    const run = button(translate("Add this case to my code and run it"), async () => {
      await this.field.append(lines);
      this.section.dispatchEvent(new Event("check-answer"));
    });
    return make("div", {}, pre("case", lines), run);
  }

  /** @param {RunError} error @param {HTMLElement[]} printed @returns {Promise<import("latentbook/quiz/types.js").Reply>} */
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
    const sentence = await explained(error.explanation);
    const said = [...printed, pre("error", error.traceback || error.message), ...(sentence === null ? [] : [sentence])];
    return { state: "wrong", said: [new Text(where), ...said] };
  }

  clear() {
    this.field.reset();
  }

  destroy() {
    this.field.destroy();
  }
}

/** @param {string} name @param {string} text */
const pre = (name, text) => make("pre", { className: name }, text);

/** Append to the printed output. @param {HTMLElement[]} printed @param {string} name @param {string} text */
function print(printed, name, text) {
  const last = printed.at(-1);
  if (last?.className === name) last.append(withoutColours(text));
  else printed.push(pre(name, withoutColours(text)));
}
