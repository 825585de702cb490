// Restores the snapshot that the page has kept, and tells two SHA-256: of the memory that stands in the file, and of the memory
// that Python begins with.
import { addressOf } from "../../static/js/python/download.js";
import { start } from "../../static/js/python/worker/loader.js";
import { readNowFrom } from "../../static/js/python/worker/packs.js";
import { readSnapshot } from "../../static/js/python/worker/snapshot.js";
import { openStored } from "../../static/js/python/worker/snapshot-store.js";

async function hash(memory) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", memory));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

addEventListener("message", async ({ data: { base, hashes, version } }) => {
  const place = { base, hashes };
  const stored = await openStored({ base, version });
  const snapshot = readSnapshot(stored, version);
  const expected = new Uint8Array(snapshot.header.heapSize);
  snapshot.readInto(expected);
  const { default: createStock } = await import(addressOf(place, "pyodide.asm.mjs"));
  let restored;
  const create = async (settings) => {
    const module = await createStock(settings);
    const { finalizeBootstrap } = settings.API;
    settings.API.finalizeBootstrap = (...given) => {
      restored = module.HEAPU8.slice();
      return finalizeBootstrap(...given);
    };
    return module;
  };
  const main = WebAssembly.compileStreaming(fetch(addressOf(place, "pyodide.asm.wasm")));
  await start({ create, main, snapshot: Promise.resolve(snapshot), readNow: readNowFrom(place) });
  stored.close();
  postMessage([await hash(expected), await hash(restored)]);
});
