/**
 * Python for the page: sole owner of the worker. Starts it, hands it one request at a time, stops it, replaces it.
 *
 * @typedef {import("./protocol.js").Request} Request
 * @typedef {import("./protocol.js").Reply} Reply
 * @typedef {import("./protocol.js").Failed} Failed
 * @typedef {"idle" | "booting" | "ready" | "busy" | "restarting" | "failed"} State
 * @typedef {{type: "run_cell", scope: string, code: string, filename: string}
 *   | {type: "check_answer", scope: string, code: string, check: string}
 *   | {type: "compute_widget", widget: string, controls: import("./protocol.js").Controls, source: string | null}
 *   | {type: "widget_source", widget: string}
 *   | {type: "reset_scope", scope: string}} Message a request without its id
 * @typedef {{
 *   onStart?: () => void,
 *   onStream?: (name: "stdout" | "stderr" | "note", text: string) => void,
 *   onDisplay?: (mime: string, data: string) => void,
 *   signal?: AbortSignal,
 *   background?: boolean,
 * }} Options `onStart`: Python begins with it. `signal` stops it. `background`: only when nothing else waits.
 * @typedef {Options & {message: Message, resolve: (value: any) => void, reject: (error: RunError) => void}} Job
 */
import { absolute, config } from "./config.js";
import { keepWhenIdle } from "./python/keep.js";
import { BOOT_ID, Launch, takeEarlyLaunch } from "./python/launch.js";

const STOP_MS = 1_000;
const BOOT_SILENCE_MS = 60_000;
const LIMIT_MS = { run_cell: 60_000, check_answer: 60_000, compute_widget: 10_000, widget_source: 10_000, reset_scope: 10_000 };
const INTERRUPT = 2; // SIGINT

const NOTHING = { seen: 0, total: 0, bytes: 0 };

/** A request that ended in `failed`. */
export class RunError extends Error {
  /** @param {Omit<Failed, "type" | "id">} failed */
  constructor(failed) {
    super(failed.message);
    this.kind = failed.kind;
    this.name = failed.name;
    this.line = failed.line;
    this.traceback = failed.traceback;
  }
}

/** @param {string} message */
const stopped = (message) => new RunError({ kind: "interrupted", name: "Stopped", message, line: null, traceback: "" });

/** Whether a request works on the reader's variables. @param {Message} message */
const changesScope = ({ type }) => type === "run_cell" || type === "check_answer";

/** What has come so far, of the page's downloads and the worker's. @param {import("./download.js").Download[]} downloads */
function progressSentence(downloads) {
  const sum = (/** @type {"seen" | "total" | "bytes"} */ key) => downloads.reduce((all, each) => all + each[key], 0);
  const megabytes = Math.round(sum("bytes") / 1e6);
  if (megabytes === 0) return "Starting Python";
  return `Starting Python, ${Math.floor(Math.min(1, sum("seen") / sum("total")) * megabytes)} of ${megabytes} MB`;
}

class Runtime extends EventTarget {
  /** @type {State} */
  #state = "idle";
  #sentence = "Python starts when you need it";
  /** @type {Worker | null} */
  #worker = null;
  /** @type {Uint8Array | null} */
  #interruptBuffer = null;
  /** @type {Job[]} */
  #waiting = [];
  /** @type {Job | null} */
  #running = null;
  /** Of the newest message sent: an answer to an older one is ignored. */
  #id = 0;
  /** Said of the running request once it has stopped. @type {string | null} */
  #stopping = null;
  /** Whether the worker holds variables that a restart would lose, and whether one did. */
  #hasVariables = false;
  #lostVariables = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #deadline;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #clock;
  /** Python itself, compiled once for all workers of the page. @type {WebAssembly.Module | null} */
  #main = null;
  /** @type {Record<"page" | "worker", import("./download.js").Download>} */
  #downloads = { page: NOTHING, worker: NOTHING };
  /** What the start has to say, if not all went as usual. */
  #note = "";
  #answered = false;

