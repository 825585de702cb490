/**
 * The source of a map's tiles: a decoder server, or the instrument's own Python if there is no server or the reader has
 * changed the code. A failed server is tried again later.
 * @import { Address } from "./geometry.js"
 * @import { MapPanel } from "../../python/protocol.js"
 * @typedef {{state: "offline" | "refused", sentence: string}} Trouble
 */
import { atlasTile, DecodeError } from "../server/pictures.js";

const FIRST_RETRY_MS = 5_000;
const LAST_RETRY_MS = 60_000;

export class TileOrigin {
  /** The reason why the server does not respond, for the reader. @type {Trouble | null} */
  trouble = null;
  #onChange;
  #retryMs = FIRST_RETRY_MS;
  #timer = 0;
  #model = "";
  /** @type {[number, number]} */
  #axes = [0, 1];
  /** @type {number[]} */
  #at = [];
  #forget = new AbortController();

  /** @param {() => void} onChange called when the server is lost or found */
  constructor(onChange) {
    this.#onChange = onChange;
    addEventListener("online", () => this.#retry(), { signal: this.#forget.signal });
  }

  /** Whether tiles are requested from the server. @param {MapPanel} panel @param {boolean} edited whether the reader's code is used */
  atServer(panel, edited) {
    this.#model = panel.server;
    this.#axes = panel.axes;
    this.#at = panel.at;
    return panel.server !== "" && !edited && this.trouble === null;
  }

  /** @param {Address} address @param {AbortSignal} signal @returns {Promise<Uint8Array>} */
  fromServer(address, signal) {
    return atlasTile({ model: this.#model, axes: this.#axes, at: this.#at, ...address }, signal);
  }

  /** Report a failure of the server, and retry later. @param {unknown} error */
  failed(error) {
    if (!(error instanceof DecodeError)) throw error;
    this.trouble = { state: error.state, sentence: error.message };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#retry(), this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
    this.#onChange();
  }

  async #retry() {
    if (this.trouble === null) return;
    try {
      await this.fromServer({ zoom: 0, x: 0, y: 0 }, this.#forget.signal);
    } catch (error) {
      if (!this.#forget.signal.aborted) this.failed(error);
      return;
    }
    clearTimeout(this.#timer);
    this.#retryMs = FIRST_RETRY_MS;
    this.trouble = null;
    this.#onChange();
  }

  destroy() {
    clearTimeout(this.#timer);
    this.#forget.abort();
  }
}
