/**
 * Python for the page: sole owner of its workers. One worker starts with the page and answers everything. Once reader's
 * code has run in it, a second one starts. The book's own instruments move there, so that reader's code cannot delay or
 * affect them. If the first one must be terminated, the second replaces it at once.
 *
 * @typedef {"idle" | "booting" | "ready" | "busy" | "restarting" | "failed"} State
 * @import { Message, Options, Job } from "./job.js"
 */
import { hasRoom } from "../../config.js";
import { Interpreter } from "./interpreter.js";
import { RunError, changesScope, isBooks, notBegun, stopped } from "./job.js";
import { keepWhenIdle } from "./keep.js";
import { Launch, takeEarlyLaunch } from "./launch.js";
import { translate } from "../../words.js";

/**
 * Delay in ms from the start of reader's code to the second worker. Most code ends sooner, with both cores for itself.
 */
const SECOND_AFTER_MS = 250;

class Runtime extends EventTarget {
  /** @type {State} */
  #state = "idle";
  #sentence = translate("Python starts when you need it");
  /** Runs reader's code, and the book's own until there is a second one. @type {Interpreter | null} */
  #first = null;
  /** Clean: has never run reader's code. @type {Interpreter | null} */
  #second = null;
  /** @type {Job[]} */
  #waiting = [];
  /** Whether variables were lost with the worker terminated last. */
  #lostVariables = false;
  #clock = 0;
  /** Python itself, compiled once for all workers of the page. @type {WebAssembly.Module | null} */
  #main = null;
  /** Whether the next start is being prepared, or will be once the page is idle. */
  #keeping = false;
  /** A message about an unusual start. */
  #note = "";
  #answered = false;
  /** The last reported memory, MB. */
  #megabytes = 0;

  get state() {
    return this.#state;
  }

  get sentence() {
    return this.#sentence;
  }

  /** Whether Python answers now, or after its current request. */
  get ready() {
    return this.#state === "ready" || this.#state === "busy";
  }

