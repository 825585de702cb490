/**
 * The worker: loads Pyodide and hands each message to `widgets.host.handle`. It knows no DOM and no instrument.
 *
 * Reader's code runs here and shares the page's origin. What could reach other pages, the network or what this browser
 * stores is taken away before its first line runs.
 *
 * @typedef {import("./protocol.js").Boot} Boot
 * @typedef {import("./protocol.js").Request} Request
 * @typedef {import("./protocol.js").Reply} Reply
 */
import { countedFetch } from "./download.js";
import { Output } from "./output.js";

const send = globalThis.postMessage.bind(globalThis);

/** @param {Reply} reply @param {Transferable[]} [transfer] */
const post = (reply, transfer = []) => send(reply, { transfer });

/** @type {any} the Pyodide API */
let pyodide;
/** @type {any} `widgets.host.handle` */
let handle;
/** @type {Uint8Array | null} */
let interruptBuffer = null;
/** Of the request in hand. */
let requestId = 0;

const output = new Output((name, text) => post({ type: "stream", id: requestId, name, text }));

globalThis.addEventListener("message", (event) => {
  /** @type {Request} */
  const message = event.data;
  if (message.type === "boot") boot(message).catch(die);
  else answer(message);
});

/** @param {unknown} error */
function die(error) {
  post({ type: "fatal", message: String(error instanceof Error ? error.message : error) });
}

/** @param {Boot} message */
async function boot({ id, indexURL, packages, files, interruptBuffer: buffer }) {
  const { fetch, failure } = countedFetch(indexURL, packages, files, (download) => {
    post({ type: "progress", stage: "download", ...download });
  });
  globalThis.fetch = fetch;
  import(`${indexURL}pyodide.asm.mjs`); // Pyodide would ask for it only after its loader has come
  const { loadPyodide } = await import(`${indexURL}pyodide.mjs`);
  const started = loadPyodide({ indexURL, packages, jsglobals: {}, stdout: silence, stderr: silence });
  pyodide = await Promise.race([started, failure]);
  post({ type: "progress", stage: "import", fraction: 1, bytes: 0 });
  handle = pyodide.pyimport("widgets.host").handle;
  pyodide.setStdout({ write: (/** @type {Uint8Array} */ bytes) => output.write("stdout", bytes) });
  pyodide.setStderr({ write: (/** @type {Uint8Array} */ bytes) => output.write("stderr", bytes) });
  pyodide.setStdin({ error: true });
  interruptBuffer = buffer;
  if (interruptBuffer) pyodide.setInterruptBuffer(interruptBuffer);
  closeDoors();
  post({ type: "done", id, value: null });
}

/** Pyodide's own messages while it starts ("Loading numpy") are not the reader's output. */
function silence() {}

/**
 * Takes away what reader's code must not have. The Content-Security-Policy already forbids other hosts and eval; this
 * leaves no way to this origin's storage, service worker or server, nor to the page behind the protocol's back.
 */
function closeDoors() {
  const names = ["fetch", "XMLHttpRequest", "WebSocket", "WebTransport", "EventSource", "indexedDB", "caches", "cookieStore",
    "BroadcastChannel", "Worker", "SharedWorker", "navigator", "importScripts", "postMessage", "close"];
  for (let scope = globalThis; scope !== null; scope = Object.getPrototypeOf(scope)) {
    for (const name of names) {
      const own = Object.getOwnPropertyDescriptor(scope, name);
      if (own?.configurable) Object.defineProperty(scope, name, { value: undefined });
    }
  }
}

/** @param {Exclude<Request, Boot>} message */
function answer(message) {
  requestId = message.id;
  if (interruptBuffer) interruptBuffer[0] = 0;
  const request = pyodide.toPy(exchanged(message, null, undefined)); // Python's None is undefined on this side
  let reply;
  try {
    reply = handle(request, display);
  } catch (error) {
    output.finish();
    // Handle turns every Python exception into a reply, so this is the interpreter itself: exit, or a broken stack.
    return die(error);
  } finally {
    request.destroy?.();
  }
  const value = exchanged(reply.toJs({ dict_converter: Object.fromEntries, create_pyproxies: false }), undefined, null);
  reply.destroy();
  output.finish();
  post(value, buffersOf(value));
}

/** @param {string} mime @param {string} data */
function display(mime, data) {
  post({ type: "display", id: requestId, mime, data });
}

/** A copy of plain data with one value exchanged for another. @param {any} value @param {unknown} from @param {unknown} to @returns {any} */
function exchanged(value, from, to) {
  if (value === from) return to;
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map((part) => exchanged(part, from, to));
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, exchanged(part, from, to)]));
}

/** Memory of every typed array inside a reply: moved, not copied. @param {any} value @returns {ArrayBuffer[]} */
function buffersOf(value) {
  if (ArrayBuffer.isView(value)) return [/** @type {ArrayBuffer} */ (value.buffer)];
  if (value === null || typeof value !== "object") return [];
  return Object.values(value).flatMap(buffersOf);
}
