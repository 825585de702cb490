/**
 * The worker: starts Python and passes each request to `widgets.engine.host.handle`. It needs no DOM and depends on no
 * instrument.
 *
 * Reader's code runs here and shares the page's origin. Before its first line runs, lock-down.js removes access to
 * other pages, the network and this browser's storage. Its output is text and numbers, limited to an amount that a page
 * can show.
 *
 * @import { Boot, Main, Received, StopBy, Reply } from "../protocol.js"
 * @typedef {import("../protocol.js").Request} Request
 */
import { Downloads, addressOf, fetched } from "../download.js";
import { putOffFinalizers } from "./finalizers.js";
import { Output } from "./output.js";
import { lastLine } from "./last-line.js";
import { MAX_MEMORY, start } from "./loader.js";
import { lockDown } from "./lock-down.js";
import { compileFromNetwork, compileKept } from "../main-module.js";
import { INDEX, SCRIPT, SOON, STANDARD_LIBRARY, packOf, readNowFrom } from "./packs.js";
import { checkSnapshot, readSnapshot } from "./snapshot.js";
import { openStored } from "./snapshot-store.js";
import { BOOT_ID } from "../protocol.js";

/** Limits per run: pictures and values sent to the page, and the characters of each. */
const MAX_DISPLAYS = 20;
const MAX_CHARACTERS = 2_000_000;

/** Longest delay in ms before a snapshot is checked, if there is no request. */
const LATEST_CHECK_MS = 10_000;

/** Time in ms without a request after which Python fetches and imports modules that most code uses. */
const QUIET_MS = 300;

const MEMORY_SENTENCE = `Python has ${MAX_MEMORY / 2 ** 20} MB of memory in this page.\n`;

/** Errors for sizes that are refused before any memory is allocated. */
const TOO_LARGE = /index-sized integer|array is too big|iterator is too large|Maximum allowed (size|dimension)/;

const send = globalThis.postMessage.bind(globalThis);

/** @param {Reply} reply @param {Transferable[]} [transfer] */
const post = (reply, transfer = []) => send(reply, { transfer });

/** @type {any} the Pyodide API */
let pyodide;
/** @type {any} `widgets.engine.host.handle` */
let handle;
/** The current request; null between requests, when output from callbacks belongs to none. @type {number | null} */
let requestId = null;
let displays = 0;
let answered = 0;

const output = new Output((name, text) => requestId !== null && post({ type: "stream", id: requestId, name, text }));

/**
 * The main module from the page; null if this worker must read it itself.
 * @type {PromiseWithResolvers<WebAssembly.Module | null>}
 */
const given = Promise.withResolvers();
/**
 * Resolves when the page has received nearly all of the main module, or need not.
 * @type {PromiseWithResolvers<void>}
 */
const received = Promise.withResolvers();
/** @type {Uint8Array | null} */
let interruptBuffer = null;

/** Requests from before Python was ready. @type {Exclude<Request, StopBy | Main | Received>[]} */
const early = [];
/** Packs, fetched in advance on a start from files, that the first request needs. @type {Map<string, Uint8Array>} */
const ahead = new Map();
/** The first request before Python is ready. @type {PromiseWithResolvers<Exclude<Request, StopBy | Main | Received>>} */
const askedEarly = Promise.withResolvers();
/** Resolves when the first request has been answered. @type {PromiseWithResolvers<void>} */
const answeredFirst = Promise.withResolvers();

/**
 * Ignore failing promises that reader's code leaves behind (pyodide_js.loadPackage): they are not errors of the page.
 */
globalThis.addEventListener("unhandledrejection", (event) => event.preventDefault());

globalThis.addEventListener("message", (event) => {
  /** @type {Request} */
  const message = event.data;
  if (message.type === "main") {
    given.resolve(message.main);
    received.resolve();
  } else if (message.type === "received") {
    received.resolve();
  } else if (message.type === "stop-by") {
    interruptBuffer = message.interruptBuffer;
    pyodide?.setInterruptBuffer(interruptBuffer);
  } else if (handle === undefined) {
    early.push(message);
    askedEarly.resolve(message);
  } else {
    tryToAnswer(message);
  }
});

