/**
 * The frame around the text: theme, contents, progress, place, search, keys, the reader's own data.
 *
 * `startChrome()` runs once; `startPage()` runs for each page that comes into the frame.
 */
import { config } from "./config.js";
import { clearAll, exportAll, read, remove, write } from "./store.js";

/** @typedef {"auto" | "light" | "dark"} Theme */

/** @type {Record<Theme, {next: Theme, name: string}>} */
const THEMES = {
  auto: { next: "light", name: "Auto" },
  light: { next: "dark", name: "Light" },
  dark: { next: "auto", name: "Dark" },
};

/** How far down the window a heading has to have come for its section to be the one being read. */
const READING_LINE = 0.35;

export function startChrome() {
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
  document.addEventListener("change", onChange);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", announceTheme);
  addEventListener("scroll", followReading, { passive: true });
  addEventListener("resize", followReading, { passive: true });
  addEventListener("beforeprint", writeAddresses);
  showTheme();
}

export function startPage() {
  nameScrollers();
  for (const box of document.querySelectorAll("input[data-setting=single-keys]")) {
    /** @type {HTMLInputElement} */ (box).checked = singleKeys();
  }
  offerPlace();
  followReading();
}

/* Acting */

/** @type {Record<string, (button: HTMLElement) => void>} */
const ACTIONS = {
  theme: nextTheme,
  search: openSearch,
  help: () => openDialog("help"),
  export: saveOwnData,
  clear: forgetOwnData,
};

/** @param {MouseEvent} event */
function onClick(event) {
  const target = /** @type {Element} */ (event.target);
  if (target instanceof HTMLDialogElement && target.matches(".search, .help")) target.close(); // its backdrop
  const button = target.closest?.("button[data-action]");
  if (!(button instanceof HTMLElement)) return;
  const action = button.dataset.action ?? "";
  if (action === "copy" && button.closest(".listing")) copyListing(button);
  else if (button.closest(".bar, .foot")) ACTIONS[action]?.(button);
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
    event.preventDefault();
    openSearch();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isField(event.composedPath()[0]) || !singleKeys()) return;
  if (event.key === "/") {
    event.preventDefault(); // Firefox would search in the page
    openSearch();
  } else if (event.key === "?") {
    openDialog("help");
  }
}

/** @param {Event} event */
function onChange(event) {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || box.dataset.setting !== "single-keys") return;
  if (box.checked) remove("setting", "single-keys");
  else write("setting", "single-keys", false);
}

/** @param {EventTarget | undefined} target */
function isField(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}

/** Whether `/` and `?` act: a reader who talks to the computer, or uses a screen reader, may not want them. */
function singleKeys() {
  return read("setting", "single-keys") !== false;
}

/** @param {string} name @returns {HTMLDialogElement} */
function openDialog(name) {
  const dialog = /** @type {HTMLDialogElement} */ (document.querySelector(`dialog.${name}`));
  if (!dialog.open) dialog.showModal();
  return dialog;
}

async function openSearch() {
  const dialog = openDialog("search");
  const { startSearch } = await import("./search.js");
  await startSearch(dialog);
}

/* Theme */

/** @returns {Theme} */
function theme() {
  const choice = document.documentElement.dataset.theme;
  return choice === "light" || choice === "dark" ? choice : "auto";
}

function nextTheme() {
  const { next } = THEMES[theme()];
  if (next === "auto") {
    delete document.documentElement.dataset.theme;
    remove("theme", "page");
  } else {
    document.documentElement.dataset.theme = next;
    write("theme", "page", next);
  }
  showTheme();
  announceTheme();
}

function showTheme() {
  for (const name of document.querySelectorAll("[data-theme-name]")) name.textContent = THEMES[theme()].name;
}

function announceTheme() {
  document.dispatchEvent(new Event("themechange"));
}

/* Reading */

let waitingForFrame = false;

