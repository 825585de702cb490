/**
 * Where the reader is stays where it is. What is far from the window is not laid out (prose.css), so that its height is a guess.
 * Above the place that a link leads to all is laid out first; and a page that is come back to has the heights it was left with.
 */

/** What prose.css skips. Each has an id. */
const SKIPPED = ".section, .section > :is(.instrument, .snippet, .quiz)";

/** @type {CSSStyleSheet | null} heights of the page that is shown */
let sheet = null;

/** Called in the page's head. */
export function keepPlace() {
  if (location.hash !== "") seek();
  addEventListener("hashchange", () => {
    if (layOutAbove()) place()?.scrollIntoView();
  });
  recallHeights();
  addEventListener("pagehide", () => rememberHeights(location.pathname));
}

/** Before each layout of the page while it is parsed. */
function seek() {
  if (!layOutAbove() && document.readyState === "loading") requestAnimationFrame(seek);
}

function place() {
  return document.getElementById(decodeURIComponent(location.hash.slice(1)));
}

/** @returns {boolean} whether the place that the address names is there */
export function layOutAbove() {
  const end = place();
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
    if (each.parentElement?.checkVisibility({ contentVisibilityAuto: true })) heights[each.id] = each.getBoundingClientRect().height;
  }
  try {
    sessionStorage.setItem(keyOf(path), JSON.stringify({ width: innerWidth, heights }));
  } catch {
    // The browser refuses storage: the page is come back to near where it was left.
  }
}

/** Called before the page that the address names is laid out. */
export function recallHeights() {
  try {
    const { width = 0, heights = {} } = JSON.parse(sessionStorage.getItem(keyOf(location.pathname)) ?? "{}");
    const known = width === innerWidth ? Object.entries(heights) : [];
    sheet ??= new CSSStyleSheet();
    sheet.replaceSync(known.map(([id, height]) => `#${CSS.escape(id)}{contain-intrinsic-height:auto ${height}px}`).join(""));
    document.adoptedStyleSheets = [sheet];
  } catch {
    // As above, or a browser of before 2023.
  }
}
