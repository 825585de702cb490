/**
 * The main WebAssembly module (Python itself, 10 MB), compiled in the page while the worker starts. From the second visit it
 * comes unpacked out of Cache Storage: the HTTP cache would unpack it each time, which takes longer than compiling it.
 *
 * @typedef {import("../download.js").Downloads} Downloads
 */

const NAME = "pyodide.asm.wasm";
const CACHE = "latentbook python";

/**
 * @param {string} base URL of the runtime's folder
 * @param {Downloads} downloads
 * @returns {Promise<WebAssembly.Module>}
 */
export async function compileMain(base, downloads) {
  const kept = await keptMain(base);
  if (kept !== undefined) {
    try {
      return await WebAssembly.compileStreaming(kept);
    } catch {
      await forgetMain(base); // damaged: the network has it
    }
  }
  const response = await downloads.get(base, NAME);
  if (response.headers.get("Content-Type") === "application/wasm") return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer()); // a static host that does not know the type
}

/** @param {string} base */
async function keptMain(base) {
  try {
    return await (await caches.open(CACHE)).match(base + NAME);
  } catch {
    return undefined; // no storage, or no secure origin
  }
}

/** @param {string} base */
async function forgetMain(base) {
  await (await caches.open(CACHE)).delete(base + NAME);
}

/** Keeps it for the next visit, and only this one of the book. @param {string} base */
export async function keepMain(base) {
  const cache = await caches.open(CACHE);
  const book = new URL("../", base).href;
  const kept = await cache.keys();
  const others = kept.filter(({ url }) => url.startsWith(book) && url !== base + NAME);
  await Promise.all(others.map((request) => cache.delete(request)));
  if (!kept.some(({ url }) => url === base + NAME)) await cache.add(base + NAME);
}
