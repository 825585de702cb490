/**
 * A snippet: code that the reader can edit and run, and its output.
 * @import { RunError } from "../python/page/job.js"
 * @typedef {"recorded" | "recalled" | "running" | "done" | "error" | "stopped"} State
 */
import { CodeField } from "./code-field.js";
import { CellOutput } from "./cell-output.js";
import { letOthersRun, missingFor, noteDone, offerFor, runInOrder } from "./prerequisites.js";
import { button, copy, make, writeClipboard } from "../elements.js";
import { explained } from "../explain/explain.js";
import { fingerprint } from "../fingerprint.js";
import { runtime } from "../python/page/runtime.js";
import { loadSheet } from "../sheet.js";
import { read, remove, write } from "../store.js";
import { decimalPlaces, inDigits, translate } from "../words.js";

/** Most lines of code that can be stepped through, as in widgets/engine/steps.py. */
const MAX_LINES = 40;

/** @param {HTMLElement} section @returns {() => void} its cleanup function */
export function mountCell(section) {
  const cell = new Cell(section);
  return () => cell.destroy();
}

class Cell {
  #runs = 0;
  /** @type {Promise<RunError | null> | null} */
  #running = null;
  /** @type {AbortController | null} */
  #stop = null;
  #clock = 0;
  /** When Python started the current request. */
  #start = 0;
  /** Set while the reader steps through the code. @type {import("./steps.js").Steps | null} */
  #steps = null;
  #gone = new AbortController();
  /** State of the origin notice: whether the code came with a link, number of stored own versions. */
  #origin = "false 0";

  /** @param {HTMLElement} section */
  constructor(section) {
    this.section = section;
    this.label = section.dataset.cell ?? "";
    this.scope = section.dataset.scope ?? "";
    const title = section.querySelector(".title")?.textContent?.trim() ?? "";
    this.field = new CodeField(/** @type {HTMLElement} */ (section.querySelector(".source")), {
      key: this.label,
      label: translate("Code: {title}", { title }),
      onChange: () => this.#showEdited(),
      onRun: (advance) => {
        this.run();
        if (advance) focusNextCell(section);
      },
      onTrouble: (sentence) => (this.status.textContent = sentence),
    });
    const place = /** @type {HTMLElement} */ (section.querySelector("[data-output]"));
    const { scrolls: output = "", alt = output } = place.dataset;
    this.output = new CellOutput(
      place,
      (line) => this.field.focusLine(line),
      () => (this.field.edited ? output : alt),
    );
    this.status = /** @type {HTMLElement} */ (section.querySelector("[data-status]"));
    this.runButton = /** @type {HTMLElement} */ (section.querySelector('[data-action="run"]'));
    this.stopButton = /** @type {HTMLElement} */ (section.querySelector('[data-action="stop"]'));
    /** The status of the recorded output. */
    this.recorded = this.status.textContent ?? "";
    this.#onClick("run", () => this.run());
    this.#onClick("stop", () => this.#stop?.abort());
    this.#onClick("reset", () => this.#reset());
    this.#onClick("copy", (button) => copy(this.field.text, button));
    this.stepButton = this.#offerSteps();
    this.leaveOthers = letOthersRun(this.label, (signal) => this.run(signal));
    section.addEventListener("focus-cell", () => this.field.focus());
    section.addEventListener("linked-code", async (event) => {
      (await import("./code-link.js")).offerLinked(this.section, this.field, /** @type {CustomEvent} */ (event).detail);
    });
    this.#offerLink();
    runtime.addEventListener("lost", () => this.#lost(), { signal: this.#gone.signal });
    this.#recall();
    this.#showEdited();
  }

  /** Show the last output of a reader's edit, if it is stored. */
  #recall() {
    const kept = this.field.edited ? read("output", this.label) : null;
    if (kept?.code !== fingerprint(this.field.text)) return;
    this.output.replay(kept.pieces);
    this.#say("recalled", translate("Output of your last run"));
  }

