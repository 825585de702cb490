/**
 * Where the reader is stays where it is. What is far from the window is not laid out (prose.css), so that its height is a guess.
 * Above the place that a link leads to all is laid out first; and a page that is come back to has the heights it was left with.
 *
 * @typedef {{width: number, heights: Record<string, number>, top: {selector: string, at: number} | null}} Recalled
 *   Of a page that was left: the window's width, the height of each block by its selector, and the block at the top of the window.
 */

import { painted } from "../pauses.js";

/** What prose.css skips: sections, and the blocks in them. */
const BLOCKS = ".section > :not(h2, h3, h4, .noted), .section > .noted > *";
const SKIPPED = `.section, ${BLOCKS}`;
/** So many blocks are laid out in one go. */
const AT_ONCE = 8;

/** @type {CSSStyleSheet | null} heights of the page that is shown */
let sheet = null;

/** Called in the page's head. */
export function keepPlace() {
  if (location.hash !== "") seek();
  addEventListener("hashchange", () => {
    if (layOutAbove()) placeOfAddress()?.scrollIntoView();
  });
  recallHeights();
  if (isComeBackTo()) holdStill();
  addEventListener("pagehide", () => {
    rememberHeights(location.pathname);
    history.scrollRestoration = "auto";
  });
}

function isComeBackTo() {
  const [visit] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
  return ["reload", "back_forward"].includes(visit?.type);
}

/** The browser would take the reader back by pixels, before the fonts are there; with them lines break elsewhere. */
function holdStill() {
  const { width, top } = recalled();
  if (width !== innerWidth || !top) return;
  history.scrollRestoration = "manual";
  const done = new AbortController();
  for (const type of ["wheel", "touchstart", "pointerdown", "keydown"]) {
    addEventListener(type, () => done.abort(), { signal: done.signal, capture: true, passive: true });
  }
  addEventListener("load", () => document.fonts.ready.then(painted).then(() => done.abort()));
  done.signal.addEventListener("abort", () => (history.scrollRestoration = "auto"));
  const hold = () => {
    if (done.signal.aborted) return;
    const block = document.querySelector(top.selector);
    if (block) scrollBy({ top: block.getBoundingClientRect().top - top.at, behavior: "instant" });
    requestAnimationFrame(hold);
  };
  hold();
}

/** Before each layout of the page while it is parsed. */
function seek() {
  if (!layOutAbove() && document.readyState === "loading") requestAnimationFrame(seek);
}

/** What the address names, if it is there. */
export function placeOfAddress() {
  try {
    return document.getElementById(decodeURIComponent(location.hash.slice(1)));
  } catch {
    return null; // a broken escape names nothing
  }
}

/** @returns {boolean} whether the place that the address names is there */
export function layOutAbove() {
  const end = placeOfAddress();
  if (end === null) return false;
  for (const each of document.querySelectorAll(SKIPPED)) {
    if (!(each.compareDocumentPosition(end) & Node.DOCUMENT_POSITION_FOLLOWING)) break;
    if (!each.hasAttribute("data-measured")) each.setAttribute("data-measured", "now");
  }
  return true;
}

/** @param {string} path */
const keyOf = (path) => `latentbook:1:heights:${path}`;

/** Called when a page is left. @param {string} path the page's */
export function rememberHeights(path) {
  /** @type {Record<string, number>} */
  const heights = {};
  for (const each of document.querySelectorAll(SKIPPED)) {
    if (each.parentElement?.checkVisibility({ contentVisibilityAuto: true })) heights[selectorOf(each)] = innerHeightOf(each);
  }
  try {
    sessionStorage.setItem(keyOf(path), JSON.stringify({ width: innerWidth, heights, top: blockAtTop() }));
  } catch {
    // The browser refuses storage: the page is come back to near where it was left.
  }
}

/** The first block in the window, and where its upper edge is. @returns {Recalled["top"]} */
function blockAtTop() {
  for (let y = 0; y < innerHeight; y += 20) {
    const block = document.elementFromPoint(innerWidth / 2, y)?.closest(BLOCKS);
    if (block) return { selector: selectorOf(block), at: block.getBoundingClientRect().top };
  }
  return null;
}

/** Without padding and border. @param {Element} element */
function innerHeightOf(element) {
  const style = getComputedStyle(element);
  const edges = [style.paddingTop, style.paddingBottom, style.borderTopWidth, style.borderBottomWidth];
  return element.getBoundingClientRect().height - edges.reduce((sum, edge) => sum + parseFloat(edge), 0);
}

/** @param {Element} element @returns {string} */
function selectorOf(element) {
  if (element.id !== "") return `#${CSS.escape(element.id)}`;
  const { parentElement: parent } = element;
  return parent === null ? ":root" : `${selectorOf(parent)}>:nth-child(${[...parent.children].indexOf(element) + 1})`;
}

/** Called before the page that the address names is laid out. */
export function recallHeights() {
  const { width, heights } = recalled();
  const known = width === innerWidth ? Object.entries(heights) : [];
  try {
    sheet ??= new CSSStyleSheet();
    sheet.replaceSync(known.map(([selector, height]) => `${selector}{contain-intrinsic-height:auto ${height}px}`).join(""));
    document.adoptedStyleSheets = [sheet];
  } catch {
    // A browser of before 2023.
  }
}

/** @returns {Recalled} */
function recalled() {
  try {
    return JSON.parse(sessionStorage.getItem(keyOf(location.pathname)) ?? "");
  } catch {
    return { width: 0, heights: {}, top: null }; // not seen before, or no storage
  }
}

/**
 * Once the page rests all of it is laid out, a few blocks at a time, so that the browser knows how high they are: the scroll
 * bar tells the truth, and the fonts are there.
 *
 * @param {() => Promise<boolean>} rest resolves when there is time; false ends it
 */
export async function measureHeights(rest) {
  const root = document.documentElement;
  root.removeAttribute("data-measured");
  for (const section of document.querySelectorAll(".section")) {
    const blocks = [...section.querySelectorAll(BLOCKS)];
    while (blocks.length > 0) {
      if (!(await rest())) return;
      // What is near is laid out already. To take it back would lose the browser the node by which it holds the page still.
      const few = [section, ...blocks.splice(0, AT_ONCE)].filter((each) => !isNear(each));
      for (const each of few) each.setAttribute("data-measured", "now");
      await painted();
      for (const each of few) if (each !== section && !isNear(each)) each.setAttribute("data-measured", "");
    }
    if (!isNear(section)) section.setAttribute("data-measured", "");
  }
  root.setAttribute("data-measured", "");
}

/** Whether it is in the window or next to it, or laid out by the browser's own measure of that. @param {Element} element */
function isNear(element) {
  const { top, bottom } = element.getBoundingClientRect();
  if (bottom > -innerHeight / 2 && top < 1.5 * innerHeight) return true;
  return element.getAttribute("data-measured") !== "now" && (element.firstElementChild?.checkVisibility({ contentVisibilityAuto: true }) ?? false);
}
