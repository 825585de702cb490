/**
 * The tiles of one map from one source. The cache drops the least recently used first. Requests run a few at a time,
 * the most urgent first, and are cancelled when a tile leaves the view.
 * @import { Address } from "./geometry.js"
 * @typedef {{pixels: Uint8Array, since: number}} Tile since: arrival, as of performance.now()
 * @typedef {(address: Address, signal: AbortSignal) => Promise<Uint8Array>} Load
 * @typedef {{load: Load, atOnce: number, onTile: () => void, onFailure: (error: unknown) => void}} Source
 */

const MOST = 128; // tiles of 64 KB, plus 256 KB each once painted

/** @param {Address} address */
const keyOf = ({ zoom, x, y }) => `${zoom}/${x}/${y}`;

export class TileStore {
  #source;
  /** @type {Map<string, Tile>} oldest first */
  #kept = new Map();
  /** @type {Map<string, AbortController>} */
  #underWay = new Map();
  /** @type {Address[]} most urgent first */
  #wanted = [];

  /** @param {string} key what the tiles depend on @param {Source} source */
  constructor(key, source) {
    this.key = key;
    this.#source = source;
  }

  /** A cached tile. @param {Address} address @returns {Tile | null} */
  get(address) {
    const key = keyOf(address);
    const tile = this.#kept.get(key);
    if (tile === undefined) return null;
    this.#kept.delete(key);
    this.#kept.set(key, tile);
    return tile;
  }

  /** Requests tiles, replacing all earlier requests. @param {Address[]} addresses most urgent first */
  want(addresses) {
    const keys = new Set(addresses.map(keyOf));
    for (const [key, request] of this.#underWay) if (!keys.has(key)) request.abort();
    this.#wanted = addresses.filter((address) => !this.#kept.has(keyOf(address)));
    this.#next();
  }

  #next() {
    for (const address of this.#wanted) {
      if (this.#underWay.size >= this.#source.atOnce) return;
      const key = keyOf(address);
      if (!this.#underWay.has(key) && !this.#kept.has(key)) this.#ask(address, key);
    }
  }

  /** @param {Address} address @param {string} key */
  async #ask(address, key) {
    const request = new AbortController();
    this.#underWay.set(key, request);
    request.signal.addEventListener("abort", () => this.#over(key, request));
    try {
      const pixels = await this.#source.load(address, request.signal);
      if (request.signal.aborted) return;
      this.#over(key, request);
      this.#keep(key, { pixels, since: performance.now() });
    } catch (error) {
      if (request.signal.aborted) return;
      this.#over(key, request);
      this.#wanted = [];
      this.#source.onFailure(error);
    }
    this.#next();
  }

  /** @param {string} key @param {AbortController} request */
  #over(key, request) {
    if (this.#underWay.get(key) === request) this.#underWay.delete(key);
  }

  /** @param {string} key @param {Tile} tile */
  #keep(key, tile) {
    this.#kept.set(key, tile);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MOST) break;
      this.#kept.delete(oldest);
    }
    this.#source.onTile();
  }
}
