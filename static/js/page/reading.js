/**
 * Following the reader: progress, the section in view, the place to continue at, and what scrolls by itself.
 */
import { absolute, config } from "../config.js";
import { read, write } from "../store.js";

/** How far down the window a heading has to have come for its section to be the one being read. */
const READING_LINE = 0.35;

/** A page has come into the frame. @param {boolean} isFirst of this visit */
export function startReading(isFirst) {
  findScrollers();
  if (isFirst || config.chapter === null) offerPlace(); // who goes on to another chapter wants that one
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
    markContents();
  });
}

function markContents() {
  const line = innerHeight * READING_LINE;
  for (const nav of document.querySelectorAll(".contents nav")) {
    const sections = nav.getAttribute("aria-labelledby") === "contents-sections";
    /** @type {HTMLAnchorElement | null} */
    let current = null;
    for (const link of nav.querySelectorAll("a")) {
      const place = document.getElementById(link.hash.slice(1));
      // To ask where something lies in a section that is far away would have that section laid out.
      if (!place?.checkVisibility({ contentVisibilityAuto: true })) continue;
      const box = place.getBoundingClientRect();
      // A section is read until the next one begins; an instrument only while it is in sight.
      if (box.top <= line && (sections || box.bottom > 0)) current = link;
    }
    const before = nav.querySelector("[aria-current]");
    if (before === current) continue;
    before?.removeAttribute("aria-current");
    current?.setAttribute("aria-current", "location");
    if (sections) keepPlace(current);
  }
}

/* Place */

/** @typedef {{path: string, name: string}} Place `path` is relative to the root of the book */

/** @param {HTMLAnchorElement | null} link the entry of the contents that is being read */
function keepPlace(link) {
  if (link === null) return;
  const path = location.pathname.slice(new URL(config.root).pathname.length) + link.hash;
  const number = link.querySelector(".number") ?? link.closest("ul ul")?.parentElement?.querySelector(".number");
  const title = [...link.childNodes].filter((node) => node !== number).map((node) => node.textContent).join("").trim();
  write("place", "last", { path, name: [number?.textContent, title].filter(Boolean).join(" ") });
}

/** Before the page is followed: following it overwrites the place. */
function offerPlace() {
  const offer = /** @type {HTMLElement | null} */ (document.querySelector("[data-continue]"));
  const place = /** @type {Place | null} */ (read("place", "last"));
  if (!offer || !place || location.hash || scrollY > 0) return;
  const link = document.createElement("a");
  link.href = absolute(place.path);
  const first = document.querySelector(".contents nav a");
  if (first instanceof HTMLAnchorElement && first.href === link.href) return; // the beginning is in sight
  link.textContent = `Continue at ${place.name}`;
  offer.replaceChildren(link);
  offer.hidden = false;
}

/* Things that scroll sideways: reachable by keyboard, and named, while they do. */

const scrollerSizes = new ResizeObserver((entries) => nameScrollers(entries.map(({ target }) => target)));

/** What is far from the window is observed when it comes near, as it is not laid out before. */
function findScrollers() {
  scrollerSizes.disconnect();
  for (const element of document.querySelectorAll("[data-scrolls]")) scrollerSizes.observe(element);
}

document.addEventListener("toggle", ({ target }) => {
  if (target instanceof HTMLDetailsElement) nameScrollers([...target.querySelectorAll("[data-scrolls]")]);
}, true);
// A font changes what fits, not the box.
document.fonts.addEventListener("loadingdone", findScrollers);

/** All are measured before the first is changed: a change in between would cost a layout each. @param {Element[]} elements */
function nameScrollers(elements) {
  const scrolling = elements.map((element) => element.scrollWidth > element.clientWidth + 1); // both are rounded
  for (const [i, element] of elements.entries()) {
    if (scrolling[i] === element.hasAttribute("tabindex")) continue;
    if (scrolling[i]) {
      element.setAttribute("tabindex", "0");
      element.setAttribute("role", "group");
      element.setAttribute("aria-label", `${/** @type {HTMLElement} */ (element).dataset.scrolls}, scrolls sideways`);
    } else {
      for (const name of ["tabindex", "role", "aria-label"]) element.removeAttribute(name);
    }
  }
}
