/**
 * The output of a snippet, as text and pictures. Until the first run it is the recorded output; a new run replaces it
 * with its first output, so that nothing flickers. A long output is cut, with a button for the rest.
 */
import { button, make } from "../elements.js";
import { explained } from "../explain/explain.js";
import { withoutColours } from "../text.js";
import { translate, translateCount } from "../words.js";

const PLOTLY = "application/vnd.plotly.v1+json";
const SVG = "image/svg+xml";
const PNG = "image/png";
const HTML = "text/html";
const LINES_SHOWN = 40;
/** Most characters to store for the next visit. */
const MAX_KEPT = 50_000;

/** @typedef {["stream", "stdout" | "stderr" | "note", string] | ["display", string, string] | ["error", string, Explanation?] | ["notes", string]} Piece */
/** @import { Explanation } from "../explain/explain.js" */

export class CellOutput {
  #place;
  #goToLine;
  /** Alt text of a Matplotlib figure. @type {() => string} */
  #alt;
  /** The book's own output. @type {Node[]} */
  #recorded;
  #fresh = false;
  /** Lines still to be shown before the cut; Infinity once the reader wants all. */
  #room = LINES_SHOWN;
  /** @type {{name: string, text: string}[]} */
  #held = [];
  #heldLines = 0;
  /** The output of the last run in order; null if it is too long to store. @type {Piece[] | null} */
  #pieces = [];
  #size = 0;

  /** @param {HTMLElement} place @param {(line: number) => void} goToLine @param {() => string} alt of a picture */
  constructor(place, goToLine, alt) {
    this.#place = place;
    this.#alt = alt;
    this.#goToLine = goToLine;
    this.#recorded = [...place.childNodes];
  }

  /** Begin a run. The old output stays until there is new output. */
  begin() {
    this.#fresh = true;
    this.#room = LINES_SHOWN;
    this.#held = [];
    this.#heldLines = 0;
    this.#pieces = [];
    this.#size = 0;
  }

  /** The output of the last run, for `replay`; null if it is too long to store. */
  get pieces() {
    return this.#pieces;
  }

  /** Show the output of an earlier run. @param {Piece[]} pieces */
  replay(pieces) {
    this.begin();
    for (const [kind, ...rest] of pieces) {
      const [first, second = ""] = /** @type {any[]} */ (rest);
      if (kind === "stream") this.stream(first, second);
      else if (kind === "display") this.display(first, second);
      else if (kind === "notes") this.#replayNotes(first);
      else {
        this.error(first, null);
        this.explain(second || null);
      }
    }
    this.finish();
  }

  /** @param {Piece} piece */
  #keep(piece) {
    this.#size += piece.join("").length;
    if (this.#size > MAX_KEPT) this.#pieces = null;
    this.#pieces?.push(piece);
  }

  /** End a run; clear the old output if there was no new one. */
  finish() {
    this.#clearOnce();
  }

  /** Show the recorded output again. */
  restore() {
    this.begin();
    this.#fresh = false;
    this.#place.replaceChildren(...this.#recorded);
  }

  #clearOnce() {
    if (!this.#fresh) return;
    this.#fresh = false;
    this.#place.replaceChildren();
  }

  /** @param {"stdout" | "stderr" | "note"} name @param {string} text */
  stream(name, text) {
    this.#clearOnce();
    this.#keep(["stream", name, text]);
    if (name === "note") return this.#append(name, text);
    const lines = text.split("\n").length - 1;
    if (this.#heldLines === 0 && lines <= this.#room) {
      this.#room -= lines;
      return this.#append(name, text);
    }
    const end = this.#heldLines === 0 ? endOfLine(text, this.#room) : 0;
    if (end > 0) this.#append(name, text.slice(0, end));
    this.#room = 0;
    this.#held.push({ name, text: text.slice(end) });
    this.#heldLines += text.slice(end).split("\n").length - 1;
    this.#offerRest();
  }

