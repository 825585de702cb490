/**
 * Follows the reader: progress, the visible section, the place to continue, and scrolling elements.
 */
import { absolute, config } from "../config.js";
import { make } from "../elements.js";
import { read, write } from "../store.js";
import { translate } from "../words.js";

/** A section counts as being read when its heading is above this part of the window. */
const READING_LINE = 0.35;

/** A page has been loaded into the frame. @param {boolean} isFirst of this visit */
export function startReading(isFirst) {
  findScrollers();
  if (isFirst || config.chapter === null) offerPlace(); // a reader who goes on to another page wants that one
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

/** The entries for places on this page: its headings, and its instruments. */
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

/** The entry that the column of contents was scrolled to. @type {Element | undefined} */
let followed;

/** Scrolls the column, not the page, to the entry of what is being read: in a long chapter it would be out of view. */
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

/** The current page and heading. */
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

/** The place stored last. */
let kept = "";

/** Runs first, because following the page overwrites the place. */
function offerPlace() {
  const offer = /** @type {HTMLElement | null} */ (document.querySelector("[data-continue]"));
  const place = /** @type {Place | null} */ (read("place", "last"));
  if (!offer || !place || location.hash || scrollY > 0) return;
  const href = absolute(place.path);
  if (href === location.href) return; // the reader is there
  offer.replaceChildren(make("a", { href }, translate("Continue at {place}", { place: place.name })));
  offer.hidden = false;
}

/* Elements that scroll, sideways on a narrow page and down on a slide: reachable by keyboard, and named, while they do. */

const scrollerSizes = new ResizeObserver((entries) => nameScrollers(entries.map(({ target }) => target)));

/** Again by the event `scrollers`, when elements that may scroll have been added: a script that comes later would import all of this. */
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

/** Measures all before changing any: alternating would cost a layout for each. @param {Element[]} elements */
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

/** Its name, numbered if several on the page share it. @param {HTMLElement} element */
function nameOf(element) {
  const name = element.dataset.scrolls ?? "";
  const namesakes = [...document.querySelectorAll(`[data-scrolls="${CSS.escape(name)}"]`)];
  return namesakes.length === 1 ? name : `${name} ${namesakes.indexOf(element) + 1}`;
}
