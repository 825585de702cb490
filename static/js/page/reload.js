/**
 * For authors, on pages of `latentbook serve --reload`: shows each new build at the same scroll position, or the
 * mistakes if a build has failed.
 *
 * @typedef {{build: number, mistakes: string[]}} News
 */
import { absolute } from "../config.js";
import { make } from "../elements.js";
import { translateCount } from "../words.js";

const SCROLL = "latentbook:scroll";

/** @type {HTMLElement | null} */
let board = null;

/** @type {number | null} */
let shown = null;

/** List mistakes over the page, or remove the list if there are none. @param {string[]} mistakes */
function show(mistakes) {
  board?.remove();
  board = null;
  if (!mistakes.length) return;
  board = make("aside", { role: "alert" });
  board.style.cssText =
    "position: fixed; inset: auto 0 0 0; z-index: 100; max-height: 50vh; overflow: auto; padding: 1rem 1.5rem;" +
    "background: Canvas; color: CanvasText; border-top: 3px solid var(--warning, #a8431b);" +
    "font: 0.875rem/1.5 'JetBrains Mono Variable', monospace;";
  const heading = translateCount(
    mistakes.length,
    "One mistake. This is the previous version of the page.",
    "{number} mistakes. This is the previous version of the page.",
  );
  board.append(make("strong", {}, heading), make("ul", {}, ...mistakes.map((mistake) => make("li", {}, mistake))));
  document.body.append(board);
}

/** Reload the page at the same scroll position. */
function reload() {
  sessionStorage.setItem(SCROLL, JSON.stringify({ path: location.pathname, y: scrollY }));
  location.reload();
}

/** Restore the scroll position from before the reload. */
function restore() {
  const kept = JSON.parse(sessionStorage.getItem(SCROLL) ?? "null");
  sessionStorage.removeItem(SCROLL);
  if (kept?.path === location.pathname) scrollTo({ top: kept.y, behavior: "instant" });
}

/** Follow the server's builds while the page is open. */
export function followReloads() {
  restore();
  const events = new EventSource(absolute("_reload"));
  events.addEventListener("message", ({ data }) => {
    /** @type {News} */
    const { build, mistakes } = JSON.parse(data);
    if (mistakes.length || shown === null || shown === build) show(mistakes);
    else reload();
    shown = build;
  });
}
