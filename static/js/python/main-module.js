/**
 * The main WebAssembly module (Python itself, 10 MB). On a first visit the page compiles it as it comes, while the worker
 * starts. From the second visit it lies unpacked in Cache Storage (the HTTP cache would unpack it each time, which takes longer
 * than compiling it), and the worker takes it from there: the page is busy with laying itself out.
 *
 * @typedef {import("./download.js").Downloads} Downloads
 */

const NAME = "pyodide.asm.wasm";
const CACHE = "latentbook python";

/** @param {string} base URL of the runtime's folder */
export async function isKept(base) {
  return (await kept(base)) !== undefined;
}

/**
 * @param {string} base
 * @param {Downloads} downloads
 * @returns {Promise<WebAssembly.Module>}
 */
export async function compileFromNetwork(base, downloads) {
  const response = await downloads.get(base, NAME);
  if (response.headers.get("Content-Type") === "application/wasm") return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer()); // a static host that does not know the type
}

/**
 * @param {string} base
 * @returns {Promise<WebAssembly.Module | null>} null where none is kept, or a damaged one was
 */
export async function compileKept(base) {
  const response = await kept(base);
  if (response === undefined) return null;
  try {
    return await WebAssembly.compileStreaming(response);
  } catch {
    await (await caches.open(CACHE)).delete(base + NAME); // the network has it
    return null;
  }
}

/** @param {string} base */
async function kept(base) {
  try {
    return await (await caches.open(CACHE)).match(base + NAME);
  } catch {
    return undefined; // no storage, or no secure origin
  }
}

/** Keeps it for the next visit, and only this one of the book. @param {string} base */
export async function keepMain(base) {
  const cache = await caches.open(CACHE);
  const book = new URL("../", base).href;
  const all = await cache.keys();
  const others = all.filter(({ url }) => url.startsWith(book) && url !== base + NAME);
  await Promise.all(others.map((request) => cache.delete(request)));
  if (!all.some(({ url }) => url === base + NAME)) await cache.add(base + NAME);
}
