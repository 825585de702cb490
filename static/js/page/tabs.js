/**
 * Tabs, following https://www.w3.org/WAI/ARIA/apg/patterns/tabs/. All sets of tabs with the same titles show the same
 * choice, which is stored for the complete book.
 */
import { read, write } from "../store.js";

/**
 * For each key, the tab that it chooses, given the current one and the number of tabs.
 * @type {Record<string, (at: number, count: number) => number>}
 */
const KEYS = {
  ArrowRight: (at, count) => (at + 1) % count,
  ArrowLeft: (at, count) => (at + count - 1) % count,
  Home: () => 0,
  End: (at, count) => count - 1,
};

/** @param {Element} tabs @returns {HTMLElement[]} */
const buttons = (tabs) => [.../** @type {NodeListOf<HTMLElement>} */ (tabs.querySelectorAll(":scope > [role=tablist] > [role=tab]"))];

/** Start the page's tabs, and show the one that the address leads to. @param {string} id */
export function startTabs(id) {
  for (const tabs of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-tabs]:not([data-ready])"))) {
    const names = buttons(tabs).map((button) => button.textContent);
    show(tabs, Math.max(0, names.indexOf(read("tabs", tabs.dataset.tabs ?? ""))));
    tabs.dataset.ready = "";
    tabs.addEventListener("click", ({ target }) => target instanceof Element && choose(tabs, buttons(tabs).findIndex((each) => each.contains(target))));
    tabs.addEventListener("keydown", (event) => onKey(tabs, event));
    tabs.addEventListener("beforematch", ({ target }) => reveal(/** @type {Element} */ (target))); // found by a search
  }
  openTab(id);
}

/** Show the tabs around the element that a link or the address leads to. @param {string} id */
export function openTab(id) {
  const place = document.getElementById(id);
  if (place && reveal(place)) place.scrollIntoView();
}

/** @param {Element} place @returns {boolean} whether it was hidden */
function reveal(place) {
  const panel = place.closest(".tab[hidden]");
  if (!panel?.parentElement) return false;
  show(panel.parentElement, buttons(panel.parentElement).findIndex((each) => each.getAttribute("aria-controls") === panel.id));
  reveal(panel.parentElement);
  return true;
}

/** @param {HTMLElement} tabs @param {KeyboardEvent} event */
function onKey(tabs, event) {
  const all = buttons(tabs);
  const at = all.indexOf(/** @type {HTMLElement} */ (event.target));
  if (at < 0 || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || !Object.hasOwn(KEYS, event.key)) return;
  const next = KEYS[event.key](at, all.length);
  const isMirrored = event.key.startsWith("Arrow") && getComputedStyle(tabs).direction === "rtl";
  event.preventDefault();
  event.stopPropagation(); // in a presentation, arrows change the slide
  choose(tabs, isMirrored ? KEYS[event.key === "ArrowRight" ? "ArrowLeft" : "ArrowRight"](at, all.length) : next);
}

/**
 * Show a tab in all sets with the same titles, without moving this one in the window.
 * @param {HTMLElement} tabs @param {number} index
 */
function choose(tabs, index) {
  if (index < 0) return;
  const { top } = tabs.getBoundingClientRect();
  for (const each of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-tabs]"))) {
    if (each.dataset.tabs === tabs.dataset.tabs) show(each, index);
  }
  const button = buttons(tabs)[index];
  button.focus({ preventScroll: true });
  scrollBy({ top: tabs.getBoundingClientRect().top - top, behavior: "instant" });
  write("tabs", tabs.dataset.tabs ?? "", button.textContent);
}

/** @param {Element} tabs @param {number} index */
function show(tabs, index) {
  buttons(tabs).forEach((button, at) => {
    const panel = document.getElementById(button.getAttribute("aria-controls") ?? "");
    button.setAttribute("aria-selected", String(at === index));
    button.tabIndex = at === index ? 0 : -1;
    panel?.setAttribute("role", "tabpanel");
    panel?.setAttribute("aria-labelledby", button.id);
    if (at === index) panel?.removeAttribute("hidden");
    else panel?.setAttribute("hidden", "until-found");
  });
}
