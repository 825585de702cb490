/**
 * A cache of pictures that Python has computed, so that a slider that returns to a value, or moves to a predicted one,
 * is answered in its own event. Least recently used entries go first.
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

/** States in which a control has its likely next values, likeliest first. @param {ControlSpec} control @param {Controls} values @returns {Controls[]} */
export function neighbours(control, values) {
  const { name } = control;
  const likely = kindOf(control).likely?.(control, values[name]) ?? []; // a place has too many to predict one
  return likely.slice(0, MAX_AHEAD).map((value) => ({ ...values, [name]: value }));
}
