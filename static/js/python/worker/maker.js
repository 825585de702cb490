/**
 * A worker of its own that makes the snapshot for later visits, and ends. No reader's code ever runs here.
 *
 * @typedef {{base: string, version: string, main: WebAssembly.Module}} MakeSnapshot what the page asks for
 * @typedef {{kept: boolean, why: string}} Made `why` it could not be kept, or ""
 */
import { fetched } from "../download.js";
import { lastLine } from "./last-line.js";
import { startFromFiles } from "./loader.js";
import { INDEX, SOON, STANDARD_LIBRARY, readNowFrom } from "./packs.js";
import { makeSnapshot, pagesInUse, readSnapshot } from "./snapshot.js";
import { loadStored, store } from "./snapshot-store.js";

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
  const bytes = await loadStored(base);
  return bytes !== null && (await readSnapshot(bytes, version).then(() => true, () => false));
}

/** @param {MakeSnapshot} wanted */
async function make({ base, version, main }) {
  const { default: create } = await import(`${base}pyodide.asm.mjs`);
  const index = await (await fetched(base, INDEX)).json();
  const read = Object.keys(index.first).map(async (name) => {
    const bytes = new Uint8Array(await (await fetched(base, name)).arrayBuffer());
    return /** @type {const} */ ([name, bytes]);
  });
  const packs = new Map(await Promise.all(read));
  await (await fetched(base, SOON)).arrayBuffer(); // Python finds it in the HTTP cache
  const pack = (/** @type {string} */ name) => /** @type {Uint8Array} */ (packs.get(name));
  /** @type {Set<number>} */
  let touched = new Set();
  const python = await startFromFiles({
    create,
    main,
    index,
    packs: Promise.resolve(packs),
    standardLibrary: pack(STANDARD_LIBRARY),
    readNow: readNowFrom(base),
    forSnapshot: true,
    onMemory: ({ HEAPU8 }) => (touched = pagesInUse(HEAPU8)),
  });
  const start = python.pyodide.pyimport("latentbook_start");
  start.warm();
  start.destroy();
  return makeSnapshot(python, touched, { version, index });
}
