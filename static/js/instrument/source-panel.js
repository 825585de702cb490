/**
 * "Open the code": the instrument's file, under its picture. An edit runs as soon as the reader pauses. Errors appear
 * under the editor, and the last good picture stays. Edits are stored with a fingerprint of the book's file, which
 * reveals changes in a newer edition.
 *
 * @import { Editor } from "../cell/editor.js"
 * @import { RunError } from "../python/page/job.js"
 *
 * @typedef {{base: string, text: string, held?: boolean}} Kept an edit, as this browser stores it
 */
import { mergedVersion, otherVersion } from "../cell/other-tab.js";
import { button, make } from "../elements.js";
import { explained } from "../explain/explain.js";
import { fingerprint } from "../fingerprint.js";
import { follow, read, remove, write } from "../store.js";
import { translate } from "../words.js";

const PAUSE_MS = 250;

export class SourcePanel {
  /** The reader's version, or null for the book's own. @type {string | null} */
  text = null;
  /** Whether that version was stopped. It may never end, so it does not run by itself, not even on the next visit. */
  held = false;
  #section;
  #spec;
  #python;
  #onChange;
  #onStop;
  #place;
  /** @type {string | null} */
  #book = null;
  #base = "";
  /** @type {Promise<Editor> | null} */
  #editor = null;
  #timer = 0;
  #gone = new AbortController();
  /** The notice that another tab has changed this code. @type {HTMLElement | null} */
  #note = null;

