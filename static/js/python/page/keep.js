/**
 * Keeps what makes the next visit quick: the main module, and a snapshot that a worker of its own makes. It costs a second of
 * one processor and no byte from the network, and is left out where the reader saves data or memory is small.
 */
import { absolute, config, isFrugal } from "../../config.js";
import { idle } from "../../pauses.js";
import { keepMain } from "../main-module.js";
import { translate } from "../../words.js";

/** With nothing to do for so long, the page may see to the next visit. */
const IDLE_MS = 1_500;

/**
 * @param {WebAssembly.Module} main
 * @param {() => boolean} isIdle whether nothing is asked of Python
 * @param {(why: string) => void} onEnd hears why nothing could be kept, or ""
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
 * @returns {Promise<boolean>} whether there is something to start from next time
 * @throws {Error} if it could not be kept; the message says why
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
