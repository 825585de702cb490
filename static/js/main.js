/** Starts the frame around the text, then each page loaded into it. */
import { importInstruments, startBlocks } from "./page/blocks.js";
import { startChrome, startFrame } from "./page/chrome.js";
import { config, isApples, textGoesFirst } from "./config.js";
import { enterDeck } from "./deck/open.js";
import { askFirst, forgetFirst } from "./instrument/first-question.js";
import { leadOn } from "./page/address.js";
import { painted } from "./pauses.js";
import { runtime } from "./python/page/runtime.js";

startChrome();
followStatus();
let leave = enter(true);
runtime.addEventListener("spoiled", forgetFirst);
painted().then(async () => {
  const { startNavigation } = await import("./page/navigate.js"); // until then, links load pages normally
  startNavigation({ prepare, leave: () => leave(), enter: () => (leave = enter(false)) });
});
painted().then(async () => (await import("./page/offline.js")).startOffline());
painted().then(async () => (await import("./page/returning.js")).keepForBack());
painted().then(() => document.querySelector("link[data-late]")?.setAttribute("media", "all"));
// An iPhone zooms in when a field with small text gets the focus. This limit prevents that; pinch zoom ignores it.
if (isApples) document.querySelector("meta[name=viewport]")?.setAttribute("content", "width=device-width, initial-scale=1, maximum-scale=1");
if (config.reload) import("./page/reload.js").then(({ followReloads }) => followReloads());

/** @param {boolean} isFirst page of this visit @returns {() => void} leaves the page */
function enter(isFirst) {
  if (!isFirst) leadOn();
  startFrame(isFirst);
  const review = /** @type {HTMLElement | null} */ (document.querySelector("[data-review]"));
  if (review !== null) import("./page/review.js").then(({ startReview }) => startReview(review));
  painted().then(async () => (await import("./page/cards.js")).nameEquations());
  painted().then(async () => (await import("./page/changes.js")).followChanges());
  const work = /** @type {HTMLElement | null} */ (document.querySelector("main:has([data-my-work])"));
  if (work !== null) painted().then(async () => (await import("./page/my-work.js")).showWork(work));
  const [leaveDeck, endBlocks] = [enterDeck(), startBlocks(startPython(), isFirst)];
  return () => {
    leaveDeck();
    endBlocks();
  };
}

/** @param {Document} page that the reader may open next @param {string} search of its address */
function prepare(page, search) {
  if (!runtime.ready || !page.querySelector("section[data-instrument]")) return;
  askFirst(runtime, importInstruments(), { page, search, background: true });
}

/**
 * Start Python in place of start.js, unless the text loads first.
 *
 * @returns {HTMLElement | null} the instrument whose picture is already being computed
 */
function startPython() {
  if ((textGoesFirst() && !runtime.ready) || !document.querySelector("section[data-instrument], section[data-cell]")) return null;
  const instruments = importInstruments(); // loads during the layout of the page (blocks.js)
  runtime.start();
  return askFirst(runtime, instruments);
}

/** Show Python's status and memory in the bar. Screen readers announce changes of state, not megabytes and seconds. */
function followStatus() {
  const memory = document.querySelector("[data-runtime-memory]");
  const restart = /** @type {HTMLButtonElement | null} */ (document.querySelector('[data-action="restart"]'));
  const place = /** @type {HTMLElement | null} */ (document.querySelector("[data-runtime-status]"));
  const words = place?.querySelector(".sentence");
  const show = () => {
    if (place) {
      place.dataset.state = runtime.state;
      place.setAttribute("aria-live", runtime.state === "booting" || runtime.state === "busy" ? "off" : "polite");
    }
    if (words) words.textContent = runtime.sentence;
    if (restart && runtime.ready) restart.disabled = false;
  };
  runtime.addEventListener("status", show);
  runtime.addEventListener("memory", () => memory && (memory.textContent = `${runtime.megabytes} MB`));
  restart?.addEventListener("click", () => runtime.restart());
  if (runtime.state !== "idle") show();
}
