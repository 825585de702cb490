/**
 * Finds the blocks of a page and starts them when the reader comes near; loads the rest on demand. Nothing here delays the
 * first paint: the page is complete without it.
 */
import { startChrome, startPage } from "./chrome.js";
import { config } from "./config.js";
import { runtime } from "./runtime.js";

const NEAR = "600px";

startChrome();
startPage();
followStatus();
afterFirstPaint(startBlocks);

function startBlocks() {
  mountAll("section[data-cell]", async () => (await import("./cell.js")).mountCell);
  mountAll("section[data-quiz]", async () => (await import("./quiz.js")).mountQuiz);
  whenNear("section[data-instrument]", async (element) => {
    const { mountInstrument } = await import("./instrument.js");
    mountInstrument(element);
  });
  whenNear("section[data-instrument], section[data-cell]", () => runtime.start());
  startWhenIdle();
  if (config.reload) import("./reload.js").then(({ followReloads }) => followReloads());
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

/** A page with something to run starts Python once it has nothing else to do, unless the reader pays by the byte. */
function startWhenIdle() {
  const connection = /** @type {{saveData?: boolean} | undefined} */ (Reflect.get(navigator, "connection"));
  if (connection?.saveData || !document.querySelector("section[data-instrument], section[data-cell]")) return;
  const start = () => runtime.start();
  if ("requestIdleCallback" in globalThis) requestIdleCallback(start);
  else setTimeout(start, 1_000);
}

/** @param {() => void} run */
function afterFirstPaint(run) {
  requestAnimationFrame(() => setTimeout(run));
}

/** The bar says where Python stands. Megabytes and seconds are not read out, what they lead to is. */
function followStatus() {
  const place = /** @type {HTMLElement | null} */ (document.querySelector("[data-runtime-status]"));
  const words = place?.querySelector(".sentence");
  runtime.addEventListener("status", () => {
    if (place) {
      place.dataset.state = runtime.state;
      place.setAttribute("aria-live", runtime.state === "booting" || runtime.state === "busy" ? "off" : "polite");
    }
    if (words) words.textContent = runtime.sentence;
  });
}