  /**
   * @param {HTMLElement} section
   * @param {import("./spec.js").InstrumentSpec} spec
   * @param {import("./surroundings.js").Python} python
   * @param {() => void} onChange called when `text` has changed or must run again
   * @param {() => void} onStop called when the reader presses Stop
   */
  constructor(section, spec, python, onChange, onStop) {
    this.#section = section;
    this.#spec = spec;
    this.#python = python;
    this.#onChange = onChange;
    this.#onStop = onStop;
    this.#place = /** @type {HTMLElement} */ (section.querySelector("[data-editor]"));
    const button = section.querySelector('[data-action="code"]');
    if (button === null) return; // a notebook shows and stores no code
    button.addEventListener("click", () => this.#toggle());
    this.#adopt(read("code", spec.label));
    if (this.held) this.#open().catch(() => {}); // #open reports the error itself
    follow("code", spec.label, (kept) => this.#meet(kept), this.#gone.signal);
    this.#note = mergedVersion(spec.label, (code) => this.#take(code));
    if (this.#note !== null) this.#place.before(this.#note);
  }

  get edited() {
    return this.text !== null;
  }

  destroy() {
    this.#gone.abort();
    clearTimeout(this.#timer);
    this.#editor?.then((editor) => editor.destroy(), () => {});
  }

  /** Adopt a version of the code. @param {Kept | null} kept null for the book's own */
  #adopt(kept) {
    this.text = typeof kept?.text === "string" ? kept.text : null;
    this.#base = kept?.base ?? fingerprint(this.#book ?? "");
    this.held = kept?.held === true;
    this.#mark();
  }

  /** Another tab has changed this code: offer its version. @param {Kept | null} theirs */
  #meet(theirs) {
    this.#note?.remove();
    if ((theirs?.text ?? null) === this.text) return;
    this.#note = otherVersion(() => this.#take(theirs), () => this.#keep());
    this.#place.before(this.#note);
  }

  /** @param {Kept | null} kept */
  async #take(kept) {
    (await this.#editor)?.set(kept?.text ?? this.#book ?? "");
    clearTimeout(this.#timer);
    this.#adopt(kept); // including whether it was stopped, which the editor does not know
    this.#keep();
    this.#onChange();
  }

  /** Record that the current version was stopped. */
  hold() {
    this.held = true;
    this.#keep();
  }

  #keep() {
    if (this.text === null) remove("code", this.#spec.label);
    else write("code", this.#spec.label, { base: this.#base, text: this.text, held: this.held });
    this.#mark();
  }

  /** Remove the error: the current version has drawn a picture. */
  succeeded() {
    this.#place.querySelector("[data-editor-error]")?.remove();
    this.#editor?.then((editor) => editor.markError(null));
  }

  /** @param {RunError} error the error of the reader's version */
  async failed(error) {
    const [sentence] = await Promise.all([explained(error.explanation), this.#open()]);
    let place = this.#place.querySelector("[data-editor-error]");
    if (place === null) {
      place = make("div", { role: "alert" }, make("pre"));
      place.setAttribute("data-editor-error", "");
      this.#place.append(place);
    }
    const text = error.kind === "python" ? error.traceback : error.message;
    const pre = /** @type {Element} */ (place.firstElementChild);
    pre.textContent = text.trim();
    place.replaceChildren(pre, ...(sentence === null ? [] : [sentence]));
    (await this.#editor)?.markError(error.line);
  }

  #mark() {
    this.#section.toggleAttribute("data-edited", this.edited);
    this.#section.toggleAttribute("data-stopped", this.held);
  }

  #toggle() {
    if (this.#place.hidden) this.#open().then((editor) => editor.focus());
    else this.#show(false);
  }

  /** @param {boolean} open */
  #show(open) {
    this.#place.hidden = !open;
    const button = this.#section.querySelector('[data-action="code"]');
    button?.setAttribute("aria-expanded", String(open));
    if (button) button.textContent = open ? translate("Close the code") : translate("Open the code");
  }

  /** @returns {Promise<Editor>} */
  #open() {
    this.#show(true);
    this.#editor ??= this.#build().catch((error) => {
      this.#editor = null;
      this.#place.replaceChildren(translate("The code could not be opened: {why}", { why: error.message }));
      throw error;
    });
    return this.#editor;
  }

  async #build() {
    if (this.#place.childElementCount === 0) this.#place.textContent = `${this.#python.sentence} …`;
    const [{ openEditor }, book] = await Promise.all([
      import("../cell/editor.js"),
      this.#python.request({ type: "widget_source", widget: this.#spec.name }),
    ]);
    this.#book = book;
    if (!this.edited) this.#base = fingerprint(book);
    this.#place.replaceChildren(this.#bar());
    const title = this.#section.querySelector(".title")?.textContent?.trim() ?? this.#spec.name;
    return openEditor(this.#place, {
      doc: this.text ?? book,
      label: translate("Code of {title}", { title }),
      onChange: (text) => this.#changed(text),
      onRun: () => this.#apply(),
    });
  }

  /** A bar with the file name, a note if the book's version has changed, and buttons to run, stop and reset. */
  #bar() {
    const stale = this.edited && this.#base !== fingerprint(this.#book ?? "");
    const file = `widgets/${this.#spec.name}.py`;
    const name = stale ? translate("{file}. The book’s own version has changed since you edited it.", { file }) : file;
    const ways = [
      buttonFor("run-code", translate("Run my code"), () => this.#apply()),
      buttonFor("stop-code", translate("Stop"), () => this.#onStop()),
      buttonFor("reset-code", translate("Reset code"), async () => {
        (await this.#editor)?.set(this.#book ?? "");
        this.#apply();
      }),
    ];
    return make("div", { className: "editor-bar" }, make("p", {}, name), make("div", {}, ...ways));
  }

  /** @param {string} text */
  #changed(text) {
    this.text = text === this.#book ? null : text;
    this.held = false;
    if (this.text === null) this.#base = fingerprint(this.#book ?? "");
    this.#keep();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#apply(), PAUSE_MS);
  }

  #apply() {
    clearTimeout(this.#timer);
    if (this.held) {
      this.held = false;
      this.#keep();
    }
    this.#onChange();
  }
}

/** @param {string} action @param {string} name @param {() => void} run */
function buttonFor(action, name, run) {
  const made = button(name, run, { className: "quiet" });
  made.dataset.action = action;
  return made;
}
