/**
 * One instrument: controls, picture and readouts, with Python between them. If the answer is cached, the picture follows
 * the controls within a frame. Otherwise Python answers one request at a time and only the newest one waits. Meanwhile
 * the last good picture stays.
 *
 * @import { FrameValue, Controls } from "../python/protocol.js"
 * @import { InstrumentSpec } from "./spec.js"
 * @import { Surroundings } from "./surroundings.js"
 * @typedef {{key: string, values: Controls, place: number}} Question `place`: its number among all requests
 */
import { Answers, neighbours } from "./answers.js";
import { ControlPanel } from "./controls.js";
import { takeFirst } from "./first-question.js";
import { offerPictures } from "./keep-picture.js";
import { onKept } from "./kept.js";
import { Picture, checkFigures } from "./picture.js";
import { Plate } from "./plate.js";
import { RunError } from "../python/page/job.js";
import { ownState } from "./spec.js";
import { SourcePanel } from "./source-panel.js";
import { questionOf } from "./question.js";
import { carriedOver, readState, redeclared, tooLong, writeState } from "./state.js";
import { Training } from "./training.js";
import { setText } from "../text.js";
import { translate } from "../words.js";

const MEASURE = "latentbook-answer"; // tools/bench/frames.js reads it
const BUSY_MS = 100;
const AHEAD_MS = 50;
/** A notice, such as "Link copied", stays for at least this long. */
const NOTICE_MS = 2_000;
const ADDRESS_MS = 300;
const SPEAK_MS = 500;
/** Slower instruments do not compute ahead: a live request would wait for a picture that may never be needed. */
const SLOW_MS = 60;
/** States in which the picture matches the controls. */
const SETTLED = ["live", "offline", "refused"];

export class LiveInstrument {
  #answers = new Answers();
  /** @type {Question | null} */
  #next = null;
  /** @type {{source: string | null, stop: AbortController} | null} */
  #underWay = null;
  #asked = 0;
  #shown = 0;
  /** Counts changes of the code and every time all answers are discarded. */
  #edition = 1;
  /** Values that the reader previews without setting them. @type {Controls | null} */
  #look = null;
  /** The version of the code whose declaration the plate shows. @type {string | null} */
  #declarer = null;
  /** @type {FrameValue | null} */
  #frame = null;
  /** The shortest time of an answer so far, in ms; the first answer also loads data. */
  #fastest = Infinity;
  /** Control whose next values are computed ahead. @type {string | null} */
  #ahead = null;
  #aheadRuns = false;
  #clock = 0;
  #aheadTimer = 0;
  #addressTimer = 0;
  #speakTimer = 0;
  #gone = new AbortController();
  /** When the last notice appeared. */
  #noticed = -Infinity;
  #status;
  #note;
  /** Elements of the readouts, by key. @type {Map<string, Element>} */
  #places = new Map();

  #python;
  #server;
  #address;

