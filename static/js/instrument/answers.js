/**
 * A cache of pictures that Python has computed, so that a slider that returns to a value, or moves to a predicted one,
 * is answered in its own event. Least recently used entries go first.
 * @import { FrameValue, Controls } from "../python/protocol.js"
 * @import { ControlSpec } from "./state.js"
 */
import { nearest, steps } from "./state.js";

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
 * Likely next values of a control, likeliest first: a slider's steps from the nearest outward, the other options of a
 * choice.
 * @param {ControlSpec} control
 * @param {Controls} values
 * @returns {Controls[]}
 */
export function neighbours(control, values) {
  /** @param {any} value */
  const at = (value) => ({ ...values, [control.name]: value });
  switch (control.kind) {
    case "slider": {
      const all = steps(control);
      const here = nearest(all, Number(values[control.name]));
      const outward = all.map((_, i) => i).sort((a, b) => Math.abs(a - here) - Math.abs(b - here));
      return outward.slice(1, MAX_AHEAD + 1).map((i) => at(all[i]));
    }
    case "choice":
      return Object.keys(control.options).filter((option) => option !== values[control.name]).map(at);
    case "toggle":
      return [at(!values[control.name])];
    default:
      return []; // too many places to predict one
  }
}
