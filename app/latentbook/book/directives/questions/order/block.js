import { make } from "latentbook/elements.js";
import { RunError } from "latentbook/python/page/job.js";
import { runtime } from "latentbook/python/page/runtime.js";
import { copyOf } from "latentbook/quiz/feedback.js";
import { translate, translateCount } from "latentbook/words.js";
import { firstTooEarly, isRight, mayStay, misindented, ranksOf } from "./judge.js";

const INDENT = 4;
const MOST_INDENTS = 6;

/**
 * Lines to put in order. Code in a different order from the book's is run against the check.
 *
 * @import { Reply } from "latentbook/quiz/types.js"
 * @import { Used } from "./judge.js"
 */
export default class Order {
  /** Status text during a check. */
  doing = translate("Running");
  /** Whether an answer has been wrong: from then on, feedback names the lines that may stay. */
  #told = false;
  /** @type {Used[]} */
  #used = [];
  /** The line being dragged. @type {number | null} */
  #dragged = null;
  #react = () => {};

  /** @param {HTMLElement} section @param {import("./judge.js").OrderKey} key */
  constructor(section, key) {
    this.section = section;
    this.key = key; // empty while the answer is withheld: nothing is checked then
    this.list = /** @type {HTMLElement} */ (section.querySelector("ol.used"));
    this.rest = /** @type {HTMLElement} */ (section.querySelector("ul.unused"));
    this.items = [...this.rest.querySelectorAll("li")];
    this.inputs = this.items.map((item) => /** @type {HTMLInputElement} */ (item.querySelector("input")));
    this.texts = this.items.map((item) => item.querySelector(".line")?.textContent?.trim() ?? "");
    for (const button of section.querySelectorAll("[data-move]")) {
      button.addEventListener("click", () => this.#press(/** @type {HTMLElement} */ (button).dataset.move ?? ""));
    }
    for (const input of this.inputs) input.addEventListener("change", () => this.#showMoves());
    this.#makeDraggable();
    this.#show();
  }

  get answer() {
    return this.#used.length === 0 ? "" : JSON.stringify(this.#used.map(({ line, indent }) => [line, indent]));
  }

  set answer(value) {
    /** @type {[number, number][]} */
    let pairs = [];
    try {
      pairs = JSON.parse(value);
    } catch {
      // The answer is to a question of a different kind that once had this label.
    }
    this.#used = pairs.filter(([line]) => line in this.items).map(([line, indent]) => ({ line, indent }));
    this.#show();
  }

  /** @param {() => void} react */
  changed(react) {
    this.#react = react;
  }

  /** @param {AbortSignal} [signal] @returns {Promise<Reply>} */
  async check(signal) {
    const { key, texts } = this;
    const used = [...this.#used];
    if (used.length === 0) return { state: "unread", said: [new Text(translate("Use some of the lines first."))] };
    if (isRight(used, key, texts)) return { state: "right", said: [] };
    const reply = key.check === null ? null : await this.#run(key.check, signal);
    if (reply?.state === "right" || reply?.state === "unread") return reply;
    const said = [...(reply?.said ?? []), ...this.#mistakes(used)];
    this.#told = true;
    return { state: "wrong", said };
  }

  /** @param {string} check @param {AbortSignal} [signal] @returns {Promise<Reply>} */
  async #run(check, signal) {
    const code = this.#used.map(({ line, indent }) => " ".repeat(INDENT * indent) + this.texts[line]).join("\n");
    try {
      /** @type {import("latentbook/python/protocol.js").CheckValue} */
      const value = await runtime.request({ type: "check_answer", scope: this.section.id, code, check }, { signal });
      const words = value.passed ? translate("Another order than the book’s, and it works.") : value.message;
      return { state: value.passed ? "right" : "wrong", said: words === "" ? [] : [paragraph(words)] };
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
      if (error.kind === "interrupted") return { state: "unread", said: [new Text(error.message)] };
      return { state: "wrong", said: [paragraph(`${error.name}: ${error.message}`)] };
    }
  }

  /** The first mistake in the order, as feedback. @param {Used[]} used @returns {Node[]} */
  #mistakes(used) {
    const ranks = ranksOf(used, this.key, this.texts);
    const letter = (/** @type {number} */ at) => this.#letter(used[at].line);
    const foreign = ranks.indexOf(null);
    if (foreign >= 0) return [paragraph(translate("Line {letter} does not belong.", { letter: letter(foreign) })), ...copyOf(this.section, `[data-feedback-for="${used[foreign].line}"]`)];
    const early = firstTooEarly(ranks);
    const lost = this.key.order.length - used.length;
    const shifted = misindented(used, this.key, this.texts);
    const said = [];
    if (early >= 0) said.push(translate("Line {letter} comes too early.", { letter: letter(early) }));
    else if (lost > 0) said.push(translateCount(lost, "{number} line is missing.", "{number} lines are missing."));
    else if (this.key.indents.length > 0 && shifted.length > 0) said.push(translate("Look at how far line {letter} is indented.", { letter: letter(shifted[0]) }));
    if (this.#told && early >= 0) {
      const stay = mayStay(ranks);
      said.push(translate("{stay} of {all} lines may stay where they are: {letters}.", { stay: stay.length, all: used.length, letters: stay.map(letter).join(", ") }));
    }
    return said.map(paragraph);
  }

  clear() {
    this.#used = [];
    this.#told = false;
    for (const input of this.inputs) input.checked = false;
    this.#show();
  }

  /** @param {number} line */
  #letter(line) {
    return this.items[line].querySelector(".letter")?.textContent ?? "";
  }

  /** The selected line; -1 if there is none. */
  get #selected() {
    return this.inputs.findIndex((input) => input.checked);
  }