/**
 * Python itself, from the page, storage or network. A damaged stored copy is replaced from the network.
 *
 * @param {Boot} message
 * @param {Downloads} downloads
 */
async function mainModule(message, downloads) {
  return (message.isGiven ? null : await compileKept(message)) ?? (await given.promise) ?? compileFromNetwork(message, downloads);
}

/** @param {unknown} error */
function die(error) {
  post({ type: "fatal", message: lastLine(error) });
}

/** @param {Boot} message */
async function boot(message) {
  const { base, version, isEarly } = message;
  const place = { base, hashes: { ...message.hashes } };
  const stored = openStored(message);
  const downloads = new Downloads(message.sizes, (download) => post({ type: "progress", stage: "download", download }));
  const main = mainModule(message, downloads);
  main.catch(() => {}); // awaited below, when the start has its files
  putOffFinalizers();
  const { default: create } = await import(addressOf(place, SCRIPT));
  const snapshot = stored.then(async (stored) => {
    if (stored !== null && !isEarly) await checkSnapshot(stored);
    const snapshot = stored && readSnapshot(stored, version);
    if (snapshot) learned(place, snapshot.header.index);
    return snapshot;
  });
  const files = () => filesOf(message, downloads, place);
  const read = readNowFrom(place);
  const readNow = (/** @type {string} */ pack) => ahead.get(pack) ?? read(pack);
  const { python, from, why } = await start({ create, main, snapshot, files, readNow });
  pyodide = python.pyodide;
  const host = pyodide.pyimport("latentbook_start").load_host();
  pyodide.setStdout({ write: (/** @type {Uint8Array} */ bytes) => output.write("stdout", bytes) });
  pyodide.setStderr({ write: (/** @type {Uint8Array} */ bytes) => output.write("stderr", bytes) });
  if (interruptBuffer) pyodide.setInterruptBuffer(interruptBuffer);
  const pause = pauses();
  lockDown(pyodide._api);
  post({ type: "done", id: BOOT_ID, value: { from, why, main: await main }, memory: memory() });
  handle = host.handle;
  for (const message of early.splice(0)) tryToAnswer(message);
  const file = await stored.catch(() => null);
  if (from === "files" || !isEarly) file?.close(); // while open, no new snapshot can be stored
  await Promise.race([answeredFirst.promise, pause(LATEST_CHECK_MS)]);
  if (from === "files") return answeredFirst.promise.then(() => importSoon(place, pause));
  if (file !== null && isEarly) {
    await checkSnapshot(file, pause).catch(() => post({ type: "spoiled" }));
    file.close();
  }
}

/**
 * Return a function that yields to other tasks, even after the worker is locked down.
 * @returns {(ms?: number) => Promise<void>}
 */
function pauses() {
  const { setTimeout } = globalThis;
  return (ms = 0) => new Promise((resolve) => void setTimeout.call(globalThis, resolve, ms));
}

/**
 * Record the file names in an index.
 *
 * @param {import("../download.js").Place} place
 * @param {import("./packs.js").Index} index
 */
function learned(place, index) {
  Object.assign(place.hashes, index.hashes);
  return index;
}

/**
 * Fetch and import modules that most code uses. Called after the first answer.
 *
 * @param {import("../download.js").Place} place
 * @param {(ms: number) => Promise<void>} pause
 */
async function importSoon(place, pause) {
  let before;
  do {
    before = answered;
    await pause(QUIET_MS);
  } while (before !== answered);
  try {
    await (await fetched(place, SOON)).arrayBuffer(); // Python finds it in the HTTP cache
    const start = pyodide.pyimport("latentbook_start");
    start.import_soon();
    start.destroy();
  } catch {
    // The reader's own import will report the error.
  }
}

/**
 * @param {Boot} message
 * @param {Downloads} downloads
 * @param {import("../download.js").Place} place receives the names of all files
 */