  get state() {
    return this.#state;
  }

  get sentence() {
    return this.#sentence;
  }

  /** Whether Python answers now, or after what it has in hand. */
  get ready() {
    return this.#state === "ready" || this.#state === "busy";
  }

  /** What Python has in hand. @returns {Message["type"] | null} */
  get running() {
    return this.#running?.message.type ?? null;
  }

  /** Boots Python unless it is up or on its way. A failed start is tried again. */
  start() {
    if (this.#state === "idle" || this.#state === "failed") this.#boot("booting", "Starting Python");
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
      if (job.signal?.aborted) return reject(stopped("Stopped before it began."));
      job.signal?.addEventListener("abort", () => this.#abort(job), { once: true });
      this.#waiting.push(job);
      this.start();
      this.#next();
    });
  }

  /** Stops what is running: by an interrupt where the page is isolated, else by replacing the worker. */
  stop(reason = "Stopped.") {
    if (this.#running === null || this.#stopping !== null) return;
    clearTimeout(this.#deadline);
    this.#stopping = reason;
    if (this.#interruptBuffer === null) return this.#replace(reason);
    this.#interruptBuffer[0] = INTERRUPT;
    this.#deadline = setTimeout(() => this.#replace(reason), STOP_MS);
  }

  /** @param {Job} job */
  #abort(job) {
    if (job === this.#running) return this.stop();
    const place = this.#waiting.indexOf(job);
    if (place < 0) return;
    this.#waiting.splice(place, 1);
    job.reject(stopped("Stopped before it began."));
  }

  /** @param {State} state @param {string} sentence */
  #say(state, sentence) {
    this.#state = state;
    this.#sentence = sentence;
    this.dispatchEvent(new CustomEvent("status", { detail: { state, sentence } }));
  }

  /** @param {"booting" | "restarting"} state @param {string} sentence */
  #boot(state, sentence) {
    this.#say(state, sentence);
    const launch = takeEarlyLaunch() ?? new Launch(this.#main);
    const { worker, interruptBuffer } = launch;
    this.#worker = worker;
    this.#interruptBuffer = interruptBuffer;
    this.#id = BOOT_ID;
    this.#expectSignOfLife();
    const isCurrent = () => worker === this.#worker;
    launch.listen({
      onReply: (reply) => isCurrent() && this.#receive(reply),
      onDownload: (download) => isCurrent() && this.#follow("page", download),
      onFailure: (why) => isCurrent() && this.#die(why),
    });
  }

  /** @param {"page" | "worker"} who @param {import("./download.js").Download} download */
  #follow(who, download) {
    this.#downloads[who] = download;
    if (this.#state !== "booting" && this.#state !== "restarting") return;
    this.#expectSignOfLife();
    if (this.#state === "booting") this.#say("booting", progressSentence(Object.values(this.#downloads)));
  }

  /** A browser that refuses WebAssembly leaves the start pending for ever, so silence is a failure too. */
  #expectSignOfLife() {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#die("it did not answer"), BOOT_SILENCE_MS);
  }

  /** @param {Reply} reply */
  #receive(reply) {
    if (reply.type === "stream") this.#running?.onStream?.(reply.name, reply.text);
    else if (reply.type === "display") this.#running?.onDisplay?.(reply.mime, reply.data);
    else if (reply.type === "fatal") this.#die(reply.message);
    else if (reply.type === "progress" && reply.stage === "download") this.#follow("worker", reply.download);
    else if (reply.type === "progress") this.#say(this.#state, "Starting Python, loading NumPy");
    else if (reply.id === this.#id) this.#finish(reply);
  }

  /** @param {import("./protocol.js").Done | Failed} reply */
  #finish(reply) {
    const job = this.#running;
    const reason = this.#stopping;
    this.#settle();
    if (job === null) this.#started(reply);
    else if (!this.#answered) performance.mark("latentbook-python-ready");
    this.#answered ||= job !== null;
    const sentence = this.#note === "" ? "Python ready" : `Python ready. ${this.#note}`;
    this.#say("ready", job === null && this.#lostVariables ? "Restarted: variables are lost" : sentence);
    this.#lostVariables = false;
    if (reply.type === "done") job?.resolve(reply.value);
    else if (reply.kind === "interrupted" && reason !== null) job?.reject(stopped(reason));
    else job?.reject(new RunError(reply));
    this.#next();
  }

  /** @param {import("./protocol.js").Done | Failed} reply to `boot` */
  #started(reply) {
    if (reply.type !== "done") return;
    /** @type {import("./protocol.js").StartValue} */
    const { from, why, main } = reply.value;
    this.#main = main;
    performance.mark("latentbook-python-started", { detail: from });
    if (why !== "") this.#note = `It started from its files, as the stored start was of no use: ${why}.`;
    if (from !== "files") return;
    keepWhenIdle(main, () => this.#state === "ready", (why) => this.#notKept(why));
  }

  /** What goes wrong here takes nothing from this visit. @param {string} why */
  #notKept(why) {
    this.#note = `The next visit will start no quicker: ${why}.`;
    if (this.#state === "ready") this.#say("ready", `Python ready. ${this.#note}`);
  }

  #settle() {
    clearTimeout(this.#deadline);
    clearInterval(this.#clock);
    this.#running = null;
    this.#stopping = null;
  }

  /** Hands Python the next request, if it is free: what the reader waits for first, then what may help later. */
  #next() {
    if (this.#state !== "ready" || this.#running !== null) return;
    const live = this.#waiting.findIndex((job) => !job.background);
    const [job] = this.#waiting.splice(Math.max(0, live), 1);
    if (job === undefined) return;
    this.#running = job;
    const { message } = job;
    if (changesScope(message)) {
      this.#hasVariables = true;
      this.#showClock();
    }
    const limit = LIMIT_MS[message.type];
    this.#deadline = setTimeout(() => this.stop(`Stopped after ${limit / 1000} s, the time limit.`), limit);
    // Here and not in the worker: a Stop can come before the worker has begun.
    if (this.#interruptBuffer) this.#interruptBuffer[0] = 0;
    this.#worker?.postMessage({ ...message, id: ++this.#id });
    job.onStart?.();
  }

  #showClock() {
    const start = performance.now();
    this.#say("busy", "Running");
    this.#clock = setInterval(() => {
      this.#say("busy", `Running, ${Math.round((performance.now() - start) / 1000)} s`);
    }, 1_000);
  }

  /** A worker that ended by itself: while starting, Python cannot be had; while running, a new one takes its place. */
  #die(/** @type {string} */ message) {
    if (this.#state !== "booting" && this.#state !== "restarting") {
      return this.#replace(`Python itself ended (${message}).`);
    }
    this.#drop();
    const why = navigator.onLine ? message : "you are offline";
    this.#say("failed", `Python could not start: ${why}`);
    for (const job of this.#waiting.splice(0)) job.reject(stopped(`Python could not start: ${why}.`));
  }

  /** Ends the worker and starts another. What waits for variables is refused; instruments need none. */
  #replace(/** @type {string} */ reason) {
    const job = this.#running;
    this.#drop();
    this.#lostVariables = this.#hasVariables;
    this.#hasVariables = false;
    const lost = this.#lostVariables ? " Python was restarted: variables are lost." : "";
    const refused = this.#waiting.filter(({ message }) => changesScope(message));
    this.#waiting = this.#waiting.filter(({ message }) => !changesScope(message));
    this.#boot("restarting", "Restarting Python");
    if (this.#lostVariables) this.dispatchEvent(new Event("lost"));
    job?.reject(stopped(reason + lost));
    for (const waiting of refused) waiting.reject(stopped(`Not run.${lost}`));
  }

  #drop() {
    this.#settle();
    this.#worker?.terminate();
    this.#worker = null;
  }
}

/** The page's Python. Events: `status` ({state, sentence}), and `lost` when variables were lost with a worker. */
export const runtime = new Runtime();
