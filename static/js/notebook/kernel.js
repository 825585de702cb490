/**
 * Python for an instrument in a notebook: the notebook's own kernel. It answers the messages of ../python/protocol.js in
 * order, between cells (app/latentbook/notebook.py).
 *
 * @import { Message, Options } from "../python/page/job.js"
 * @typedef {{resolve: (value: any) => void, reject: (error: RunError) => void}} Waiting
 * @typedef {{
 *   get: (name: string) => any,
 *   set: (name: string, value: unknown) => void,
 *   save_changes: () => void,
 *   on: (event: string, react: (...args: any[]) => void) => void,
 *   off: (event: string, react: (...args: any[]) => void) => void,
 *   send: (content: unknown) => void,
 * }} Model of anywidget, shared by the kernel's side of a widget and all its views
 */
import { RunError, stopped } from "../python/page/job.js";
import { translate } from "../words.js";

/** @type {Record<string, new (buffer: ArrayBuffer) => ArrayBufferView>} */
const ARRAYS = { uint8: Uint8Array, int32: Int32Array, float32: Float32Array, float64: Float64Array };

export class Kernel extends EventTarget {
  ready = true;
  state = "ready";
  sentence = "";
  #model;
  /** @type {Map<string, Waiting>} */
  #waiting = new Map();
  /** Prefix of request numbers, because other views of the model also receive the answers. */
  #view = Math.random().toString(36).slice(2);
  #asked = 0;

  /** @param {Model} model */
  constructor(model) {
    super();
    this.#model = model;
    model.on("msg:custom", this.#hear);
  }

  destroy() {
    this.#model.off("msg:custom", this.#hear);
    for (const { reject } of this.#waiting.values()) reject(stopped(translate("Stopped.")));
    this.#waiting.clear();
  }

  /** @param {Message} message @param {Options} [options] @returns {Promise<any>} the value of `done` @throws {RunError} */
  request(message, { signal } = {}) {
    return new Promise((resolve, reject) => {
      const id = `${this.#view}-${++this.#asked}`;
      this.#waiting.set(id, { resolve, reject });
      // The kernel finishes its current request; ignore its answer.
      signal?.addEventListener("abort", () => this.#waiting.delete(id) && reject(stopped(translate("Stopped."))), { once: true });
      this.#model.send({ ...message, id });
    });
  }

  waitsForCode() {
    return false;
  }

  /** @param {any} reply @param {DataView[]} buffers */
  #hear = (reply, buffers) => {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    this.#waiting.delete(reply.id);
    if (reply.type === "done") waiting.resolve(unpacked(reply.value, buffers));
    else waiting.reject(new RunError(reply));
  };
}

/**
 * Unpack a value made by `packed` in app/latentbook/notebook.py.
 * @param {any} value @param {DataView[]} buffers @returns {any}
 */
function unpacked(value, buffers) {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((part) => unpacked(part, buffers));
  if ("dtype" in value) {
    const { buffer, byteOffset, byteLength } = buffers[value.buffer];
    const bytes = /** @type {ArrayBuffer} */ (buffer).slice(byteOffset, byteOffset + byteLength); // typed arrays begin at multiples of 8
    return new ARRAYS[value.dtype](bytes);
  }
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, unpacked(part, buffers)]));
}
