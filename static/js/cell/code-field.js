/**
 * A listing that the reader can edit. It is static, highlighted text until the reader reaches it. Then an editor with
 * the same metrics replaces it, with the cursor where the reader clicked. Every edit is stored with a fingerprint of
 * the book's text, which reveals changes in a newer edition. Code from a link (code-link.js) is marked as such.
 *
 * @typedef {{
 *   key: string,
 *   label: string,
 *   onChange: () => void,
 *   onRun: (advance: boolean) => void,
 *   onTrouble: (sentence: string) => void,
 * }} FieldOptions `key`: of the stored edit; `label`: of the editor, for screen readers
 * @import { Editor } from "./editor.js"
 */
import { mergedVersion, otherVersion } from "./other-tab.js";
import { fingerprint } from "../fingerprint.js";
import { follow, read, remove, write } from "../store.js";
import { translate } from "../words.js";

export class CodeField {
  /** The book's own text. */
  #book;
  /** Fingerprint of the book's text that the edit is based on. */
  #base;
  #text;
  #source;
  #options;
  /** @type {Promise<Editor> | null} */
  #editor = null;
  #pressed = false;
  #gone = new AbortController();
  /** The notice that another tab has changed this code. @type {HTMLElement | null} */
  #note = null;
  /** Whether the browser stores the edit. */
  kept = true;
  /** Fingerprint of the code that came with a link, until the book's is restored; else "". */
  linked = "";

  /** @param {HTMLElement} source the element around `pre > code` @param {FieldOptions} options */
  constructor(source, options) {
    this.#source = source;
    this.#options = options;
    this.#book = withoutLastBreak(this.#listing.textContent ?? "");
    this.#base = fingerprint(this.#book);
    const saved = read("code", options.key);
    this.#text = typeof saved?.text === "string" ? saved.text : this.#book;
    if (this.edited) {
      this.#base = saved.base;
      this.linked = saved.linked ?? "";
      this.#listing.textContent = this.#text;
    }
    follow("code", options.key, (kept) => this.#meet(kept?.text ?? this.#book, kept?.linked), this.#gone.signal);
    this.#note = mergedVersion(options.key, (code) => {
      this.#base = code?.base ?? this.#base;
      this.linked = code?.linked ?? "";
      return this.#take(code?.text ?? this.#book);
    });
    if (this.#note !== null) source.before(this.#note);
    this.#offer();
  }

  /** Another tab has changed this code: offer its version. @param {string} theirs @param {string} [linked] */
  #meet(theirs, linked = "") {
    this.#note?.remove();
    if (theirs === this.#text) return;
    const take = () => {
      this.linked = linked;
      this.#take(theirs);
    };
    this.#note = otherVersion(take, () => this.#changed(this.#text));
    this.#source.before(this.#note);
  }

