/**
 * Follows the reader: progress, the visible section, the place to continue, and elements that scroll.
 */
import { absolute, config } from "../config.js";
import { make } from "../elements.js";
import { read, write } from "../store.js";
import { translate } from "../words.js";

/** A section counts as current when its heading is above this fraction of the window. */
const READING_LINE = 0.35;

/** Start on a page that has been loaded into the frame. @param {boolean} isFirst of this visit */
export function startReading(isFirst) {
  findScrollers();
  if (isFirst || config.chapter === null) offerPlace(); // a reader who has followed a link wants that page
  followReading();
}

let waitingForFrame = false;

export function followReading() {
  if (waitingForFrame) return;
  waitingForFrame = true;
  requestAnimationFrame(() => {
    waitingForFrame = false;
    const room = document.documentElement.scrollHeight - innerHeight;
    const progress = room > 0 ? Math.min(1, scrollY / room) : 0;
    const bar = /** @type {HTMLElement | null} */ (document.querySelector(".progress"));
    bar?.style.setProperty("--progress", progress.toFixed(4));
    if (!("presented" in document.documentElement.dataset)) markContents();
  });
}

/** Mark the current heading and instrument in the contents. */
function markContents() {
  const line = innerHeight * READING_LINE;
  for (const list of document.querySelectorAll(".contents [data-headings]")) {
    const headings = list.matches(".headings-of");
    /** @type {HTMLAnchorElement | null} */
    let current = null;
    for (const link of list.querySelectorAll("a")) {
      const box = document.getElementById(link.hash.slice(1))?.getBoundingClientRect();
      // A heading counts until the next one; an instrument only while it is visible.
      if (box && box.top <= line && (headings || box.bottom > 0)) current = link;
    }
    const before = list.querySelector("[aria-current]");
    if (before === current) continue;
    before?.removeAttribute("aria-current");
    current?.setAttribute("aria-current", "location");
  }
  followContents();
  keepPlace();
}

/** The entry that the contents column was last scrolled to. @type {Element | undefined} */
let followed;

/** Scroll the column, not the page, to the current entry: in a long chapter it would be out of view. */
function followContents() {
  const column = document.querySelector(".contents");
  const entry = Array.from(document.querySelectorAll(".contents nav:first-of-type [aria-current]")).at(-1);
  if (!column || entry === followed) return;
  followed = entry;
  const [seen, box] = [column.getBoundingClientRect(), entry?.getBoundingClientRect()];
  if (!box || box.height === 0 || (box.top >= seen.top && box.bottom <= seen.bottom)) return;
  column.scrollTop += box.top - seen.top - column.clientHeight * READING_LINE;
}

/* Place */

/** @typedef {{path: string, name: string}} Place `path` is relative to the root of the book */

/** Store the current page and heading. */
function keepPlace() {
  const page = /** @type {HTMLAnchorElement | null} */ (document.querySelector(".contents [aria-current=page]"));
  if (page === null || config.chapter === null) return;
  const heading = /** @type {HTMLAnchorElement | null} */ (document.querySelector(".headings-of [aria-current]"));
  const path = location.pathname.slice(new URL(config.root).pathname.length) + (heading?.hash ?? "");
  if (path === kept) return;
  kept = path;
  const number = page.querySelector(".number");
  const title = (heading ?? page.lastChild)?.textContent?.trim();
  write("place", "last", { path, name: [number?.textContent, title].filter(Boolean).join(" ") });
}

/** The path stored last. */
let kept = "";

/** Offer to continue at the stored place. Runs first, because following the page overwrites it. */
function offerPlace() {
  const offer = /** @type {HTMLElement | null} */ (document.querySelector("[data-continue]"));
  const place = /** @type {Place | null} */ (read("place", "last"));
  if (!offer || !place || location.hash || scrollY > 0) return;
  const href = absolute(place.path);
  if (href === location.href) return; // the reader is already there
  offer.replaceChildren(make("a", { href }, translate("Continue at {place}", { place: place.name })));
  offer.hidden = false;
}

/* Elements that scroll, sideways on a narrow page and down on a slide: they then get a name, and Tab reaches them. */

const scrollerSizes = new ResizeObserver((entries) => nameScrollers(entries.map(({ target }) => target)));

/**
 * Find all elements that may scroll. Scripts that add some send the event `scrollers`, so that they need not import
 * this file.
 */
function findScrollers() {
  scrollerSizes.disconnect();
  for (const element of document.querySelectorAll("[data-scrolls]")) scrollerSizes.observe(element);
}

document.addEventListener("toggle", ({ target }) => {
  if (target instanceof HTMLDetailsElement) nameScrollers([...target.querySelectorAll("[data-scrolls]")]);
}, true);
document.addEventListener("scrollers", findScrollers);
// A font changes the content's size, not the box.
document.fonts.addEventListener("loadingdone", findScrollers);

/** Measure all before changing any: alternating would cost one layout per element. @param {Element[]} elements */
function nameScrollers(elements) {
  const sideways = elements.map((element) => element.scrollWidth > element.clientWidth + 1); // both are rounded
  const down = elements.map((element) => element.matches("pre, [data-output], .table-scroll") && element.scrollHeight > element.clientHeight + 1);
  for (const [i, element] of elements.entries()) {
    const scrolls = sideways[i] || down[i];
    if (scrolls === element.hasAttribute("tabindex")) continue;
    if (scrolls) {
      const name = nameOf(/** @type {HTMLElement} */ (element));
      element.setAttribute("tabindex", "0");
      element.setAttribute("role", "group");
      element.setAttribute("aria-label", sideways[i] ? translate("{name}, scrolls sideways", { name }) : translate("{name}, scrolls", { name }));
    } else {
      for (const name of ["tabindex", "role", "aria-label"]) element.removeAttribute(name);
    }
  }
}

/** The name of an element, numbered if several on the page share it. @param {HTMLElement} element */
function nameOf(element) {
  const name = element.dataset.scrolls ?? "";
  const namesakes = [...document.querySelectorAll(`[data-scrolls="${CSS.escape(name)}"]`)];
  return namesakes.length === 1 ? name : `${name} ${namesakes.indexOf(element) + 1}`;
}
