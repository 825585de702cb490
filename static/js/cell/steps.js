/**
 * Step through a snippet by replaying a recording (widgets/engine/steps.py). The editor marks the lines. The panel
 * under it has the controls, a table of names, and the text printed so far.
 *
 * @import { Described, Recording, Step } from "../python/protocol.js"
 * @typedef {{cells: HTMLElement[], changed: HTMLElement}} Row type and shape, value or range, picture
 */
import { button, make } from "../elements.js";
import { setText, withoutColours } from "../text.js";
import { inDigits, translate } from "../words.js";

/** Longer side of a picture, and the minimum of the other, px. */
const [PICTURE, LEAST] = [32, 6];
/** Longest value that is read out, and longest error, characters. */
const [SHORT, MAX_ERROR] = [30, 200];
const SVG = "http://www.w3.org/2000/svg";

export class Steps {
  #recording;
  #field;
  #onClose;
  #at = 0;
  #panel = make("div", { className: "steps", role: "group", ariaLabel: translate("Step through") });
  #back = button(translate("Back"), () => this.#show(this.#at - 1));
  #forward = button(translate("Forward"), () => this.#show(this.#at + 1));
  #iteration = button(translate("Next iteration"), () => this.#show(this.#nextIteration() ?? this.#at));
  #slider = make("input", { type: "range", ariaLabel: translate("Step") });
  #place = make("span", { className: "place" });
  #sentence = make("p", { className: "sentence", role: "status" });
  #names = make("div", { className: "names" });
  #output = make("pre", { className: "printed" });
  /** @type {HTMLElement | null} */
  #explanation = null;
  /**
   * Rows of names by function; those of the snippet itself under "".
   * @type {Map<string, {body: HTMLElement, rows: Map<string, Row>}>}
   */
  #groups = new Map();