  /** @param {string} text */
  async #take(text) {
    if (this.#editor !== null) {
      (await this.open())?.set(text);
    } else {
      this.#listing.textContent = text;
      this.#changed(text);
    }
  }

  get #listing() {
    return /** @type {HTMLElement} */ (this.#source.querySelector("pre code"));
  }

  get text() {
    return this.#text;
  }

  get edited() {
    return this.#text !== this.#book;
  }

  /** Whether the book's text has changed since the reader edited it. */
  get stale() {
    return this.edited && this.#base !== fingerprint(this.#book);
  }

  destroy() {
    this.#gone.abort();
    this.#editor?.then((editor) => editor.destroy(), () => {});
  }

  /** Fingerprint of the book's text that this code is based on. */
  get base() {
    return this.#base;
  }

  get bookPrint() {
    return fingerprint(this.#book);
  }

  /** The reader's own versions that code from a link has replaced. @returns {{base: string, text: string}[]} */
  get own() {
    return read("own", this.#options.key) ?? [];
  }

  /**
   * Use the code of a link, after storing the reader's own version.
   *
   * @param {{base: string, code: string}} link
   * @returns {Promise<boolean>} whether the browser stores it; if not, nothing changes
   */
  async takeLinked({ base, code }) {
    const isOwn = this.edited && this.linked !== fingerprint(this.#text);
    if (isOwn && !write("own", this.#options.key, [...this.own, { base: this.#base, text: this.#text }])) return false;
    [this.#base, this.linked] = [base, fingerprint(code)];
    await this.#take(code);
    return true;
  }

  /** Restore the reader's latest own version. */
  async takeBack() {
    const versions = this.own;
    const last = versions.pop();
    if (last === undefined) return;
    [this.#base, this.linked] = [last.base, ""];
    await this.#take(last.text);
    if (versions.length > 0) write("own", this.#options.key, versions);
    else remove("own", this.#options.key);
    this.#options.onChange();
  }

  /** Add lines at the end. @param {string} lines */
  async append(lines) {
    await this.#take(`${this.#text.trimEnd()}\n\n${lines}`);
  }

  /** Restore the book's text. */
  reset() {
    this.#base = fingerprint(this.#book);
    this.#take(this.#book);
  }

  /** @param {number} [offset] */
  async focus(offset) {
    (await this.open())?.focus(offset);
  }

  /** @param {number} line */
  async focusLine(line) {
    (await this.open())?.focusLine(line);
  }

  /** Mark a line; null clears the mark. @param {number | null} line */
  async markError(line) {
    if (line !== null || this.#editor !== null) (await this.open())?.markError(line);
  }

  /**
   * Mark lines while the reader steps through the code, which is then read-only.
   * @param {Parameters<Editor["showStep"]>[0]} step
   */
  async showStep(step) {
    (await this.open())?.showStep(step);
  }

  /** Replace the listing with the editor. @returns {Promise<Editor | null>} null if it cannot be loaded */
  async open() {
    this.#editor ??= this.#build();
    try {
      return await this.#editor;
    } catch {
      this.#editor = null; // the network may come back
      this.#options.onTrouble(translate("The editor could not be loaded. Check the connection, then come back to the code"));
      return null;
    }
  }

  async #build() {
    const { openEditor } = await import("./editor.js");
    this.#source.querySelector("pre")?.remove();
    for (const name of ["tabindex", "role", "aria-label"]) this.#source.removeAttribute(name);
    return openEditor(this.#source, {
      doc: this.#text,
      label: this.#options.label,
      onChange: (text) => this.#changed(text),
      onRun: this.#options.onRun,
    });
  }

  /** @param {string} text */
  #changed(text) {
    this.#text = text;
    if (this.edited) {
      const linked = this.linked === "" ? {} : { linked: this.linked };
      this.kept = write("code", this.#options.key, { base: this.#base, text, ...linked });
    } else {
      remove("code", this.#options.key);
      this.#base = fingerprint(this.#book);
      this.linked = "";
    }
    this.#options.onChange();
  }

  /** Load the editor when the reader arrives by pointer, touch or Tab. */
  #offer() {
    const source = this.#source;
    source.tabIndex = 0;
    source.setAttribute("role", "group");
    source.setAttribute("aria-label", this.#options.label);
    const come = () => void (!this.#pressed && selectedIn(source) === "" && this.open());
    source.addEventListener("pointerenter", come);
    if (source.matches(":hover")) come(); // the pointer was here before this script
    // A tap is over before the editor has loaded, and iOS opens its keyboard only during one.
    source.addEventListener("touchstart", () => void import("./editor.js").catch(() => {}), { passive: true, once: true });
    source.addEventListener("pointerdown", () => {
      this.#pressed = true;
      addEventListener("pointerup", () => (this.#pressed = false), { once: true });
    });
    source.addEventListener("focus", () => {
      if (this.#editor === null && !this.#pressed) this.focus();
    });
    source.addEventListener("click", (event) => {
      const offset = offsetAt(this.#listing, event);
      if (offset !== null && selectedIn(source) === "") this.focus(offset);
    });
  }
}

/** A listing ends with a line break that an editor would show as an empty line. @param {string} text */
const withoutLastBreak = (text) => text.replace(/\n$/, "");

/** The selection inside an element. @param {HTMLElement} element */
function selectedIn(element) {
  const selection = getSelection();
  return selection !== null && element.contains(selection.anchorNode) ? selection.toString() : "";
}

/**
 * The offset in a listing's text under the pointer.
 *
 * @param {HTMLElement | null} listing null once the editor has replaced it; the editor finds its own offsets
 * @param {MouseEvent} event
 */
function offsetAt(listing, { clientX, clientY }) {
  const caret = document.caretPositionFromPoint?.(clientX, clientY);
  const [node, offset] = caret ? [caret.offsetNode, caret.offset] : beforeSafari26(clientX, clientY);
  if (node === null || !listing?.contains(node)) return listing ? 0 : null;
  const before = document.createRange();
  before.setStart(listing, 0);
  before.setEnd(node, offset);
  return before.toString().length;
}

/** @param {number} x @param {number} y @returns {[Node | null, number]} */
function beforeSafari26(x, y) {
  const range = document.caretRangeFromPoint?.(x, y);
  return [range?.startContainer ?? null, range?.startOffset ?? 0];
}
