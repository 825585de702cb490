/**
 * The main WebAssembly module (Python itself, 10 MB). On a first visit, the page compiles it while it downloads and the
 * worker starts. For later visits it is stored unpacked in Cache Storage, because unpacking it from the HTTP cache
 * takes longer than compiling. The worker reads it from there, because the page is busy with its layout.
 *
 * @import { Downloads, Place } from "./download.js"
 */
import { addressOf } from "./download.js";

const NAME = "pyodide.asm.wasm";
const CACHE = "latentbook python";

/** @param {Place} place */
export async function isKept(place) {
  return (await kept(place)) !== undefined;
}

/**
 * @param {Place} place
 * @param {Downloads} downloads
 * @returns {Promise<WebAssembly.Module>}
 */
export async function compileFromNetwork(place, downloads) {
  const response = await downloads.get(place, NAME);
  if (response.headers.get("Content-Type") === "application/wasm") return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer()); // a static host that does not know the type
}

/**
 * @param {Place} place
 * @returns {Promise<WebAssembly.Module | null>} null if none is stored, or it is damaged
 */
export async function compileKept(place) {
  const response = await kept(place);
  if (response === undefined) return null;
  try {
    return await WebAssembly.compileStreaming(response);
  } catch {
    await (await caches.open(CACHE)).delete(addressOf(place, NAME)); // the network has another copy
    return null;
  }
}

/** @param {Place} place */
async function kept(place) {
  try {
    return await (await caches.open(CACHE)).match(addressOf(place, NAME));
  } catch {
    return undefined; // no storage, or no secure origin
  }
}

/** Store the module for the next visit, and remove the book's older ones. @param {Place} place */
export async function keepMain(place) {
  const cache = await caches.open(CACHE);
  const address = addressOf(place, NAME);
  const all = await cache.keys();
  const others = all.filter(({ url }) => url.startsWith(place.base) && url !== address);
  await Promise.all(others.map((request) => cache.delete(request)));
  if (!all.some(({ url }) => url === address)) await cache.add(address);
}