  /**
   * @param {HTMLElement} section the snippet
   * @param {import("./code-field.js").CodeField} field
   * @param {Recording} recording
   * @param {() => void} onClose
   */
  constructor(section, field, recording, onClose) {
    this.#recording = recording;
    this.#field = field;
    this.#onClose = onClose;
    this.#slider.max = String(recording.steps.length - 1);
    this.#slider.addEventListener("input", () => this.#show(this.#slider.valueAsNumber));
    const onClick = () => {
      this.close();
      onClose();
    };
    const close = button(translate("Close"), onClick, { className: "quiet" });
    const controls = make("div", { className: "buttons" }, this.#back, this.#forward, this.#iteration, this.#place, close);
    this.#names.append(this.#table());
    this.#panel.append(controls, this.#slider, this.#sentence, this.#names);
    if (recording.printed !== "" || recording.error !== null) {
      this.#panel.append(make("p", { className: "notes" }, translate("Printed so far")), this.#output);
    }
    this.#panel.append(make("p", { className: "notes" }, notesOn(recording).join(" ")));
    section.querySelector(".source")?.after(this.#panel);
    section.dataset.stepping = "";
    this.#hide(true);
    this.#show(0);
    this.#forward.focus({ preventScroll: true });
    const [{ top }, { bottom }] = [section, this.#panel].map((each) => each.getBoundingClientRect());
    if (top < 0 || bottom > innerHeight) section.querySelector(".source")?.scrollIntoView();
  }

  /** Remove the panel and make the code editable again. */
  close() {
    this.#hide(false);
    delete this.#section?.dataset.stepping;
    this.#panel.remove();
    this.#field.showStep(null);
    if (document.documentElement.dataset.presented !== undefined) dispatchEvent(new Event("resize")); // the slide has more room again
  }

  /** Add an explanation of the error under its traceback. @param {HTMLElement} paragraph */
  explain(paragraph) {
    this.#explanation = paragraph;
    paragraph.hidden = this.#at < this.#recording.steps.length - 1;
    paragraph.setAttribute("aria-live", "polite");
    this.#output.after(paragraph);
  }

  /** Add notes on a run without an error. @param {(HTMLElement | null)[]} paragraphs */
  note(paragraphs) {
    this.#names.after(...paragraphs.filter((paragraph) => paragraph !== null));
  }

  /** Add an element with a button at the end. @param {HTMLElement} offer */
  offer(offer) {
    this.#panel.append(offer);
  }

  get #section() {
    return /** @type {HTMLElement | null} */ (this.#panel.closest(".snippet"));
  }

  /** @param {boolean} hidden whether to hide the output of the last run */
  #hide(hidden) {
    const result = /** @type {HTMLElement | null | undefined} */ (this.#section?.querySelector(".result"));
    if (result) result.hidden = hidden;
  }

  /** A table with a row for every name in the recording, so that no row moves. */
  #table() {
    const table = make("table");
    const titles = [translate("Name"), translate("Type and shape"), translate("Value or range"), translate("Picture")];
    table.createTHead().insertRow().append(...titles.map((title) => make("th", { scope: "col" }, title)));
    for (const changed of [this.#recording.start, ...this.#recording.steps.map((step) => step.changed)]) {
      for (const [call, name] of changed) this.#addRow(table, this.#recording.calls[call].name, name);
    }
    return table;
  }

  /** @param {HTMLTableElement} table @param {string} title of its group @param {string} name */
  #addRow(table, title, name) {
    let group = this.#groups.get(title);
    if (group === undefined) {
      group = { body: table.createTBody(), rows: new Map() };
      this.#groups.set(title, group);
      const heading = make("th", { colSpan: 4, scope: "rowgroup" }, translate("In {name}", { name: title }));
      if (title !== "") group.body.append(make("tr", {}, heading));
    }
    if (group.rows.has(name)) return;
    const cells = ["type", "value", "thumbnail"].map((className) => make("td", { className }));
    const changed = make("span", { className: "changed" });
    const head = make("th", { scope: "row" }, make("code", {}, name), " ", changed);
    group.body.append(make("tr", {}, head, ...cells));
    group.rows.set(name, { cells, changed });
  }

  /** @param {number} at number of a step, limited to the first and last */
  #show(at) {
    const { steps, calls, error, printed } = this.#recording;
    this.#at = Math.max(0, Math.min(steps.length - 1, at));
    const step = steps[this.#at];
    const isLast = this.#at === steps.length - 1;
    const fails = error !== null && isLast;
    const ran = steps[this.#at - 1]?.line ?? null;
    const isNext = !fails && step.returned === undefined;
    this.#field.showStep({ next: isNext ? step.line : null, ran: isNext ? ran : step.line ?? ran, fails: fails ? step.line : null });
    this.#showNames(step.call, calls[step.call].name);
    this.#sentence.textContent = this.#said(step, fails);
    this.#place.textContent = translate("Step {number} of {count}", { number: inDigits(this.#at + 1), count: inDigits(steps.length) });
    this.#slider.valueAsNumber = this.#at;
    this.#slider.setAttribute("aria-valuetext", this.#place.textContent);
    this.#slider.style.setProperty("--value", String(this.#at / Math.max(1, steps.length - 1)));
    // Not `disabled`, which would take the focus from a reader who steps with Enter.
    this.#back.ariaDisabled = String(this.#at === 0);
    this.#forward.ariaDisabled = String(isLast);
    this.#iteration.ariaDisabled = String(this.#nextIteration() === null);
    if (this.#explanation !== null) this.#explanation.hidden = !isLast;
    setText(this.#output, withoutColours(printed.slice(0, step.printed) + (fails ? error.traceback : "")));
    this.#output.scrollTop = this.#output.scrollHeight;
    for (const scroller of [this.#names, this.#output]) scroller.tabIndex = scroller.scrollHeight > scroller.clientHeight ? 0 : -1;
  }

  /** @param {number} call that runs @param {string} name of its function */
  #showNames(call, name) {
    /** @type {Map<string, Described | null>} */
    const values = new Map();
    const { start, steps } = this.#recording;
    for (const changed of [start, ...steps.slice(0, this.#at + 1).map((step) => step.changed)]) {
      for (const [owner, each, value] of changed) values.set(`${owner} ${each}`, value);
    }
    const now = new Set(steps[this.#at].changed.map(([owner, each]) => `${owner} ${each}`));
    /** @type {HTMLElement | null} */
    let first = null;
    for (const [title, { body, rows }] of this.#groups) {
      body.hidden = title !== "" && title !== name;
      const owner = title === "" ? 0 : call;
      for (const [each, row] of rows) {
        const key = `${owner} ${each}`;
        fill(row, values.get(key) ?? null);
        row.changed.textContent = now.has(key) ? translate("changed") : "";
        if (now.has(key) && !body.hidden) first ??= row.changed;
      }
    }
    const row = first?.closest("tr");
    if (row) scrollTo(this.#names, row);
  }

  /** @param {Step} step @param {boolean} fails */
  #said(step, fails) {
    const changed = step.changed.flatMap(([call, name, value]) => {
      const isSeen = call === 0 || call === step.call;
      return isSeen ? [value?.text && value.text.length <= SHORT ? `${name} = ${value.text}` : name] : [];
    });
    const sentences = changed.length > 0 ? [translate("Changed: {names}.", { names: changed.join(", ") })] : [];
    return [...sentences, this.#saidOfLine(step, fails)].join(" ");
  }

  /** @param {Step} step @param {boolean} fails */
  #saidOfLine({ line, call, returned }, fails) {
    const { calls, error } = this.#recording;
    if (fails && error) return translate("Line {line} fails. {error}", { line: line ?? "", error: `${error.name}: ${error.message}`.slice(0, MAX_ERROR) });
    const value = returned ? inWords(returned) : "";
    if (line === null) return returned ? translate("The code has ended. Its value is {value}.", { value }) : translate("The code has ended.");
    if (returned) return translate("{name} returns {value}.", { name: calls[call].name, value });
    return translate("Line {line} is next.", { line });
  }

  /** The step that begins the next iteration of the innermost loop, or leaves the loop; null if there is none. */
  #nextIteration() {
    const { steps, calls, loops } = this.#recording;
    /** @type {number | null} */
    let call = steps[this.#at].call;
    for (let at = this.#at; call !== null && at >= 0; ) {
      const { line } = steps[at];
      const loop = loops.filter(([first, last]) => line !== null && first <= line && line <= last).at(-1);
      if (loop !== undefined) return nextIn(steps, this.#at, call, loop);
      /** @type {number | null} */
      const caller = calls[call].caller;
      at = steps.findLastIndex((step, i) => i < at && step.call === caller);
      call = caller;
    }
    return null;
  }
}

/**
 * @param {Step[]} steps @param {number} at @param {number} call @param {[number, number]} loop
 */
function nextIn(steps, at, call, [first, last]) {
  const next = steps.findIndex(({ line, call: other, returned }, i) => {
    if (i <= at || line === null) return i > at;
    return other === call && (line <= first || line > last || returned !== undefined);
  });
  return next < 0 ? null : next;
}

/** @param {Recording} recording @returns {string[]} its limits, for the reader */
function notesOn({ cut, steps, missing, fixed }) {
  const notes = [translate("This is a recording, made in a copy: your variables have not changed.")];
  if (cut === "steps") notes.push(translate("Cut after {number} steps: the rest of the run is not recorded.", { number: inDigits(steps.length) }));
  if (cut === "seconds") notes.push(translate("Cut after 2 s: the rest of the run is not recorded."));
  if (cut === "characters") notes.push(translate("Cut at 2 MB: the rest of the run is not recorded."));
  if (missing.length > 0) notes.push(translate("Missing here, because they cannot be copied: {names}.", { names: missing.join(", ") }));
  if (fixed.length > 0) notes.push(translate("Read-only here, because they are too large to be copied: {names}.", { names: fixed.join(", ") }));
  return notes;
}

/** @param {Row} row @param {Described | null} value null before it is set and after it is deleted */
function fill({ cells: [type, range, picture] }, value) {
  type.textContent = value ? typeOf(value) : "";
  range.textContent = value ? valueOf(value) : "";
  picture.replaceChildren(...(value?.cells ? [drawn(value.cells)] : []));
}

/** Type and shape as Python writes them: float64 (4, 3); for a list, its length. @param {Described} value */
function typeOf({ type, shape, low, cells }) {
  if (!shape) return type;
  const isVector = shape.length === 1 && (low !== undefined || cells !== undefined);
  return `${type} (${shape.join(", ")}${isVector ? "," : ""})`;
}

/** @param {Described} value */
function valueOf({ text, low, high, not_finite, same }) {
  const shared = same ? translate("(items {items} are the same array)", { items: same }) : "";
  if (text !== undefined) return `${text} ${shared}`.trim();
  const range = low === undefined ? "" : low === high ? low : `${low} … ${high}`;
  const others = not_finite ? translate("({number} not finite)", { number: inDigits(not_finite) }) : "";
  return `${range} ${others}`.trim();
}

/** @param {Described} value */
const inWords = (value) => (value.text && value.text.length <= SHORT ? value.text : typeOf(value));

/** A picture in the colour of the text. @param {string[]} cells */
function drawn(cells) {
  const [rows, columns] = [cells.length, cells[0].length];
  const svg = document.createElementNS(SVG, "svg");
  const scale = PICTURE / Math.max(rows, columns);
  svg.setAttribute("viewBox", `0 0 ${columns} ${rows}`);
  svg.setAttribute("width", String(Math.max(LEAST, scale * columns)));
  svg.setAttribute("height", String(Math.max(LEAST, scale * rows)));
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  for (const [y, row] of cells.entries()) {
    for (const [x, digit] of [...row].entries()) {
      if (digit === "0") continue;
      const cell = document.createElementNS(SVG, "rect");
      const place = { x, y, width: 1, height: 1, "fill-opacity": digit === "x" ? 1 : parseInt(digit, 16) / 15 };
      for (const [name, value] of Object.entries(place)) cell.setAttribute(name, String(value));
      if (digit === "x") cell.setAttribute("class", "not-finite");
      svg.append(cell);
    }
  }
  return svg;
}

/** Scroll an element, and not the page, to a part of it. @param {HTMLElement} scroller @param {HTMLElement} part */
function scrollTo(scroller, part) {
  const [outer, inner] = [scroller.getBoundingClientRect(), part.getBoundingClientRect()];
  const head = scroller.querySelector("thead")?.getBoundingClientRect().height ?? 0;
  if (inner.top < outer.top + head) scroller.scrollTop += inner.top - outer.top - head;
  else if (inner.bottom > outer.bottom) scroller.scrollTop += inner.bottom - outer.bottom;
}