  /** @param {string} mime @param {string} data */
  async display(mime, data) {
    this.#clearOnce();
    this.#keep(["display", mime, data]);
    if (mime === SVG || mime === PNG) {
      const src = mime === SVG ? `data:${SVG};charset=utf-8,${encodeURIComponent(data)}` : `data:${PNG};base64,${data}`;
      return this.#place.append(make("div", { className: "figure" }, make("img", { src, alt: this.#alt() })));
    }
    if (mime === HTML) {
      const place = make("div", { className: "rich" });
      this.#place.append(place);
      const { elementsOf } = await import("./rich.js");
      return place.append(...elementsOf(data));
    }
    if (mime !== PLOTLY) return this.#append("value", data);
    const figure = make("div", { className: "figure" });
    this.#place.append(figure);
    try {
      const { show } = await import("../figure/zoom.js");
      await show(figure, JSON.parse(data));
    } catch (error) {
      figure.remove();
      this.#append("error", translate("The figure could not be drawn: {why}", { why: error instanceof Error ? error.message : String(error) }));
    }
  }

  /**
   * Add an explanation of the last error under its traceback.
   * @param {Explanation | null} explanation
   * @returns {Promise<string>} the sentence, or ""
   */
  async explain(explanation) {
    const pre = [...this.#place.querySelectorAll("pre.error")].at(-1);
    const error = this.#pieces?.findLast(([kind]) => kind === "error");
    const sentence = await explained(explanation);
    if (sentence === null || explanation === null || !pre?.isConnected) return "";
    error?.splice(2, 1, explanation);
    pre.after(sentence);
    return sentence.textContent ?? "";
  }

  /**
   * Add notes on a run without an error.
   * @param {(HTMLElement | null)[]} paragraphs
   * @param {Explanation[]} notes
   * @returns {string} their text
   */
  note(paragraphs, notes) {
    const shown = paragraphs.filter((paragraph) => paragraph !== null);
    this.#keep(["notes", JSON.stringify(notes)]);
    this.#place.append(...shown);
    return shown.map((paragraph) => paragraph.textContent).join(" ");
  }

  /** @param {string} kept */
  async #replayNotes(kept) {
    const pieces = this.#pieces;
    try {
      /** @type {Explanation[]} */
      const notes = JSON.parse(kept);
      const paragraphs = await Promise.all(notes.map(explained));
      if (pieces === this.#pieces) this.note(paragraphs, notes);
    } catch {
      // A file that the reader loaded may contain anything.
    }
  }

  /** @param {string} traceback @param {number | null} line */
  error(traceback, line) {
    this.#clearOnce();
    this.#keep(["error", traceback]);
    const pre = this.#append("error", "");
    const named = line === null ? -1 : traceback.lastIndexOf(`line ${line}`);
    if (line === null || named < 0) {
      pre.textContent = traceback;
      return;
    }
    const words = `line ${line}`;
    const link = make("a", { href: "#" }, words);
    link.addEventListener("click", (event) => {
      event.preventDefault();
      this.#goToLine(line);
    });
    pre.append(traceback.slice(0, named), link, traceback.slice(named + words.length));
  }

  /** Add an element with a button under the output, until the next run. @param {HTMLElement} element */
  offer(element) {
    this.#place.append(element);
  }

  /** Append text, to the last element if that is of the same kind. @param {string} name @param {string} written */
  #append(name, written) {
    const text = withoutColours(written);
    const last = this.#place.lastElementChild;
    if (last?.className === name && name !== "value") {
      last.append(text);
      return last;
    }
    const element = make(name === "note" ? "p" : "pre", { className: name }, text);
    this.#place.append(element);
    return element;
  }

  #offerRest() {
    let more = this.#place.querySelector(".more");
    if (more === null) {
      more = button("", () => this.#showRest(), { className: "more" });
      this.#place.append(more);
    }
    more.textContent = translateCount(this.#heldLines, "Show the rest, {number} line", "Show the rest, {number} lines");
  }

  #showRest() {
    const more = this.#place.querySelector(".more");
    const after = [];
    for (let next = more?.nextElementSibling; next; next = next.nextElementSibling) after.push(next);
    more?.remove();
    for (const element of after) element.remove();
    this.#room = Infinity;
    this.#heldLines = 0;
    for (const { name, text } of this.#held.splice(0)) this.#append(name, text);
    this.#place.append(...after);
  }
}

/** The position after the first lines of a text. @param {string} text @param {number} lines */
function endOfLine(text, lines) {
  let end = 0;
  for (let i = 0; i < lines; i++) end = text.indexOf("\n", end) + 1;
  return end;
}
