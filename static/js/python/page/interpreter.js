/**
 * One worker with Python. It starts, then answers one request at a time, and can be stopped. runtime.js assigns
 * requests to workers.
 *
 * @import { Done, Failed, Reply } from "../protocol.js"
 * @import { Job } from "./job.js"
 * @typedef {{
 *   onStarted: (start: import("../protocol.js").StartValue) => void,
 *   onProgress: (sentence: string) => void,
 *   onAnswer: (job: Job, reply: Done | Failed, stopping: string | null) => void,
 *   onLost: (why: string, stopping: string | null) => void,
 *   onSpoiled: () => void,
 * }} Listener `stopping`: message for a request that was being stopped. `onLost`: the worker has ended, or must be ended.
 *   `onSpoiled`: the worker's answers are invalid.
 */
import { BOOT_ID } from "../protocol.js";
import { inDigits, translate } from "../../words.js";
import { isBooks } from "./job.js";

/** Time limit in ms of an interrupt. After that the worker is terminated, so that a Stop takes at most a second. */
const STOP_MS = 600;
/** Code can swallow an interrupt, so it is repeated. */
const INTERRUPT_EVERY_MS = 50;
/**
 * Both are for machines whose fastest answer takes at most this many ms. Slower ones get more time, to save variables.
 */
const PROMPT_MS = 10;
const MAX_SLOWNESS = 8;
const INTERRUPT = 2; // SIGINT
const BOOT_SILENCE_MS = 60_000;
const LIMIT_MS = {
  run_cell: 60_000,
  step_cell: 10_000,
  check_answer: 60_000,
  compute_widget: 10_000,
  keep_trained: 60_000,
  widget_declaration: 10_000,
  widget_source: 10_000,
  reset_scope: 10_000,
};
/** The book's own code always ends. On a slow device, a shorter limit would only restart an equally slow Python. */
const BOOKS_LIMIT_MS = 60_000;

const NOTHING = { seen: 0, total: 0, bytes: 0 };

export class Interpreter {
  /** The current request. @type {Job | null} */
  job = null;
  isReady = false;
  /** Whether reader's code has run in it. */
  hasReadersCode = false;
  /** Whether it has the reader's variables, which would be lost with it. */
  hasVariables = false;
  /** Its memory at the last answer, bytes. */
  memory = 0;

  #launch;
  /** @type {Listener | null} */
  #listener = null;
  #id = BOOT_ID;
  /** The message for the current request once it has stopped. @type {string | null} */
  #stopping = null;
  #deadline = 0;
  #interrupts = 0;
  /** When the current request was sent. */
  #sent = 0;
  /** Time of the fastest answer, ms; 0 before the first. */
  #fastest = 0;
  /** @type {Record<"page" | "worker", import("../download.js").Download>} */
  #downloads = { page: NOTHING, worker: NOTHING };

  /** @param {import("./launch.js").Launched} launch */
  constructor(launch) {
    this.#launch = launch;
  }