  /** @param {string} move */
  #press(move) {
    const line = this.#selected;
    const at = this.#used.findIndex((each) => each.line === line);
    if (line < 0) return;
    if (move === "use" && at < 0) this.#used.push({ line, indent: this.#used.at(-1)?.indent ?? 0 });
    if (move === "leave" && at >= 0) this.#used.splice(at, 1);
    if (move === "up" && at > 0) this.#used.splice(at - 1, 0, ...this.#used.splice(at, 1));
    if (move === "down" && at >= 0) this.#used.splice(at + 1, 0, ...this.#used.splice(at, 1));
    const used = this.#used[at];
    if (used && move === "in") used.indent = Math.min(used.indent + 1, MOST_INDENTS);
    if (used && move === "out") used.indent = Math.max(used.indent - 1, 0);
    this.#moved(line);
  }

  /** @param {number} line */
  #moved(line) {
    this.#show();
    const at = this.#used.findIndex((each) => each.line === line);
    const values = { letter: this.#letter(line), place: at + 1, all: this.#used.length, indent: this.#used[at]?.indent ?? 0 };
    const place = this.section.querySelector('[data-move="in"]') ? translate("{letter}: line {place} of {all}, indentation {indent}", values) : translate("{letter}: line {place} of {all}", values);
    const moved = /** @type {HTMLElement} */ (this.section.querySelector("[data-moved]"));
    moved.textContent = at < 0 ? translate("{letter} is left out", values) : place;
    this.#react();
  }

  #show() {
    for (const item of this.items) item.style.removeProperty("--indent");
    for (const { line, indent } of this.#used) this.items[line].style.setProperty("--indent", String(indent));
    const used = this.#used.map(({ line }) => this.items[line]);
    fill(this.list, used);
    fill(this.rest, this.items.filter((item) => !used.includes(item)));
    this.#showMoves();
  }

  /** Mark impossible moves as disabled, without `disabled`, so that a pressed button stays focused. */
  #showMoves() {
    const line = this.#selected;
    const at = this.#used.findIndex((each) => each.line === line);
    const indent = this.#used[at]?.indent ?? 0;
    /** @type {Record<string, boolean>} */
    const possible = { use: line >= 0 && at < 0, leave: at >= 0, up: at > 0, down: at >= 0 && at < this.#used.length - 1, in: at >= 0 && indent < MOST_INDENTS, out: indent > 0 };
    for (const button of this.section.querySelectorAll("[data-move]")) {
      button.setAttribute("aria-disabled", String(!possible[/** @type {HTMLElement} */ (button).dataset.move ?? ""]));
    }
  }

  /** Let readers drag a line into its place, or out, with a mouse. */
  #makeDraggable() {
    for (const [line, item] of this.items.entries()) {
      item.draggable = true;
      item.addEventListener("dragstart", () => {
        this.#dragged = line;
        this.inputs[line].checked = true;
      });
    }
    for (const list of [this.list, this.rest]) {
      list.addEventListener("dragover", (event) => this.#dragged !== null && event.preventDefault());
      list.addEventListener("drop", (event) => this.#drop(event, list === this.list));
    }
  }

  /** @param {DragEvent} event @param {boolean} isUsed whether it is dropped among the used lines */
  #drop(event, isUsed) {
    const line = this.#dragged;
    this.#dragged = null;
    if (line === null) return;
    event.preventDefault();
    const old = this.#used.find((each) => each.line === line);
    const others = this.#used.filter((each) => each.line !== line);
    if (isUsed) {
      const boxes = others.map((each) => this.items[each.line].getBoundingClientRect());
      const at = boxes.findIndex((box) => event.clientY < box.top + box.height / 2);
      others.splice(at < 0 ? others.length : at, 0, old ?? { line, indent: 0 });
    }
    this.#used = others;
    this.#moved(line);
  }
}

/**
 * Move only items that are not yet in their place: a moved element loses the focus.
 * @param {HTMLElement} list @param {HTMLElement[]} items
 */
function fill(list, items) {
  for (const [i, item] of items.entries()) if (list.children[i] !== item) list.insertBefore(item, list.children[i] ?? null);
}

/** @param {string} text */
const paragraph = (text) => make("p", {}, text);