  /** Store the output of an edit; the recorded output is in the page. @param {string} code that ran */
  #keepOutput(code) {
    const { pieces } = this.output;
    if (code === this.field.text && this.field.edited && pieces !== null) {
      write("output", this.label, { code: fingerprint(code), pieces });
    } else {
      remove("output", this.label);
    }
  }

  /** Clean up when the reader leaves the page. Stop a running snippet: the next page's code would wait for it. */
  destroy() {
    this.#gone.abort();
    this.leaveOthers();
    this.#stop?.abort();
    this.#closeSteps();
    this.field.destroy();
  }

  /** @param {string} action @param {(button: HTMLElement) => void} run */
  #onClick(action, run) {
    for (const button of this.section.querySelectorAll(`[data-action="${action}"]`)) {
      button.addEventListener("click", () => run(/** @type {HTMLElement} */ (button)));
    }
  }

  /** @param {State} state @param {string} sentence */
  #say(state, sentence) {
    this.#show(state);
    this.status.textContent = sentence;
  }

  /** The state and its sentence. @returns {[State, string]} */
  get #said() {
    return [/** @type {State} */ (this.section.dataset.state), this.status.textContent ?? ""];
  }

  /**
   * Run and Stop replace each other, so move the focus along. Screen readers announce only the end of a run.
   * @param {State} state
   */
  #show(state) {
    const held = [this.runButton, this.stopButton].some((button) => button === document.activeElement);
    this.section.dataset.state = state;
    this.status.setAttribute("aria-live", state === "running" ? "off" : "polite");
    if (held) (state === "running" ? this.stopButton : this.runButton).focus();
  }

  #showEdited() {
    this.#closeSteps();
    this.#showOrigin();
    this.stepButton.hidden = !this.field.edited && linesOf(this.field.text) > MAX_LINES;
    this.section.toggleAttribute("data-edited", this.field.edited);
    this.section.toggleAttribute("data-stale", this.field.stale);
    if (this.section.dataset.state === "recorded") this.status.textContent = this.#ofTheBook();
    if (!this.field.kept) this.status.textContent = translate("This browser does not save your edit. Copy it before you leave");
  }

  /** Report that the code came with a link, and offer the reader's own version. */
  async #showOrigin() {
    const state = `${this.field.linked !== ""} ${this.field.own.length}`;
    if (state === this.#origin) return;
    this.#origin = state;
    (await import("./code-link.js")).showOrigin(this.section, this.field);
  }

  /** The button that copies a link to the reader's version. */
  #offerLink() {
    const place = this.section.querySelector(".mark");
    const link = this.section.querySelector(".heading .permalink");
    if (place === null || !(link instanceof HTMLAnchorElement)) return;
    const onClick = async () => {
      const linked = { label: this.label, base: this.field.base, code: this.field.text };
      const address = import("./code-link.js").then(({ linkTo }) => linkTo(link, linked));
      const copied = writeClipboard(address).then(() => translate("Link copied"), () => translate("Not allowed"));
      this.status.textContent = await address.then(() => copied, (error) => error.message);
    };
    const title = translate("Copy a link to this code");
    // A longer word would break the line when the reader begins to edit.
    place.append(button(translate("Link"), onClick, { className: "quiet", ariaLabel: title, title }));
  }

  /** The label of the recorded output, which may appear under a reader's edit. */
  #ofTheBook() {
    if (!this.field.edited) return this.recorded;
    return this.recorded === translate("Recorded output")
      ? translate("Recorded output of the book’s code, not of yours")
      : translate("Your code has not run yet");
  }

  /**
   * Run the snippet, unless it is already running.
   *
   * @param {AbortSignal} [signal] stops it, as its own button does
   * @returns {Promise<RunError | null>} the error that stopped it
   */
  run(signal) {
    this.#running ??= this.#run(signal).finally(() => (this.#running = null));
    return this.#running;
  }

  /** @param {AbortSignal} [signal] @returns {Promise<RunError | null>} */
  async #run(signal) {
    this.#closeSteps();
    this.#runs += 1;
    this.output.begin();
    this.field.markError(null);
    const code = this.field.text;
    try {
      const notes = await this.#ask({ type: "run_cell", scope: this.scope, code, filename: this.label }, signal);
      noteDone(this.label);
      this.#record("done");
      const time = duration(performance.now() - this.#start);
      const runs = this.#runs;
      this.#finish("done", runs > 1 ? translate("Ran in {time}, run {runs}", { time, runs }) : translate("Ran in {time}", { time }));
      this.#keepOutput(code);
      this.#note(notes ?? [], code);
      return null;
    } catch (error) {
      this.#fail(/** @type {RunError} */ (error), performance.now() - this.#start, code);
      this.#keepOutput(code);
      this.#record(/** @type {RunError} */ (error).kind === "interrupted" ? "stopped" : "error");
      return /** @type {RunError} */ (error);
    }
  }

  /**
   * Show notes under the output of a run without an error.
   * @param {import("../explain/explain.js").Explanation[]} notes @param {string} code that ran
   */
  async #note(notes, code) {
    if (notes.length === 0) return;
    const runs = this.#runs;
    const paragraphs = await Promise.all(notes.map(explained));
    if (runs !== this.#runs || this.#stop !== null) return;
    const said = this.output.note(paragraphs, notes);
    this.#announce(said);
    this.#keepOutput(code);
  }

  /** @param {"done" | "error" | "stopped"} verdict */
  async #record(verdict) {
    (await import("../study/log.js")).recordRun(this.label, verdict);
  }

  /**
   * Send the code to Python. Until it answers, the status line shows the seconds and Stop can end the run.
   *
   * @param {import("../python/page/job.js").Message} message
   * @param {AbortSignal} [signal]
   */
  #ask(message, signal) {
    const stop = (this.#stop = new AbortController());
    this.#start = performance.now();
    let started = false;
    const tick = () => {
      const seconds = Math.floor((performance.now() - this.#start) / 1000);
      if (started) this.#say("running", runningFor(seconds));
      else this.#say("running", runtime.ready ? translate("Waiting for the code that is running") : translate("Waiting: {why}", { why: runtime.sentence }));
    };
    this.#clock = setInterval(tick, 250);
    this.#show("running");
    return runtime.request(message, {
      signal: signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]),
      onStart: () => {
        this.#start = performance.now();
        started = true;
        tick();
      },
      onStream: (name, text) => message.type === "run_cell" && this.output.stream(name, text),
      onDisplay: (mime, data) => this.output.display(mime, data),
    });
  }

  /** The button that records a run and shows it step by step. */
  #offerSteps() {
    const made = button(translate("Step through"), () => this.#step(), { className: "quiet" });
    made.dataset.action = "step";
    this.section.querySelector(".result > .line")?.append(made);
    return made;
  }

  async #step() {
    if (this.#stop !== null) return;
    const code = this.field.text;
    const lines = linesOf(code);
    if (lines > MAX_LINES) {
      this.status.textContent = translate("Only code of at most {most} lines can be stepped through. This has {lines}", { most: MAX_LINES, lines });
      return;
    }
    const [state, sentence] = this.#said;
    this.field.markError(null);
    const files = Promise.all([import("./steps.js"), this.field.open(), loadSheet("steps.css")]).catch(() => null);
    let answer;
    try {
      answer = await this.#ask({ type: "step_cell", scope: this.scope, code, filename: this.label });
    } catch (error) {
      const failed = /** @type {RunError} */ (error);
      if (failed.kind !== "interrupted") this.output.begin();
      return this.#fail(failed, performance.now() - this.#start, code);
    }
    this.#end(state, sentence);
    const loaded = await files;
    if (loaded === null) {
      this.status.textContent = translate("A file could not be loaded. Check the connection, then try again");
      return;
    }
    if (loaded[1] === null || this.#gone.signal.aborted || this.#stop !== null || code !== this.field.text) return;
    const recording = JSON.parse(answer);
    this.#steps = new loaded[0].Steps(this.section, this.field, recording, () => {
      this.#steps = null;
      this.stepButton.focus();
    });
    if (recording.error !== null) this.#helpWith(recording.error, this.#steps);
    this.#steps.note(await Promise.all(recording.notes.map(explained)));
  }

  /**
   * Help with a failed recording: offer to run the snippets that define a missing name, or explain the error.
   * @param {RunError} error @param {import("./steps.js").Steps} steps
   */
  async #helpWith(error, steps) {
    const missing = await missingFor(error, this.scope, this.label);
    if (missing === null) {
      const paragraph = await explained(error.explanation);
      if (paragraph !== null) steps.explain(paragraph);
      return;
    }
    const [state, sentence] = this.#said;
    const run = async () => {
      this.#closeSteps();
      if (!(await this.#runEarlier(missing.toRun))) return;
      this.#end(state, sentence);
      this.#step();
    };
    steps.offer(offerFor(missing, run));
  }

  #closeSteps() {
    this.#steps?.close();
    this.#steps = null;
  }

  /** Run the earlier snippets that this one needs, then this one. @param {import("./prerequisites.js").Entry[]} earlier */
  async #runAfter(earlier) {
    if (await this.#runEarlier(earlier)) this.run();
  }

  /** @param {import("./prerequisites.js").Entry[]} earlier @returns {Promise<boolean>} whether all have run */
  async #runEarlier(earlier) {
    if (this.#stop !== null) return false;
    const stop = (this.#stop = new AbortController());
    this.output.begin();
    this.field.markError(null);
    const start = performance.now();
    const failed = await runInOrder(earlier, this.scope, stop.signal, (sentence) => this.#say("running", sentence));
    this.#stop = null;
    if (failed === null) {
      return true;
    } else if (failed.error.kind === "interrupted") {
      this.#fail(failed.error, performance.now() - start, this.field.text);
    } else {
      this.output.error(failed.error.traceback, null);
      this.output.explain(failed.error.explanation);
      this.#finish("error", translate("Not run: snippet {number} stopped with {error}", { number: failed.entry.number, error: failed.error.name }));
    }
    return false;
  }

  /** @param {"done" | "error" | "stopped"} state @param {string} sentence */
  #finish(state, sentence) {
    this.output.finish();
    this.#end(state, sentence);
  }

  /** @param {State} state @param {string} sentence */
  #end(state, sentence) {
    clearInterval(this.#clock);
    this.#stop = null;
    this.#say(state, sentence);
  }

  /** @param {RunError} error @param {number} ms @param {string} code that ran */
  #fail(error, ms, code) {
    if (error.kind === "interrupted") {
      const time = duration(ms);
      const after = error.message === translate("Stopped.") ? translate("Stopped after {time}.", { time }) : error.message;
      this.#finish("stopped", error.keepsVariables ? `${after} ${translate("Variables are kept")}` : after);
      return;
    }
    this.output.error(error.traceback || `${error.name}: ${error.message}`, error.line);
    this.field.markError(error.line);
    this.#finish("error", error.line === null ? translate("Stopped: {error}", { error: error.name }) : translate("Stopped at line {line}", { line: error.line }));
    const runs = this.#runs;
    const hasMovedOn = () => runs !== this.#runs || this.#stop !== null;
    missingFor(error, this.scope, this.label).then(async (missing) => {
      if (hasMovedOn()) return;
      if (missing !== null) return this.output.offer(offerFor(missing, () => this.#runAfter(missing.toRun)));
      const sentence = await this.output.explain(error.explanation);
      if (sentence === "" || hasMovedOn()) return;
      this.#announce(sentence);
      this.#keepOutput(code);
    });
  }

  /** Make screen readers announce text from under the output, after the status. @param {string} text */
  #announce(text) {
    this.status.append(make("span", { className: "visually-hidden" }, ` ${text}`));
  }

  /** Report that a restart of Python has lost this snippet's variables. */
  #lost() {
    if (this.#runs > 0 && this.#stop === null) this.#say("stopped", translate("Python was restarted: its variables are lost. Run it again"));
  }

  #reset() {
    this.field.reset();
    this.#runs = 0;
    this.output.restore();
    remove("output", this.label);
    if (this.#stop === null) this.#say("recorded", this.recorded);
  }
}

/** @param {string} code */
const linesOf = (code) => code.trimEnd().split("\n").length;

/** @param {number} time in whole seconds */
const runningFor = (time) => (time === 0 ? translate("Running") : translate("Running, {time} s", { time }));

/** @param {number} ms */
export function duration(ms) {
  return ms < 1000
    ? translate("{time} ms", { time: Math.max(1, Math.round(ms)) })
    : translate("{time} s", { time: inDigits(ms / 1000, decimalPlaces(1)) });
}

/** @param {HTMLElement} section */
function focusNextCell(section) {
  const all = [...document.querySelectorAll("section[data-cell]")];
  all[all.indexOf(section) + 1]?.dispatchEvent(new Event("focus-cell"));
}
