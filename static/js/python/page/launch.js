/**
 * Starts Python: a worker, and in parallel the compilation of the main module. The worker's messages are queued until
 * there is a listener. A few lines in the page's head (start.js) can therefore do this long before runtime.js has
 * loaded.
 *
 * @import { Reply } from "../protocol.js"
 * @import { Download } from "../download.js"
 * @typedef {{onReply: (reply: Reply) => void, onDownload: (download: Download) => void, onFailure: (why: string) => void}} Listener
 * @typedef {(listener: Listener) => void} Event
 * @typedef {{worker: {postMessage: (message: any, options?: {background?: boolean, transfer?: Transferable[]}) => void, terminate: () => void},
 *   interruptBuffer: Uint8Array | null, listen: (listener: Listener) => void}} Launched `background` is for a worker that
 *   belongs to another frame (lending.js)
 */
import { absolute, config } from "../../config.js";
import { Downloads } from "../download.js";
import { compileFromNetwork, isKept } from "../main-module.js";
import { translate } from "../../words.js";

export const EARLY = "latentbookLaunch";
/** Fraction of the main module after which the worker requests other files. */
const NEARLY_ALL = 0.95;

export class Launch {
  /** @type {Event[]} not yet delivered */
  #events = [];
  /** @type {Listener | null} */
  #listener = null;

  /**
   * @param {WebAssembly.Module | null} main if already compiled
   * @param {boolean} [isEarly] whether the reader is waiting for the page, so that checks come later
   */
  constructor(main, isEarly = false) {
    const { version, sizes, hashes } = config.runtime;
    const place = { base: absolute(config.runtime.base), hashes };
    /** @type {import("../protocol.js").Boot} */
    const boot = { ...place, version, sizes, isGiven: main !== null, isEarly };
    this.worker = new Worker(absolute(config.assets["worker.js"]), { type: "module", name: JSON.stringify(boot) });
    this.worker.addEventListener("message", ({ data }) => this.#tell(({ onReply }) => onReply(data)));
    this.worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#tell(({ onFailure }) => onFailure(event.message || translate("its script did not load")));
    });
    this.interruptBuffer = globalThis.crossOriginIsolated && "SharedArrayBuffer" in globalThis ? new Uint8Array(new SharedArrayBuffer(1)) : null;
    if (this.interruptBuffer) this.worker.postMessage({ type: "stop-by", interruptBuffer: this.interruptBuffer });
    if (main === null) this.#sendMain(place, sizes);
    else this.worker.postMessage({ type: "main", main });
  }

  /**
   * Compile the main module, unless the browser has stored it and the worker can read it there.
   *
   * @param {import("../download.js").Place} place
   * @param {Record<string, number>} sizes
   */
  async #sendMain(place, sizes) {
    let isNear = false;
    const downloads = new Downloads(sizes, (download) => {
      this.#tell(({ onDownload }) => onDownload(download));
      if (isNear || download.seen < NEARLY_ALL * download.total) return;
      isNear = true;
      this.worker.postMessage({ type: "received" });
    });
    try {
      const main = (await isKept(place)) ? null : await compileFromNetwork(place, downloads);
      this.worker.postMessage({ type: "main", main });
    } catch (error) {
      this.#tell(({ onFailure }) => onFailure(error instanceof Error ? error.message : String(error)));
    }
  }

  /** @param {Listener} listener receives all earlier events, then new ones */
  listen(listener) {
    this.#listener = listener;
    for (const event of this.#events.splice(0)) event(listener);
  }

  /** @param {Event} event */
  #tell(event) {
    if (this.#listener) event(this.#listener);
    else this.#events.push(event);
  }
}

/** Take the launch made in the page's head; null if there is none, or it is taken. @returns {Launched | null} */
export function takeEarlyLaunch() {
  const early = Reflect.get(globalThis, EARLY) ?? null;
  Reflect.deleteProperty(globalThis, EARLY);
  return early;
}

/** Launch Python from the page's head. */
export function launchEarly() {
  Reflect.set(globalThis, EARLY, new Launch(null, true));
}
