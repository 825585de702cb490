/**
 * A snippet: code that the reader can edit and run, and its output.
 * @typedef {import("../python/page/job.js").RunError} RunError
 */
import { CodeField } from "./code-field.js";
import { CellOutput } from "./cell-output.js";
import { letOthersRun, missingFor, noteDone, offerFor, runInOrder } from "./prerequisites.js";
import { runtime } from "../python/page/runtime.js";
import { fingerprint, read, remove, write } from "../store.js";
import { decimalPlaces, inDigits, translate } from "../words.js";

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
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #clock;
  #gone = new AbortController();

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
    this.output = new CellOutput(/** @type {HTMLElement} */ (section.querySelector("[data-output]")), (line) => {
      this.field.focusLine(line);
    });
    this.status = /** @type {HTMLElement} */ (section.querySelector("[data-status]"));
    this.runButton = /** @type {HTMLElement} */ (section.querySelector('[data-action="run"]'));
    this.stopButton = /** @type {HTMLElement} */ (section.querySelector('[data-action="stop"]'));
    /** The status of the recorded output. */
    this.recorded = this.status.textContent ?? "";
    this.#onClick("run", () => this.run());
    this.#onClick("stop", () => this.#stop?.abort());
    this.#onClick("reset", () => this.#reset());
    this.#onClick("copy", (button) => copy(this.field.text, button));
    this.leaveOthers = letOthersRun(this.label, (signal) => this.run(signal));
    section.addEventListener("focus-cell", () => this.field.focus());
    runtime.addEventListener("lost", () => this.#lost(), { signal: this.#gone.signal });
    this.#recall();
    this.#showEdited();
  }

  /** Shows the last output of a reader's edit, if it is stored. */
  #recall() {
    const kept = this.field.edited ? read("output", this.label) : null;
    if (kept?.code !== fingerprint(this.field.text)) return;
    this.output.replay(kept.pieces);
    this.#say("recalled", translate("Output of your last run"));
  }

  /** Stores the output of an edit; the recorded output is in the page. @param {string} code that ran */
  #keepOutput(code) {
    const { pieces } = this.output;
    if (code === this.field.text && this.field.edited && pieces !== null) {
      write("output", this.label, { code: fingerprint(code), pieces });
    } else {
      remove("output", this.label);
    }
  }

  /** The page is left: a running snippet is stopped, because the next page's code would wait for it. */
  destroy() {
    this.#gone.abort();
    this.leaveOthers();
    this.#stop?.abort();
    this.field.destroy();
  }

  /** @param {string} action @param {(button: HTMLElement) => void} run */
  #onClick(action, run) {
    for (const button of this.section.querySelectorAll(`[data-action="${action}"]`)) {
      button.addEventListener("click", () => run(/** @type {HTMLElement} */ (button)));
    }
  }

  /** @param {"recorded" | "recalled" | "running" | "done" | "error" | "stopped"} state @param {string} sentence */
  #say(state, sentence) {
    this.#show(state);
    this.status.textContent = sentence;
  }

  /**
   * Run and Stop replace each other, so the focus moves along. The seconds of a run are not read out, its end is.
   * @param {"recorded" | "recalled" | "running" | "done" | "error" | "stopped"} state
   */
  #show(state) {
    const held = [this.runButton, this.stopButton].some((button) => button === document.activeElement);
    this.section.dataset.state = state;
    this.status.setAttribute("aria-live", state === "running" ? "off" : "polite");
    if (held) (state === "running" ? this.stopButton : this.runButton).focus();
  }

  #showEdited() {
    this.section.toggleAttribute("data-edited", this.field.edited);
    this.section.toggleAttribute("data-stale", this.field.stale);
    if (this.section.dataset.state === "recorded") this.status.textContent = this.#ofTheBook();
    if (!this.field.kept) this.status.textContent = translate("This browser does not save your edit. Copy it before you leave");
  }

  /** The label of the recorded output, which may appear under a reader's edit. */
  #ofTheBook() {
    if (!this.field.edited) return this.recorded;
    return this.recorded === translate("Recorded output")
      ? translate("Recorded output of the book’s code, not of yours")
      : translate("Your code has not run yet");
  }

  /**
   * Runs it, unless it is running.
   *
   * @param {AbortSignal} [signal] stops it, as its own button does
   * @returns {Promise<RunError | null>} why it did not finish
   */
  run(signal) {
    this.#running ??= this.#run(signal).finally(() => (this.#running = null));
    return this.#running;
  }

  /** @param {AbortSignal} [signal] @returns {Promise<RunError | null>} */
  async #run(signal) {
    this.#stop = new AbortController();
    const stops = signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal]);
    this.#runs += 1;
    this.output.begin();
    this.field.markError(null);
    let start = performance.now();
    let started = false;
    const code = this.field.text;
    const tick = () => {
      const seconds = Math.floor((performance.now() - start) / 1000);
      if (started) this.#say("running", runningFor(seconds));
      else this.#say("running", runtime.ready ? translate("Waiting for the code that is running") : translate("Waiting: {why}", { why: runtime.sentence }));
    };
    this.#clock = setInterval(tick, 250);
    this.#show("running");
    try {
      await runtime.request(
        { type: "run_cell", scope: this.scope, code, filename: this.label },
        {
          signal: stops,
          onStart: () => {
            start = performance.now();
            started = true;
            tick();
          },
          onStream: (name, text) => this.output.stream(name, text),
          onDisplay: (mime, data) => this.output.display(mime, data),
        },
      );
      noteDone(this.label);
      const time = duration(performance.now() - start);
      const runs = this.#runs;
      this.#finish("done", runs > 1 ? translate("Ran in {time}, run {runs}", { time, runs }) : translate("Ran in {time}", { time }));
      this.#keepOutput(code);
      return null;
    } catch (error) {
      this.#fail(/** @type {RunError} */ (error), performance.now() - start);
      this.#keepOutput(code);
      return /** @type {RunError} */ (error);
    }
  }

  /** Runs the earlier snippets that this one needs, then this one. @param {import("./prerequisites.js").Entry[]} earlier */
  async #runAfter(earlier) {
    if (this.#stop !== null) return;
    const stop = (this.#stop = new AbortController());
    this.output.begin();
    this.field.markError(null);
    const start = performance.now();
    const failed = await runInOrder(earlier, this.scope, stop.signal, (sentence) => this.#say("running", sentence));
    this.#stop = null;
    if (failed === null) {
      this.run();
    } else if (failed.error.kind === "interrupted") {
      this.#fail(failed.error, performance.now() - start);
    } else {
      this.output.error(failed.error.traceback, null);
      this.#finish("error", translate("Not run: snippet {number} stopped with {error}", { number: failed.entry.number, error: failed.error.name }));
    }
  }

  /** @param {"done" | "error" | "stopped"} state @param {string} sentence */
  #finish(state, sentence) {
    clearInterval(this.#clock);
    this.#stop = null;
    this.output.finish();
    this.#say(state, sentence);
  }

  /** @param {RunError} error @param {number} ms */
  #fail(error, ms) {
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
    missingFor(error, this.scope, this.label).then((missing) => {
      if (missing === null || runs !== this.#runs || this.#stop !== null) return; // the reader has moved on
      this.output.offer(offerFor(missing, () => this.#runAfter(missing.toRun)));
    });
  }

  /** A restart of Python has lost this snippet's variables. */
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

/** @param {number} time in whole seconds */
const runningFor = (time) => (time === 0 ? translate("Running") : translate("Running, {time} s", { time }));

/** @param {number} ms */
export function duration(ms) {
  return ms < 1000
    ? translate("{time} ms", { time: Math.max(1, Math.round(ms)) })
    : translate("{time} s", { time: inDigits(ms / 1000, decimalPlaces(1)) });
}

/** @param {string} text @param {HTMLElement} button */
async function copy(text, button) {
  const name = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = translate("Copied");
  } catch {
    button.textContent = translate("Not allowed");
  }
  setTimeout(() => (button.textContent = name), 2_000);
}

/** @param {HTMLElement} section */
function focusNextCell(section) {
  const all = [...document.querySelectorAll("section[data-cell]")];
  all[all.indexOf(section) + 1]?.dispatchEvent(new Event("focus-cell"));
}