  /** Whether a request must wait until a snippet or an answer has run. @param {Message} message */
  waitsForCode(message) {
    const { job = null } = (isBooks(message) && this.#second?.isReady ? this.#second : this.#first) ?? {};
    return job !== null && changesScope(job.message);
  }

  /** Start Python unless it is running or starting; retry a failed start. */
  start() {
    if (this.#state === "idle" || this.#state === "failed") this.#boot("booting", translate("Starting Python"));
  }

  /** Memory of the worker with the reader's code, in whole MB; 0 until it has started. */
  get megabytes() {
    return Math.round((this.#first?.memory ?? 0) / 2 ** 20);
  }

  #sayMemory() {
    if (this.#megabytes === this.megabytes) return;
    this.#megabytes = this.megabytes;
    this.dispatchEvent(new Event("memory"));
  }

  /** Restart Python for the waiting requests; discard the reader's variables and the current request. */
  restart() {
    if (!this.#first?.isReady) return this.start(); // it may already be starting
    const { job } = this.#first;
    this.#lose(this.#first, "", job !== null && isBooks(job.message) ? null : translate("Stopped."));
  }

  /**
   * End Python while the browser caches this page for Back: many such pages would fill its memory. Stop the reader's
   * code; requests of the book's instruments wait for the next start.
   *
   * @returns {boolean} whether it was running or starting
   */
  suspend() {
    if (this.#first === null) return false;
    const { hasVariables } = this.#first;
    for (const interpreter of [this.#second, this.#first]) {
      const job = interpreter?.job ?? null;
      interpreter?.end();
      if (job === null) continue;
      if (isBooks(job.message)) this.#waiting.unshift(job);
      else job.reject(stopped(translate("Stopped."), !hasVariables));
    }
    this.#first = this.#second = null;
    clearInterval(this.#clock);
    this.#lostVariables ||= hasVariables;
    if (hasVariables) this.#forget();
    this.#say("idle", translate("Python starts when you need it"));
    return true;
  }

  /**
   * @param {Message} message
   * @param {Options} [options]
   * @returns {Promise<any>} the value of `done`
   * @throws {RunError} for `failed`, and for a request that was stopped or lost with its worker
   */
  request(message, options = {}) {
    return new Promise((resolve, reject) => {
      /** @type {Job} */
      const job = { ...options, message, resolve, reject };
      if (job.signal?.aborted) return reject(stopped(translate("Stopped before it began.")));
      job.signal?.addEventListener("abort", () => this.#abort(job), { once: true });
      this.#waiting.push(job);
      this.start();
      this.#next();
    });
  }

  /** @param {Job} job */
  #abort(job) {
    const place = this.#waiting.indexOf(job);
    if (place < 0) {
      for (const interpreter of [this.#first, this.#second]) if (interpreter?.job === job) interpreter.stop(translate("Stopped."));
      return;
    }
    this.#waiting.splice(place, 1);
    job.reject(stopped(translate("Stopped before it began.")));
  }

  /** @param {State} state @param {string} sentence */
  #say(state, sentence) {
    this.#state = state;
    this.#sentence = sentence;
    this.dispatchEvent(new CustomEvent("status", { detail: { state, sentence } }));
  }

  #sayReady() {
    const sentence = [translate("Python ready"), this.#note].filter(Boolean).join(". ");
    this.#say("ready", this.#lostVariables ? translate("Restarted: variables are lost") : sentence);
    this.#lostVariables = false;
  }

  /** @param {"booting" | "restarting"} state @param {string} sentence */
  #boot(state, sentence) {
    this.#say(state, sentence);
    this.#first = this.#launch();
    this.#follow(this.#first);
  }

  #launch() {
    return new Interpreter(takeEarlyLaunch() ?? new Launch(this.#main));
  }

  /** @param {Interpreter} interpreter */
  #follow(interpreter) {
    interpreter.listen({
      onStarted: (start) => this.#started(interpreter, start),
      onProgress: (sentence) => interpreter === this.#first && this.#state === "booting" && this.#say("booting", sentence),
      onAnswer: (job, reply, stopping) => this.#answer(interpreter, job, reply, stopping),
      onLost: (why, stopping) => this.#lose(interpreter, why, stopping),
      onSpoiled: () => {
        this.#lose(interpreter, translate("its stored start was damaged"), null);
        this.dispatchEvent(new Event("spoiled"));
      },
    });
  }

  /** @param {Interpreter} interpreter @param {import("../protocol.js").StartValue} start */
  #started(interpreter, { from, why, main }) {
    this.#main = main;
    this.#sayMemory();
    if (interpreter === this.#first) {
      performance.mark("latentbook-python-started", { detail: from });
      if (why !== "") this.#note = translate("It started from its files because the stored start could not be used: {why}.", { why });
      this.#sayReady();
    }
    if (from === "files" && !this.#keeping) {
      this.#keeping = true;
      keepWhenIdle(main, () => this.#state === "ready", (why) => this.#kept(why));
    }
    this.#next();
  }

  /**
   * Finish preparing the next visit; a failure does not affect this one.
   * @param {string} why it could not be stored, or ""
   */
  #kept(why) {
    this.#keeping = false;
    this.#prepareSecond();
    if (why === "") return;
    this.#note = translate("Your next visit will start no faster: {why}.", { why });
    if (this.#state === "ready") this.#sayReady();
  }

  /** Start a worker without reader's code, if there is none and the device has enough memory. */
  #prepareSecond() {
    if (this.#second !== null || !this.#first?.isReady || !this.#first.hasReadersCode) return;
    if (this.#keeping && this.#state === "ready") return; // after that it will start faster
    if (!hasRoom()) return;
    this.#second = this.#launch();
    this.#follow(this.#second);
  }

  /** Assign waiting requests to idle workers: background requests last. */
  #next() {
    for (const interpreter of [this.#second, this.#first]) {
      if (!interpreter?.isFree) continue;
      const mine = this.#waiting.filter((job) => this.#isFor(interpreter, job));
      const job = mine.find(({ background }) => !background) ?? mine[0];
      if (job === undefined) continue;
      this.#waiting.splice(this.#waiting.indexOf(job), 1);
      this.#hand(interpreter, job);
    }
  }

  /**
   * Whether a worker may run a request. A starting one accepts the book's, so that they do not wait for the page.
   * @param {Interpreter} interpreter @param {Job} job
   */
  #isFor(interpreter, job) {
    if (!interpreter.isReady && (interpreter !== this.#first || !isBooks(job.message) || job.signal)) return false;
    if (!isBooks(job.message)) return interpreter === this.#first;
    return interpreter === this.#second || this.#second === null || !(this.#second.isReady || job.untouched);
  }

  /** @param {Interpreter} interpreter @param {Job} job */
  #hand(interpreter, job) {
    if (!isBooks(job.message) && !interpreter.hasReadersCode) {
      interpreter.hasReadersCode = true;
      setTimeout(() => this.#prepareSecond(), SECOND_AFTER_MS);
    }
    if (changesScope(job.message)) interpreter.hasVariables = true;
    interpreter.run(job);
    // Not earlier: a listener may send a request, and the worker must not look idle.
    if (changesScope(job.message)) this.#showClock();
  }

  #showClock() {
    const start = performance.now();
    this.#say("busy", translate("Running"));
    this.#clock = setInterval(() => {
      this.#say("busy", translate("Running, {time} s", { time: Math.round((performance.now() - start) / 1000) }));
    }, 1_000);
  }

  /**
   * @param {Interpreter} interpreter
   * @param {Job} job
   * @param {import("../protocol.js").Done | import("../protocol.js").Failed} reply
   * @param {string | null} stopping
   */
  #answer(interpreter, job, reply, stopping) {
    if (!this.#answered) performance.mark("latentbook-python-ready");
    this.#answered = true;
    this.#sayMemory();
    if (changesScope(job.message)) {
      clearInterval(this.#clock);
      this.#sayReady();
    }
    if (reply.type === "done") job.resolve(reply.value);
    else if (reply.kind === "interrupted" && stopping !== null) job.reject(stopped(stopping));
    else if (!this.#askedElsewhere(interpreter, job)) job.reject(new RunError(reply));
    this.#next();
  }

  /**
   * Rerun a failed request of the book's own instruments in a clean worker, if this one has run reader's code. By
   * themselves they do not fail.
   *
   * @param {Interpreter} interpreter
   * @param {Job} job
   */
  #askedElsewhere(interpreter, job) {
    if (!isBooks(job.message) || !interpreter.hasReadersCode || job.untouched) return false;
    this.#prepareSecond();
    if (this.#second === null) return false;
    job.untouched = true;
    this.#waiting.unshift(job);
    return true;
  }

  /**
   * Replace a worker that has ended or will not stop. While the first worker starts, Python is unavailable.
   *
   * @param {Interpreter} interpreter
   * @param {string} why
   * @param {string | null} stopping
   */
  #lose(interpreter, why, stopping) {
    const { job, isReady, hasVariables } = interpreter;
    interpreter.end();
    const reason = stopping ?? (why === "" ? translate("Python stopped running.") : translate("Python stopped running ({why}).", { why }));
    if (interpreter === this.#second) {
      this.#second = null;
      job?.reject(stopped(reason));
      if (isReady) this.#prepareSecond();
    } else if (isReady) {
      this.#replaceFirst(hasVariables);
      const lost = hasVariables ? ` ${translate("Python was restarted: variables are lost.")}` : "";
      if (job !== null && (stopping !== null || !this.#askedAgain(job))) job.reject(stopped(reason + lost, !hasVariables));
    } else {
      if (job !== null) this.#waiting.unshift(job);
      this.#fail(navigator.onLine ? why : translate("you are offline"));
    }
    this.#sayMemory();
    this.#next();
  }

  /** Rerun a request of the book: not it, but earlier reader's code has ended Python. @param {Job} job */
  #askedAgain(job) {
    if (!isBooks(job.message) || job.untouched) return false;
    job.untouched = true;
    this.#waiting.unshift(job);
    return true;
  }

  /** @param {boolean} lost whether variables were lost with the worker */
  #replaceFirst(lost) {
    clearInterval(this.#clock);
    this.#lostVariables = lost;
    this.#first = this.#second;
    this.#second = null;
    if (this.#first === null) this.#boot("restarting", translate("Restarting Python"));
    else if (this.#first.isReady) this.#sayReady();
    else this.#say("restarting", translate("Restarting Python"));
    if (lost) this.#forget();
  }

  /** Refuse requests that need the lost variables. Instruments need none. */
  #forget() {
    this.dispatchEvent(new Event("lost"));
    const refused = this.#waiting.filter(({ message }) => changesScope(message));
    this.#waiting = this.#waiting.filter(({ message }) => !changesScope(message));
    for (const job of refused) job.reject(stopped(translate("Not run. Python was restarted: variables are lost."), false));
  }

  /** @param {string} why */
  #fail(why) {
    this.#first = null;
    const sentence = translate("Python could not start: {why}", { why });
    this.#say("failed", sentence);
    for (const job of this.#waiting.splice(0)) job.reject(notBegun(`${sentence}.`));
  }
}

/**
 * The page's Python. Events: `status` ({state, sentence}); `memory` when it changes; `lost` when variables are lost
 * with a worker; `spoiled` when a damaged snapshot has made all answers so far invalid.
 */
export const runtime = new Runtime();
