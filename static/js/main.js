/**
 * Finds the blocks of a page and starts them when the reader comes near; loads the rest on demand. Nothing here delays the
 * first paint: the page is complete without it.
 */
import { startChrome, startPage } from "./chrome.js";
import { config, savesData } from "./config.js";
import { runtime } from "./runtime.js";

const NEAR = "600px";

startChrome();
startPage();
followStatus();
startPython();
afterFirstPaint(startBlocks);

function startBlocks() {
  mountAll("section[data-cell]", async () => (await import("./cell.js")).mountCell);
  mountAll("section[data-quiz]", async () => (await import("./quiz.js")).mountQuiz);
  if (document.querySelector("section[data-instrument]")) {
    const instrument = import("./instrument.js"); // at once: the first one is near as a rule
    whenNear("section[data-instrument]", async (element) => (await instrument).mountInstrument(element));
  }
  whenNear("section[data-instrument], section[data-cell]", () => runtime.start());
  if (config.reload) import("./reload.js").then(({ followReloads }) => followReloads());
}

/** Takes over what start.js has set off. A reader who pays by the byte waits until there is something to run. */
function startPython() {
  if (!savesData() && document.querySelector("section[data-instrument], section[data-cell]")) runtime.start();
}

/**
 * Cells and questions show what this browser remembers of them, so none of them waits until it is near.
 *
 * @param {string} selector
 * @param {() => Promise<(element: HTMLElement) => void>} load
 */
async function mountAll(selector, load) {
  const elements = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(selector));
  if (elements.length === 0) return;
  const mount = await load();
  for (const element of elements) mount(element);
}

/** @param {string} selector @param {(element: HTMLElement) => void} run once for each element */
function whenNear(selector, run) {
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        observer.unobserve(target);
        run(/** @type {HTMLElement} */ (target));
      }
    },
    { rootMargin: NEAR },
  );
  for (const element of document.querySelectorAll(selector)) observer.observe(element);
}

/** @param {() => void} run */
function afterFirstPaint(run) {
  requestAnimationFrame(() => setTimeout(run));
}

/** The bar says where Python stands. Megabytes and seconds are not read out, what they lead to is. */
function followStatus() {
  const place = /** @type {HTMLElement | null} */ (document.querySelector("[data-runtime-status]"));
  const words = place?.querySelector(".sentence");
  const show = () => {
    if (place) {
      place.dataset.state = runtime.state;
      place.setAttribute("aria-live", runtime.state === "booting" || runtime.state === "busy" ? "off" : "polite");
    }
    if (words) words.textContent = runtime.sentence;
  };
  runtime.addEventListener("status", show);
  if (runtime.state !== "idle") show();
}
