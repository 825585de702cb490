/**
 * Prepare a faster next visit: store the main module, and a snapshot made by a separate worker. This takes a second of
 * one processor, and no network. Skip it if the reader saves data or memory is small.
 */
import { absolute, config, isFrugal } from "../../config.js";
import { idle } from "../../pauses.js";
import { keepMain } from "../main-module.js";
import { translate } from "../../words.js";

/** Idle time in ms before the page prepares the next visit. */
const IDLE_MS = 1_500;

/**
 * @param {WebAssembly.Module} main
 * @param {() => boolean} isIdle whether Python has no request
 * @param {(why: string) => void} onEnd called with the reason why nothing could be stored, or ""
 */
export function keepWhenIdle(main, isIdle, onEnd) {
  setTimeout(() => {
    if (!isIdle()) return keepWhenIdle(main, isIdle, onEnd);
    idle().then(async () => {
      try {
        const kept = await keep(main);
        performance.mark("latentbook-snapshot", { detail: kept ? "kept" : "not wanted" });
        onEnd("");
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        performance.mark("latentbook-snapshot", { detail: why });
        onEnd(why);
      }
    });
  }, IDLE_MS);
}

/**
 * @param {WebAssembly.Module} main
 * @returns {Promise<boolean>} whether the next visit can start from it
 * @throws {Error} if it could not be stored; the message gives the reason
 */
async function keep(main) {
  if (isFrugal()) return false;
  if (!navigator.storage?.getDirectory) throw new Error(translate("this browser has no storage for it"));
  const { base, hashes, version } = config.runtime;
  const place = { base: absolute(base), hashes };
  await keepMain(place);
  const worker = new Worker(absolute(config.assets["maker.js"]), { type: "module", name: "snapshot" });
  try {
    /** @type {import("../worker/maker.js").Made} */
    const { kept, why } = await new Promise((resolve, reject) => {
      worker.addEventListener("message", (event) => resolve(event.data));
      worker.addEventListener("error", (event) => {
        event.preventDefault();
        reject(new Error(event.message || translate("its script did not load")));
      });
      worker.postMessage({ ...place, version, main, widgets: widgetsHere() });
    });
    if (!kept) throw new Error(why);
  } finally {
    worker.terminate();
  }
  return true;
}

/** The instruments of this page. @returns {string[]} */
function widgetsHere() {
  const sections = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("section[data-instrument]"));
  return [...new Set([...sections].map(({ dataset }) => dataset.instrument ?? ""))];
}