function followReading() {
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
      const box = document.getElementById(link.hash.slice(1))?.getBoundingClientRect();
      // A section is read until the next one begins; an instrument only while it is in sight.
      if (box && box.top <= line && (sections || box.bottom > 0)) current = link;
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
  const root = new URL(config.root, location.href);
  const path = location.pathname.slice(root.pathname.length) + link.hash;
  const number = link.querySelector(".number") ?? link.closest("ul ul")?.parentElement?.querySelector(".number");
  const title = [...link.childNodes].filter((node) => node !== number).map((node) => node.textContent).join("").trim();
  write("place", "last", { path, name: [number?.textContent, title].filter(Boolean).join(" ") });
}

/** Read before the page is followed: following it overwrites the place. */
const placeOfLastVisit = /** @type {Place | null} */ (read("place", "last"));

function offerPlace() {
  const offer = /** @type {HTMLElement | null} */ (document.querySelector("[data-continue]"));
  if (!offer || !placeOfLastVisit || location.hash || scrollY > 0) return;
  const link = document.createElement("a");
  link.href = new URL(placeOfLastVisit.path, new URL(config.root, location.href)).href;
  const first = document.querySelector(".contents nav a");
  if (first instanceof HTMLAnchorElement && first.href === link.href) return; // the beginning is in sight
  link.textContent = `Continue at ${placeOfLastVisit.name}`;
  offer.replaceChildren(link);
  offer.hidden = false;
}

/* Things that scroll sideways: reachable by keyboard, and named, while they do. */

const scrollerSizes = new ResizeObserver((entries) => {
  for (const { target } of entries) nameScroller(/** @type {HTMLElement} */ (target));
});

/** Measures one after another while nothing else is to do: what is out of sight is laid out for its measure alone. */
async function nameScrollers() {
  const scrollers = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-scrolls]"));
  await document.fonts.ready;
  for (const element of scrollers) {
    await idle();
    nameScroller(element);
    scrollerSizes.observe(element);
  }
}

/** @returns {Promise<unknown>} */
function idle() {
  return new Promise((resolve) => ("requestIdleCallback" in globalThis ? requestIdleCallback(resolve) : setTimeout(resolve)));
}

/** @param {HTMLElement} element */
function nameScroller(element) {
  const scrolls = element.scrollWidth > element.clientWidth + 1; // both are rounded
  if (scrolls === element.hasAttribute("tabindex")) return;
  if (scrolls) {
    element.setAttribute("tabindex", "0");
    element.setAttribute("role", "group");
    element.setAttribute("aria-label", `${element.dataset.scrolls}, scrolls sideways`);
  } else {
    for (const name of ["tabindex", "role", "aria-label"]) element.removeAttribute(name);
  }
}

/* The reader's own data, and copies */

function saveOwnData() {
  const link = document.createElement("a");
  const file = new Blob([JSON.stringify(exportAll(), null, 2), "\n"], { type: "application/json" });
  link.href = URL.createObjectURL(file);
  link.download = "latentbook-my-work.json";
  link.click();
  URL.revokeObjectURL(link.href);
  say("Saved as latentbook-my-work.json.");
}

function forgetOwnData() {
  if (!confirm("Forget all your edits, answers and settings in this book? This cannot be undone.")) return;
  clearAll();
  location.reload();
}

/** @param {string} sentence */
function say(sentence) {
  const place = document.querySelector("[data-own-status]");
  if (place) place.textContent = sentence;
}

/** @param {HTMLElement} button */
async function copyListing(button) {
  const code = button.closest(".listing")?.querySelector("pre code")?.textContent ?? "";
  await navigator.clipboard.writeText(code);
  button.textContent = "Copied";
  setTimeout(() => {
    button.textContent = "Copy";
  }, 2000);
}

/** What is printed can be found again: each instrument prints the address of its state. */
function writeAddresses() {
  for (const place of document.querySelectorAll("[data-address]")) {
    const label = place.closest(".instrument")?.id ?? "";
    place.textContent = `${location.href.split("#")[0]}#${label}`;
  }
}
