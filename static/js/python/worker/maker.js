/**
 * A worker of its own that makes the snapshot for later visits, and ends. No reader's code ever runs here.
 *
 * @typedef {{base: string, version: string, main: WebAssembly.Module}} MakeSnapshot what the page asks for
 * @typedef {{kept: boolean, why: string}} Made `why` it could not be kept, or ""
 */
import { fetched } from "../download.js";
import { lastLine } from "./last-line.js";
import { startForSnapshot } from "./loader.js";
import { INDEX, SOON, STANDARD_LIBRARY, readNowFrom } from "./packs.js";
import { checkSnapshot, makeSnapshot, pagesInUse, readSnapshot } from "./snapshot.js";
import { openStored, store } from "./snapshot-store.js";

globalThis.addEventListener("message", async (event) => {
  const why = await keepOne(event.data).then(() => "", lastLine);
  globalThis.postMessage({ kept: why === "", why });
});

/** Of several tabs one makes it. @param {MakeSnapshot} wanted */
function keepOne(wanted) {
  return navigator.locks.request(`latentbook ${wanted.base}`, { ifAvailable: true }, async (lock) => {
    if (lock === null || (await isKept(wanted))) return;
    await store(wanted.base, await make(wanted));
  });
}

/** @param {MakeSnapshot} wanted */
async function isKept({ base, version }) {
  const stored = await openStored(base);
  if (stored === null) return false;
  try {
    await checkSnapshot(stored);
    readSnapshot(stored, version);
    return true;
  } catch {
    return false;
  } finally {
    stored.close();
  }
}

/** @param {MakeSnapshot} wanted */
async function make({ base, version, main }) {
  const index = await (await fetched(base, INDEX)).json();
  const read = Object.keys(index.first).map(async (name) => {
    const bytes = new Uint8Array(await (await fetched(base, name)).arrayBuffer());
    return /** @type {const} */ ([name, bytes]);
  });
  const packs = new Map(await Promise.all(read));
  await (await fetched(base, SOON)).arrayBuffer(); // Python finds it in the HTTP cache
  const standardLibrary = /** @type {Uint8Array} */ (packs.get(STANDARD_LIBRARY));
  // Last, so that it runs at once: when the browser keeps its compiled form for later visits, all of it has been called.
  const { default: create } = await import(`${base}pyodide.asm.mjs`);
  /** @type {Set<number>} */
  let touched = new Set();
  const python = await startForSnapshot({
    create,
    main,
    files: { index, standardLibrary, packs: Promise.resolve(packs) },
    readNow: readNowFrom(base),
    onMemory: ({ HEAPU8 }) => (touched = pagesInUse(HEAPU8)),
  });
  const start = python.pyodide.pyimport("latentbook_start");
  start.warm();
  start.destroy();
  return makeSnapshot(python, touched, { version, index });
}
