/**
 * A cache of pictures from Python. It answers a slider that returns to a value, or moves to a predicted one, within the
 * same event. Least recently used entries are evicted first.
 * @import { FrameValue, Controls } from "../python/protocol.js"
 * @import { ControlSpec } from "./spec.js"
 */
import { kindOf } from "./kinds.js";

const MAX_BYTES = 24e6;
const MAX_AHEAD = 128;

export class Answers {
  /** @type {Map<string, {frame: FrameValue, bytes: number}>} oldest first */
  #kept = new Map();
  #bytes = 0;

  /** @param {string} key @returns {FrameValue | null} */
  get(key) {
    const answer = this.#kept.get(key);
    if (answer === undefined) return null;
    this.#kept.delete(key);
    this.#kept.set(key, answer);
    return answer.frame;
  }

  /** @param {string} key */
  has(key) {
    return this.#kept.has(key);
  }

  /** @param {string} key @param {FrameValue} frame */
  put(key, frame) {
    const answer = { frame, bytes: sizeOf(frame) };
    this.#bytes += answer.bytes - (this.#kept.get(key)?.bytes ?? 0);
    this.#kept.delete(key);
    this.#kept.set(key, answer);
    for (const [oldest, { bytes }] of this.#kept) {
      if (this.#bytes <= MAX_BYTES || oldest === key) break;
      this.#kept.delete(oldest);
      this.#bytes -= bytes;
    }
  }

  clear() {
    this.#kept.clear();
    this.#bytes = 0;
  }
}

/** Approximate memory of a value, in bytes. @param {any} value @returns {number} */
function sizeOf(value) {
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (typeof value === "string") return 2 * value.length;
  if (value === null || typeof value !== "object") return 8;
  return Object.values(value).reduce((sum, part) => sum + sizeOf(part), 32);
}

/**
 * States with the likely next values of a control, likeliest first.
 * @param {ControlSpec} control @param {Controls} values @returns {Controls[]}
 */
export function neighbours(control, values) {
  const { name } = control;
  const likely = kindOf(control).likely?.(control, values[name]) ?? []; // a point has too many next values
  return likely.slice(0, MAX_AHEAD).map((value) => ({ ...values, [name]: value }));
}