  /** @param {Listener} listener receives all earlier events, then new ones */
  listen(listener) {
    this.#listener = listener;
    this.#expectSignOfLife();
    this.#launch.listen({
      onReply: (reply) => this.#receive(reply),
      onDownload: (download) => this.#follow("page", download),
      onFailure: (why) => this.#lose(why),
    });
  }

  /** Whether it is idle. */
  get isFree() {
    return this.job === null;
  }

  /** Send a request. A starting worker stores it until it can answer. @param {Job} job */
  run(job) {
    this.job = job;
    const { message } = job;
    if (this.isReady) this.#limit();
    const { worker, interruptBuffer } = this.#launch;
    // Reset it here, not in the worker: a Stop can come before the worker has begun.
    if (interruptBuffer) interruptBuffer[0] = 0;
    this.#sent = performance.now();
    worker.postMessage({ ...message, id: ++this.#id }, job); // only a borrowed worker uses `job` (lending.js)
    job.onStart?.();
  }

  #limit() {
    if (this.job === null) return;
    const { message } = this.job;
    const limit = isBooks(message) ? BOOKS_LIMIT_MS : LIMIT_MS[message.type];
    this.#deadline = setTimeout(() => this.stop(translate("Stopped after {time} s, the time limit.", { time: limit / 1000 })), limit);
  }

  /**
   * Stop the current request: by interrupts if the page is isolated, otherwise by terminating the worker.
   *
   * @param {string} sentence for the reader
   */
  stop(sentence) {
    if (this.job === null || this.#stopping !== null) return;
    if (!this.isReady) return; // not possible yet: it will be the first request answered
    clearTimeout(this.#deadline);
    this.#stopping = sentence;
    const buffer = this.#launch.interruptBuffer;
    if (buffer === null) return this.#lose("");
    buffer[0] = INTERRUPT;
    const slowness = Math.min(Math.max(1, this.#fastest / PROMPT_MS), MAX_SLOWNESS);
    this.#interrupts = setInterval(() => (buffer[0] = INTERRUPT), slowness * INTERRUPT_EVERY_MS);
    this.#deadline = setTimeout(() => this.#lose(""), slowness * STOP_MS);
  }

  /** Terminate the worker without further events. */
  end() {
    this.#settle();
    this.isReady = false;
    this.#listener = null;
    this.#launch.worker.terminate();
  }

  #settle() {
    clearTimeout(this.#deadline);
    clearInterval(this.#interrupts);
    this.job = null;
    this.#stopping = null;
  }

  /** @param {string} why */
  #lose(why) {
    this.#listener?.onLost(why, this.#stopping);
  }

  /** @param {Reply} reply */
  #receive(reply) {
    switch (reply.type) {
      case "stream":
        if (reply.id === this.#id) this.job?.onStream?.(reply.name, reply.name === "note" ? cutSentence(reply.text) : reply.text);
        break;
      case "display":
        if (reply.id === this.#id) this.job?.onDisplay?.(reply.mime, reply.data);
        break;
      case "progress":
        if (reply.stage === "download") this.#follow("worker", reply.download);
        else this.#listener?.onProgress(translate("Starting NumPy"));
        break;
      case "spoiled":
        this.#listener?.onSpoiled();
        break;
      case "fatal":
        this.#lose(reply.message);
        break;
      default:
        if (reply.id === BOOT_ID || reply.id === this.#id) this.memory = reply.memory;
        if (reply.id === BOOT_ID && reply.type === "done") this.#begin(reply.value);
        else if (reply.id === this.#id) this.#answer(reply);
    }
  }

  /** @param {import("../protocol.js").StartValue} start */
  #begin(start) {
    clearTimeout(this.#deadline);
    this.isReady = true;
    this.#limit();
    this.#listener?.onStarted(start);
  }

  /** @param {Done | Failed} reply */
  #answer(reply) {
    const { job } = this;
    const stopping = this.#stopping;
    const took = performance.now() - this.#sent;
    if (this.#fastest === 0 || took < this.#fastest) this.#fastest = took;
    this.#settle();
    if (job !== null) this.#listener?.onAnswer(job, reply, stopping);
  }

  /** @param {"page" | "worker"} who @param {import("../download.js").Download} download */
  #follow(who, download) {
    if (this.isReady) return;
    this.#downloads[who] = download;
    this.#expectSignOfLife();
    this.#listener?.onProgress(progressSentence(Object.values(this.#downloads)));
  }

  /** Treat silence as a failure: a browser that refuses WebAssembly never finishes the start. */
  #expectSignOfLife() {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#lose(translate("it did not answer")), BOOT_SILENCE_MS);
  }
}

/** @param {string} note numbers of omitted lines and characters */
function cutSentence(note) {
  const [lines, characters] = note.split(" ").map((count) => inDigits(Number(count)));
  return translate("Output cut here: {lines} more lines ({characters} characters) are not shown.", { lines, characters });
}

/** Progress of the page's and the worker's downloads. @param {import("../download.js").Download[]} downloads */
function progressSentence(downloads) {
  const sum = (/** @type {"seen" | "total" | "bytes"} */ key) => downloads.reduce((all, each) => all + each[key], 0);
  const megabytes = Math.round(sum("bytes") / 1e6);
  if (megabytes === 0) return translate("Starting Python");
  const seen = Math.floor(Math.min(1, sum("seen") / sum("total")) * megabytes);
  return translate("Starting Python, {seen} of {megabytes} MB", { seen, megabytes });
}