  /** @param {HTMLElement} section @param {Surroundings} surroundings */
  constructor(section, { python, server, address }) {
    this.section = section;
    this.#python = python;
    this.#server = server;
    this.#address = address;
    this.#status = section.querySelector("[data-status]");
    this.#note = section.querySelector("[data-note]");
    /** The book's own declaration. @type {InstrumentSpec} */
    this.own = JSON.parse(section.dataset.spec ?? "");
    this.spec = this.own;
    this.plate = new Plate(section, this.own);
    const asked = readState(address.search(this.spec), this.spec);
    const place = /** @type {HTMLElement} */ (section.querySelector(".controls"));
    this.controls = this.#panelOf({ ...ownState(this.spec), ...asked.values });
    this.picture = new Picture(section, this.spec, this.#bench());
    this.finer = this.#finerTiles();
    this.served = server?.frame((frame) => this.#showServed(frame), (state, sentence) => this.#say(state, sentence));
    this.#findPlaces();
    this.source = new SourcePanel(section, this.spec, python, () => this.#askAnew(), () => this.#underWay?.stop.abort());

    this.training = this.#trainingOf();
    if (this.spec.controls.some((control) => control.yours)) {
      onKept(() => this.#forget(), this.#gone.signal);
    }

    for (const type of ["focusin", "pointerover"]) {
      place.addEventListener(type, (event) => this.#foresee(this.controls.controlOf(event)));
    }
    this.#onClick("reset", () => this.#reset());
    this.#onClick("link", () => this.#copyLink());
    offerPictures(section, this.spec, () => this.#frame, (sentence) => this.#say(null, sentence));
    this.#python.addEventListener("status", () => this.#followRuntime(), { signal: this.#gone.signal });
    this.#python.addEventListener("spoiled", () => this.#askAnew(), { signal: this.#gone.signal });

    const [moved] = Object.keys(this.controls.moved);
    const wanted = Object.keys(asked.values).length > 0 || this.source.edited;
    if (moved !== undefined) this.#moved(moved);
    else if (wanted || this.#python.ready) this.#ask(wanted);
    for (const [name, problem] of Object.entries(asked.problems)) this.controls.tell(name, problem);
  }

  /** @param {Controls} values */
  #panelOf(values) {
    const place = /** @type {HTMLElement} */ (this.section.querySelector(".controls"));
    return new ControlPanel(place, this.spec, values, (name) => this.#moved(name));
  }

  #trainingOf() {
    return this.spec.training && new Training(this.section, this.spec, this.controls, this.#trainingBench());
  }

  #finerTiles() {
    return this.#server?.tiles(this.picture, (state, sentence) => this.#say(state, sentence));
  }

  #findPlaces() {
    this.#places.clear();
    for (const place of this.section.querySelectorAll("[data-readout]")) {
      this.#places.set(/** @type {HTMLElement} */ (place).dataset.readout ?? "", place);
    }
  }

  /**
   * The declaration by a version of the code; the spec object in use if both are equal.
   *
   * @param {string | null} source
   * @param {AbortSignal} signal
   */
  async #declaredBy(source, signal) {
    if (source === null) return this.own;
    const spec = redeclared(this.own, await this.#python.request({ type: "widget_declaration", widget: this.spec.name, source }, { signal }));
    return JSON.stringify(spec) === JSON.stringify(this.spec) ? this.spec : spec;
  }

  /** The current state, adapted to a different declaration. @param {InstrumentSpec} spec */
  #carriedOver(spec) {
    return carriedOver(spec, this.spec, this.controls.values, this.#address.search(this.spec));
  }

  /** Rebuild the plate for a different declaration. @param {InstrumentSpec} spec */
  #redeclare(spec) {
    const values = this.#carriedOver(spec); // the reader may have moved a control since the frame was requested
    this.training?.destroy();
    this.controls.destroy();
    this.finer?.destroy();
    this.picture.destroy();
    this.spec = spec;
    this.plate.show(spec);
    this.controls = this.#panelOf(values);
    this.training = this.#trainingOf();
    this.picture = new Picture(this.section, spec, this.#bench());
    this.finer = this.#finerTiles();
    this.#findPlaces();
    this.#look = null;
    if (this.#next !== null) this.#next = this.#question();
    this.#writeAddress();
  }

  /** Clean up when the reader leaves the page: no more requests or drawings. */
  destroy() {
    this.#gone.abort();
    this.#next = null;
    this.#ahead = null;
    if (globalThis.crossOriginIsolated) this.#underWay?.stop.abort(); // an interrupt is cheap; a restart is not
    for (const timer of [this.#clock, this.#aheadTimer, this.#addressTimer, this.#speakTimer]) clearTimeout(timer);
    this.training?.destroy();
    this.controls.destroy();
    this.finer?.destroy();
    this.served?.destroy();
    this.source.destroy();
    this.picture.destroy();
  }

  /** @param {string} action @param {() => void} run */
  #onClick(action, run) {
    this.section.querySelector(`[data-action="${action}"]`)?.addEventListener("click", run);
  }

  /** @param {string | null} state null leaves the state as it is @param {string} sentence */
  #say(state, sentence) {
    this.#noticed = state === null ? performance.now() : -Infinity;
    if (state !== null && this.section.dataset.state !== state) this.section.dataset.state = state;
    setText(this.#status, sentence);
  }

  /** Like `#say`, but keep a recent notice instead of the sentence. @param {string} state @param {string} sentence */
  #sayInPassing(state, sentence) {
    if (performance.now() < this.#noticed + NOTICE_MS) this.section.dataset.state = state;
    else this.#say(state, sentence);
  }

  /** The interface for the panels. @returns {import("./panels/types.js").Bench} */
  #bench() {
    return {
      values: () => this.controls.values,
      home: (name) => ownState(this.spec)[name],
      move: (name, value) => this.controls.move(name, value),
      look: (changed) => {
        this.#look = changed;
        this.#ask(false);
      },
      compute: (changed) => this.#compute({ ...this.controls.values, ...changed }, { background: true }),
      edition: () => (this.source.edited ? this.#edition : 0),
      shown: (panel) => this.#frame?.panels.find(({ key }) => key === panel),
      server: this.#server,
      report: () => this.#report(),
    };
  }

  /** @returns {import("./training.js").Bench} */
  #trainingBench() {
    return {
      ask: () => this.#ask(true),
      moved: (name) => this.#moved(name),
      say: (sentence) => this.#say(null, sentence),
      train: () => {
        const { name } = this.spec;
        return this.#python.request({ type: "keep_trained", widget: name, controls: this.controls.values, source: this.source.text });
      },
    };
  }

  /** @param {string} name */
  #moved(name) {
    this.training?.follow(name);
    this.picture.follow();
    this.#ahead = name;
    this.#ask(true);
    clearTimeout(this.#addressTimer);
    this.#addressTimer = setTimeout(() => this.#writeAddress(), ADDRESS_MS);
    clearTimeout(this.#speakTimer);
    this.#speakTimer = setTimeout(() => this.#speak(), SPEAK_MS);
  }

  #reset() {
    this.set(ownState(this.spec));
  }

  /** Set some controls, as the reader would. @param {Controls} values */
  set(values) {
    this.picture.lookAway();
    this.controls.show(values);
    this.#moved(this.#ahead ?? "");
  }

  /** Discard all answers so far. */
  #forget() {
    this.#edition++;
    this.#answers.clear();
    this.#ask(false);
  }

  /** Invalidate all answers: the code was changed, or Python was damaged. */
  #askAnew() {
    this.#edition++;
    this.#answers.clear();
    // An outdated version of the code may never end. An interrupt is cheap; a restart is not.
    const outdated = this.#underWay !== null && this.#underWay.source !== this.source.text;
    if (globalThis.crossOriginIsolated && outdated) this.#underWay?.stop.abort();
    this.#ask(true);
  }

  /**
   * Show the picture of the current setting, at once if it is cached.
   * @param {boolean} wanted by the reader: the status line reports a wait
   */
  #ask(wanted) {
    if (this.source.held) return this.#say("error", translate("Your version was stopped. Change it, run it again, or take the book’s"));
    // The server may still be computing for an earlier setting.
    this.finer?.destroy();
    this.served?.destroy();
    const question = this.#question();
    const known = this.#answers.get(question.key);
    if (known !== null) {
      this.#next = null;
      this.#show(known, question.place);
      this.#workAheadSoon();
      return;
    }
    this.#next = question;
    if (wanted && !this.#python.ready) this.#followRuntime();
    if (this.#underWay === null) this.#askNewest();
  }

  /** @returns {Question} the controls' values, a previewed setting, or the goal of training */
  #question() {
    const values = { ...this.controls.values, ...this.#look, ...this.training?.target };
    return { key: JSON.stringify(values), values, place: ++this.#asked };
  }

  /** Request the newest setting until none is newer and training has reached its goal. */
  async #askNewest() {
    let start = performance.now();
    this.#clock = setInterval(() => this.#sayBusy(performance.now() - start), BUSY_MS);
    for (let question = this.#next; question !== null; question = this.#next) {
      this.#next = null;
      start = performance.now();
      const source = this.source.text;
      const stop = new AbortController();
      this.#underWay = { source, stop };
      try {
        const spec = source === this.#declarer ? this.spec : await this.#declaredBy(source, stop.signal);
        const isNew = spec !== this.spec;
        const values = isNew ? this.#carriedOver(spec) : question.values;
        const frame = await this.#compute(values, { signal: stop.signal });
        performance.measure(MEASURE, { start, detail: frame.ms });
        performance.clearMeasures(MEASURE); // observers have received it; the browser need not store it
        if (this.#gone.signal.aborted || source !== this.source.text) continue;
        const onTheWay = frame.reached !== null && !frame.reached.done;
        if (onTheWay && this.#next !== null) continue; // the reader has paused or changed the goal
        if (isNew) this.#redeclare(spec);
        this.#declarer = source;
        if (question.place > this.#shown) this.#show(frame, question.place);
        if (onTheWay) {
          this.#next ??= this.#question();
          continue;
        }
        this.#answers.put(JSON.stringify(values), frame);
        this.#fastest = Math.min(this.#fastest, frame.ms);
      } catch (error) {
        if (!this.#gone.signal.aborted && source === this.source.text) this.#fail(/** @type {RunError} */ (error));
      }
    }
    this.#underWay = null;
    clearInterval(this.#clock);
    this.#workAhead();
  }

  /**
   * @param {Controls} controls
   * @param {import("../python/page/job.js").Options} options
   * @returns {Promise<FrameValue>} a frame that can be drawn
   */
  async #compute(controls, options) {
    const message = this.#message(controls);
    const frame = await (takeFirst(message) ?? this.#python.request(message, options));
    checkFigures(frame);
    return frame;
  }

  /** @param {Controls} controls @returns {import("../python/page/job.js").Message} */
  #message(controls) {
    return questionOf(this.spec, controls, this.source.text);
  }

  /** @param {FrameValue} frame @param {number} place */
  #show(frame, place) {
    this.#shown = place;
    this.picture.draw(frame);
    this.#frame = frame;
    setText(this.#note, frame.note);
    this.source.succeeded();
    this.section.dataset.state = "live";
    this.#report();
    const said = frame.reached ? (this.training?.arrived(frame.reached) ?? "") : "";
    if (said !== "") this.#sayInPassing("live", said);
    this.finer?.follow(frame);
    if (!this.source.edited) this.served?.follow(this.spec, this.controls.values);
  }

  /** Show the server's frame instead of the page's. @param {FrameValue} frame */
  #showServed(frame) {
    checkFigures(frame);
    this.picture.draw(frame);
    this.#frame = { ...frame, ms: this.#frame?.ms ?? 0 };
    this.#report();
  }

  /** Write the readouts of the frame, and the status. */
  #report() {
    if (this.#frame === null) return;
    for (const [key, text] of Object.entries(this.#frame.readouts)) setText(this.#places.get(key), text);
    if (!SETTLED.includes(this.section.dataset.state ?? "")) return;
    const { ms } = this.#frame;
    const { trouble } = this.picture;
    if (trouble !== null) this.#say(trouble.state, trouble.sentence);
    else this.#sayInPassing("live", ms < 1 ? translate("under 1 ms") : translate("{time} ms", { time: Math.round(ms) }));
  }

  /** @param {RunError} error */
  #fail(error) {
    this.training?.pause();
    if (this.source.edited) {
      this.source.failed(error);
      const what = error.kind === "interrupted" ? error.message : `${error.name}.`;
      const where = error.line === null ? what : translate("Line {line}: {what}", { line: error.line, what });
      this.#say("error", `${where} ${translate("The picture is the last one that worked")}`);
      if (error.kind === "interrupted" && error.began) this.source.hold();
    } else {
      this.#say("error", error.message);
    }
  }

  /** @param {number} ms since the current request was sent */
  #sayBusy(ms) {
    if (!this.#python.ready) return this.#followRuntime();
    const answered = this.#shown === this.#asked; // from the cache: the current request no longer matters
    if (ms < BUSY_MS || answered) return;
    const behind = this.#python.waitsForCode(this.#message(this.controls.values));
    const seconds = Math.floor(ms / 1000);
    const computing = seconds === 0 ? translate("Computing") : translate("Computing, {time} s", { time: seconds });
    this.#sayInPassing("busy", behind ? translate("Waiting for the code that is running") : computing);
  }

  /** Before Python is ready, show its progress if the reader moved a control; then ask for the first picture. */
  #followRuntime() {
    if (this.#python.ready) {
      if (this.#frame === null && this.#underWay === null) this.#ask(false);
    } else if (this.#python.state === "failed") {
      this.#say("error", this.#python.sentence);
    } else if (this.#next !== null || this.#underWay !== null) {
      this.#sayInPassing("waiting", `${this.#python.sentence}. ${translate("Your setting is kept")}`);
    }
  }

  /** @param {string | null} name */
  #foresee(name) {
    if (name === null || (name === this.#ahead && this.#aheadRuns)) return;
    this.#ahead = name;
    this.#workAhead();
  }

  /** Compute ahead after a delay, because the current frame has no time for it. */
  #workAheadSoon() {
    clearTimeout(this.#aheadTimer);
    this.#aheadTimer = setTimeout(() => this.#workAhead(), AHEAD_MS);
  }

  /** Compute pictures for likely next values of the control in use, one at a time, after all live requests. */
  async #workAhead() {
    const control = this.spec.controls.find(({ name }) => name === this.#ahead);
    if (this.training || this.source.text !== this.#declarer) return; // edited code may have different controls
    if (control === undefined || this.#aheadRuns || this.#fastest > SLOW_MS || this.source.held) return;
    this.#aheadRuns = true;
    const from = this.#asked;
    const source = this.source.text;
    for (const values of neighbours(control, this.controls.values)) {
      const key = JSON.stringify(values);
      if (this.#answers.has(key)) continue;
      if (from !== this.#asked || control.name !== this.#ahead || this.#underWay !== null || !this.#python.ready) break;
      try {
        const frame = await this.#compute(values, { background: true });
        if (source !== this.source.text) break;
        this.#answers.put(key, frame);
      } catch {
        break; // the live request will report the same error
      }
    }
    this.#aheadRuns = false;
    const elsewhere = from !== this.#asked || control.name !== this.#ahead;
    if (elsewhere && this.#underWay === null && this.#python.ready) this.#workAhead();
  }

  #writeAddress() {
    const written = this.#address.write(this.spec, this.controls.values);
    if (typeof written === "string") this.#say(null, written);
    if (written !== false) return;
    this.#addressTimer = setTimeout(() => this.#writeAddress(), ADDRESS_MS);
  }

  /** Announce the readouts to screen readers, in a sentence. */
  #speak() {
    const live = this.section.querySelector("[data-live]");
    if (live === null || this.#frame === null) return;
    const { readouts } = this.#frame;
    live.textContent = this.spec.readouts
      .map(({ key, label, unit }) => `${label} ${readouts[key] ?? ""} ${unit}`.trim())
      .join(". ");
  }

  async #copyLink() {
    const search = writeState(this.#address.search(this.spec), this.spec, this.controls.values);
    const problem = tooLong(search);
    if (problem !== "") return this.#say(null, problem);
    const link = `${location.origin}${location.pathname}${search}#${this.spec.label}`;
    const kept = this.source.edited ? ` ${translate("It contains the controls, not your code")}` : "";
    try {
      await navigator.clipboard.writeText(link);
      this.#say(null, translate("Link copied.") + kept);
    } catch {
      history.replaceState(history.state, "", link);
      this.#say(null, translate("The browser does not let this page copy. The link is now in the address bar.") + kept);
    }
  }
}
