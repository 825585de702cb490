/**
 * A separate worker that makes the snapshot for later visits, then ends. It never runs reader's code.
 *
 * @typedef {import("../download.js").Place & {version: string, main: WebAssembly.Module, widgets: string[]}} MakeSnapshot the page's request;
 *   `widgets`: the page's instruments, which go into the snapshot
 * @typedef {{kept: boolean, why: string}} Made `why` it could not be stored, or ""
 */
import { addressOf, fetched } from "../download.js";
import { putOffFinalizers } from "./finalizers.js";
import { lastLine } from "./last-line.js";
import { startForSnapshot } from "./loader.js";
import { INDEX, SCRIPT, SOON, STANDARD_LIBRARY, readNowFrom } from "./packs.js";
import { checkSnapshot, makeSnapshot, pagesInUse, readSnapshot } from "./snapshot.js";
import { openStored, store } from "./snapshot-store.js";

globalThis.addEventListener("message", async (event) => {
  const why = await keepOne(event.data).then(() => "", lastLine);
  globalThis.postMessage({ kept: why === "", why });
});

/** Make and store a snapshot, in only one of several tabs. @param {MakeSnapshot} wanted */
function keepOne(wanted) {
  return navigator.locks.request(`latentbook ${wanted.base} ${wanted.version}`, { ifAvailable: true }, async (lock) => {
    if (lock === null || (await isKept(wanted))) return;
    await store(wanted, await make(wanted));
  });
}

/** @param {MakeSnapshot} wanted */
async function isKept(wanted) {
  const stored = await openStored(wanted);
  if (stored === null) return false;
  try {
    await checkSnapshot(stored);
    readSnapshot(stored, wanted.version);
    return true;
  } catch {
    return false;
  } finally {
    stored.close();
  }
}

/** @param {MakeSnapshot} wanted */
async function make({ base, hashes, version, main, widgets }) {
  /** @type {import("./packs.js").Index} */
  const index = await (await fetched({ base, hashes }, INDEX)).json();
  const place = { base, hashes: { ...hashes, ...index.hashes } };
  const read = Object.keys(index.first).map(async (name) => {
    const bytes = new Uint8Array(await (await fetched(place, name)).arrayBuffer());
    return /** @type {const} */ ([name, bytes]);
  });
  const packs = new Map(await Promise.all(read));
  await (await fetched(place, SOON)).arrayBuffer(); // Python finds it in the HTTP cache
  const standardLibrary = /** @type {Uint8Array} */ (packs.get(STANDARD_LIBRARY));
  putOffFinalizers();
  // Import it last, so that it runs at once: when the browser stores its compiled form, all functions have been called.
  const { default: create } = await import(addressOf(place, SCRIPT));
  /** @type {Set<number>} */
  let touched = new Set();
  const python = await startForSnapshot({
    create,
    main,
    files: { index, standardLibrary, packs: Promise.resolve(packs) },
    readNow: readNowFrom(place),
    onMemory: ({ HEAPU8 }) => (touched = pagesInUse(HEAPU8)),
  });
  const start = python.pyodide.pyimport("latentbook_start");
  start.warm(python.pyodide.toPy(widgets));
  start.destroy();
  return makeSnapshot(python, touched, { version, index });
}