async function filesOf({ sizes }, downloads, place) {
  const bytes = async (/** @type {string} */ name) => new Uint8Array(await (await downloads.get(place, name)).arrayBuffer());
  const standardLibrary = bytes(STANDARD_LIBRARY);
  const index = downloads.get(place, INDEX).then(async (response) => learned(place, await response.json()));
  // Python's own start needs only the main module and its library: fetch those first, other files during the start.
  const others = Object.keys(sizes).filter((name) => name.endsWith(".pack") && name !== STANDARD_LIBRARY);
  const packs = Promise.all([standardLibrary, index, received.promise]).then(async () => {
    const read = others.map(async (name) => /** @type {const} */ ([name, await bytes(name)]));
    return new Map(await Promise.all(read));
  });
  const fetchAhead = async () => {
    const [question] = await Promise.all([askedEarly.promise, index]);
    if (question.type !== "compute_widget") return;
    const name = packOf(question.widget);
    ahead.set(name, new Uint8Array(await (await fetched(place, name)).arrayBuffer()));
  };
  fetchAhead().catch(() => {}); // then Python fetches it itself
  packs.then(() => post({ type: "progress", stage: "import", download: null }), () => {}); // awaited by the loader
  return { standardLibrary: await standardLibrary, index: await index, packs };
}

/** @param {Exclude<Request, StopBy | Main | Received>} message */
function tryToAnswer(message) {
  requestId = message.id;
  displays = 0;
  try {
    const reply = answer(message);
    output.finish();
    post(reply, buffersOf(reply));
  } catch (error) {
    output.finish();
    // `handle` replies to other Python exceptions: this is the interpreter itself, by exit, a broken stack, or damage.
    if (isInterrupt(error)) post(interrupted(message.id));
    else die(error);
  }
  requestId = null;
  answered += 1;
  answeredFirst.resolve();
}

/** @param {Exclude<Request, StopBy | Main | Received>} message @returns {Reply} */
function answer(message) {
  const request = pyodide.toPy(exchanged(message, null, undefined)); // Python's None is undefined on this side
  try {
    const reply = handle(request, display);
    const value = exchanged(reply.toJs({ dict_converter: Object.fromEntries, create_pyproxies: false }), undefined, null);
    reply.destroy();
    if (value.type !== "done" && value.type !== "failed") throw new Error("it gave no answer");
    if (value.name === "MemoryError" || TOO_LARGE.test(value.message)) value.traceback += MEMORY_SENTENCE;
    return { ...value, id: message.id, memory: memory() };
  } finally {
    request.destroy?.();
  }
}

/** Whether an error is a Stop that came too early or too late for `handle` to catch. @param {unknown} error */
function isInterrupt(error) {
  return error instanceof Error && Reflect.get(error, "type") === "KeyboardInterrupt";
}

/** @param {number} id @returns {Reply} */
function interrupted(id) {
  const said = { name: "KeyboardInterrupt", message: "Stopped.", line: null, traceback: "" };
  return { type: "failed", id, kind: "interrupted", ...said, memory: memory() };
}

/** Python's memory in bytes. It grows and never shrinks. @returns {number} */
const memory = () => pyodide._module.HEAPU8.byteLength;

/** @param {string} mime @param {string} data */
function display(mime, data) {
  displays += 1;
  if (requestId === null || displays > MAX_DISPLAYS || String(data).length > MAX_CHARACTERS) return;
  post({ type: "display", id: requestId, mime: String(mime), data: String(data) });
}

/** A copy of plain data with one value replaced by another. @param {any} value @param {unknown} from @param {unknown} to @returns {any} */
function exchanged(value, from, to) {
  if (value === from) return to;
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map((part) => exchanged(part, from, to));
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, exchanged(part, from, to)]));
}

/** The buffers of all typed arrays in a reply, to be moved, not copied. @param {any} value @returns {ArrayBuffer[]} */
function buffersOf(value) {
  if (ArrayBuffer.isView(value)) return [/** @type {ArrayBuffer} */ (value.buffer)];
  if (value === null || typeof value !== "object") return [];
  return Object.values(value).flatMap(buffersOf);
}

boot(JSON.parse(self.name)).catch(die);
