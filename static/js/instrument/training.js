/**
 * The buttons of an instrument that trains: run, one step, branch, and save for other instruments. The steps slider
 * shows the progress. Python trains a chunk of steps for each picture; this file decides how far to go.
 *
 * @import { InstrumentSpec } from "./spec.js"
 * @import { SliderSpec } from "./controls/slider.js"
 * @typedef {{steps: number, done: boolean}} Reached
 * @typedef {{
 *   ask: () => void,
 *   moved: (name: string) => void,
 *   say: (sentence: string) => void,
 *   train: () => Promise<string>,
 * }} Bench `ask`: request the next picture; `moved`: a control was set; `train`: the trained network, .npz as base64
 */
import { keep, kept, onKept } from "./kept.js";
import { saveFile } from "../elements.js";
import { setText } from "../text.js";
import { translate } from "../words.js";

const RATE_AFTER_MS = 500;

export class Training {
  isRunning = false;
  #spec;
  #names;
  #controls;
  #bench;
  #run;
  #most;
  #observer;
  #gone = new AbortController();
  /** Start of the run, from which its speed is computed. */
  #from = { steps: 0, time: 0 };

  /**
   * @param {HTMLElement} section
   * @param {InstrumentSpec} spec
   * @param {import("./controls.js").ControlPanel} controls
   * @param {Bench} bench
   */
  constructor(section, spec, controls, bench) {
    if (spec.training === null) throw new Error(`${spec.name} does not train.`);
    this.#spec = spec;
    this.#names = spec.training;
    this.#controls = controls;
    this.#bench = bench;
    this.#most = /** @type {SliderSpec} */ (spec.controls.find(({ name }) => name === this.#names.steps)).max;
    const button = (/** @type {string} */ action) => /** @type {HTMLElement} */ (section.querySelector(`[data-action="${action}"]`));
    this.#run = button("run");
    const { signal } = this.#gone;
    const onClick = (/** @type {HTMLElement} */ on, /** @type {() => void} */ react) => on.addEventListener("click", react, { signal });
    onClick(this.#run, () => (this.isRunning ? this.pause() : this.#start()));
    onClick(button("step"), () => this.#step());
    onClick(button("branch"), () => this.#branch());
    if (this.#names.saves) {
      const download = button("download");
      const offer = () => (download.hidden = kept() === null);
      onClick(button("keep"), () => this.#keep());
      onClick(download, () => save(kept(), `${spec.label}.npz`));
      offer();
      onKept(offer, signal);
    }
    document.addEventListener("visibilitychange", () => document.hidden && this.#rest(translate("Paused while the page was hidden")), { signal });
    this.#observer = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting || this.#rest(translate("Paused while out of sight")));
    this.#observer.observe(section);
  }

  destroy() {
    this.#stop();
    this.#observer.disconnect();
    this.#gone.abort();
  }

  /** Values to request instead of the controls' own. @returns {import("../python/protocol.js").Controls} */
  get target() {
    return this.isRunning ? { [this.#names.steps]: this.#most } : {};
  }

  /** React to a moved control: the steps slider stops the run. @param {string} name */
  follow(name) {
    if (name === this.#names.steps && this.isRunning) this.#stop();
    else if (this.isRunning) this.#from = { steps: Infinity, time: 0 };
  }

  /** Show the progress that a new picture reports. @param {Reached} reached @returns {string} a message, or "" */
  arrived({ steps, done }) {
    if (!this.isRunning) return done ? "" : translate("Step {number} of {count}", { number: steps, count: this.#steps });
    this.#controls.show({ [this.#names.steps]: steps });
    if (done) this.pause();
    const now = performance.now();
    if (steps < this.#from.steps) this.#from = { steps, time: now };
    const ms = now - this.#from.time;
    if (ms < RATE_AFTER_MS) return translate("Step {steps}", { steps });
    return translate("Step {steps}, {rate} steps a second", { steps, rate: Math.round((1000 * (steps - this.#from.steps)) / ms) });
  }

  pause() {
    if (!this.isRunning) return;
    this.#stop();
    this.#bench.moved(this.#names.steps);
  }

  get #steps() {
    return Number(this.#controls.values[this.#names.steps]);
  }

  #start() {
    if (this.#steps >= this.#most) return this.#bench.say(translate("The limit is {most} steps. Go back to an earlier one to continue", { most: this.#most }));
    this.isRunning = true;
    this.#from = { steps: this.#steps, time: performance.now() };
    setText(this.#run, translate("Pause"));
    this.#bench.ask();
  }

  #stop() {
    this.isRunning = false;
    setText(this.#run, translate("Run"));
  }

  /** @param {string} sentence */
  #rest(sentence) {
    if (!this.isRunning) return;
    this.pause();
    this.#bench.say(sentence);
  }

  #step() {
    if (this.isRunning) this.#stop();
    if (this.#steps < this.#most) this.#controls.move(this.#names.steps, this.#steps + 1);
  }

  /** Start a branch at the current step, initially with the same settings. */
  #branch() {
    if (this.isRunning) this.#stop();
    const { values } = this.#controls;
    const later = Object.entries(this.#names.later).map(([name, control]) => [control, values[name]]);
    this.#controls.show({ [this.#names.branch]: "on", [this.#names.at]: this.#steps, ...Object.fromEntries(later) });
    this.#bench.moved(this.#names.at);
    this.#bench.say(translate("A branch starts at step {steps}. Change the settings from there on, then run", { steps: this.#steps }));
  }

  async #keep() {
    this.pause();
    try {
      const npz = await this.#bench.train();
      const isSaved = keep(npz);
      if (isSaved) document.dispatchEvent(new CustomEvent("trained", { detail: { label: this.#spec.label } }));
      this.#bench.say(
        isSaved
          ? translate("Saved at step {steps}. Other instruments offer it as “Yours”", { steps: this.#steps })
          : translate("This browser does not store it. Allow storage for this page, or free some, and save it again"),
      );
    } catch (error) {
      this.#bench.say(translate("It could not be saved: {why}", { why: error instanceof Error ? error.message : String(error) }));
    }
  }
}

/** @param {string | null} npz as base64 @param {string} name */
function save(npz, name) {
  if (npz === null) return;
  const bytes = Uint8Array.from(atob(npz), (character) => character.charCodeAt(0));
  saveFile(name, new Blob([bytes], { type: "application/octet-stream" }));
}
