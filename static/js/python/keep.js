/**
 * Keeps what makes the next visit quick: the main module, and a snapshot that a worker of its own makes. It costs a second of
 * one processor and no byte from the network, and is left out where the reader saves data or memory is small.
 */
import { savesData } from "../config.js";
import { keepMain } from "./main-module.js";

const LEAST_MEMORY_GB = 2;

/**
 * @param {{base: string, version: string, main: WebAssembly.Module, maker: string}} options `maker`: URL of the worker
 * @returns {Promise<boolean>} whether there is something to start from next time
 * @throws {Error} if it could not be kept; the message says why
 */
export async function keepForNextVisit({ base, version, main, maker }) {
  if (savesData() || hasLittleMemory()) return false;
  if (!navigator.storage?.getDirectory) throw new Error("this browser has no storage for it");
  await keepMain(base);
  const worker = new Worker(maker, { type: "module", name: "snapshot" });
  try {
    /** @type {import("./maker.js").Made} */
    const { kept, why } = await new Promise((resolve, reject) => {
      worker.addEventListener("message", (event) => resolve(event.data));
      worker.addEventListener("error", (event) => {
        event.preventDefault();
        reject(new Error(event.message || "its script did not load"));
      });
      worker.postMessage({ base, version, main });
    });
    if (!kept) throw new Error(why);
  } finally {
    worker.terminate();
  }
  return true;
}

function hasLittleMemory() {
  return (Reflect.get(navigator, "deviceMemory") ?? Infinity) < LEAST_MEMORY_GB;
}
