/**
 * The frame around the text: theme, search, keys, the reader's own data.
 *
 * `startChrome()` runs once; `startFrame()` runs for each page loaded into the frame.
 */
import { isDeck, isPresented, present } from "../deck/open.js";
import { idInAddress } from "./address.js";
import { followReading, startReading } from "./reading.js";
import { startReports } from "./report.js";
import { copy } from "../elements.js";
import { painted } from "../pauses.js";
import { read, remove, singleKeys, write } from "../store.js";
import { repeatTaps } from "./early-clicks.js";
import { translate } from "../words.js";

/** @typedef {"auto" | "light" | "dark"} Theme */

/** @type {Record<Theme, {next: Theme, name: string}>} */
const THEMES = {
  auto: { next: "light", name: translate("Auto") },
  light: { next: "dark", name: translate("Light") },
  dark: { next: "auto", name: translate("Dark") },
};

/** Gap between a control and the edge of its row, px. */
const EDGE = 16;

export function startChrome() {
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
  document.addEventListener("change", onChange);
  document.addEventListener("focusin", bringIn);
  document.addEventListener("selectionchange", onSelection);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", announceTheme);
  addEventListener("scroll", followReading, { passive: true });
  addEventListener("resize", followReading, { passive: true });
  addEventListener("beforeprint", writeAddresses);
  document.addEventListener("unsaved", (event) => tellUnsaved(/** @type {CustomEvent} */ (event).detail));
  addEventListener("hashchange", () => openFold(idInAddress()));
  repeatTaps(document.body);
  startReports();
  for (const box of document.querySelectorAll("input[data-setting=single-keys]")) {
    /** @type {HTMLInputElement} */ (box).checked = singleKeys();
  }
}

/** @param {boolean} isFirst of this visit */
export function startFrame(isFirst) {
  showTheme();
  startReading(isFirst);
  fillInAddresses();
  openFold(idInAddress());
  if (document.querySelector("[data-tabs]")) import("./tabs.js").then(({ startTabs }) => startTabs(idInAddress()));
  painted().then(showNotes);
}

/** Open the fold or tab that a link or the address leads to. @param {string} id */
function openFold(id) {
  const place = document.getElementById(id);
  if (place instanceof HTMLDetailsElement) place.open = true;
  if (place?.closest(".tab[hidden]")) import("./tabs.js").then(({ openTab }) => openTab(id));
}

/* Actions */

/** @type {Record<string, (button: HTMLElement) => void>} */
const ACTIONS = {
  theme: nextTheme,
  search: openSearch,
  help: () => openDialog("help"),
  work: openWork,
  present: () => present(),
  play: () => present({ plays: true }),
};

/** @param {MouseEvent} event */
function onClick(event) {
  const target = /** @type {Element} */ (event.target);
  if (target instanceof HTMLDialogElement && target.matches(".search, .help")) target.close(); // its backdrop
  const link = target.closest?.("a[href]");
  if (link instanceof HTMLAnchorElement) openFold(link.hash.slice(1)); // the address may not change
  const button = target.closest?.("button[data-action]");
  if (!(button instanceof HTMLElement)) return;
  const action = button.dataset.action ?? "";
  if (action === "copy" && button.closest(".listing")) copyListing(button);
  else if (action === "embed") offerToEmbed(button);
  else if (button.closest(".bar, .foot, .chapter-head")) ACTIONS[action]?.(button);
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
    event.preventDefault();
    openSearch();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isField(event.composedPath()[0])) return;
  if (event.key === " " && isDeck() && !isPresented() && !event.defaultPrevented && !isPressed(event.target)) {
    event.preventDefault(); // it would scroll
    void present({ plays: true });
  }
  if (!singleKeys()) return;
  if (event.key === "/") {
    event.preventDefault(); // Firefox would search in the page
    openSearch();
  } else if (event.key === "?") {
    openDialog("help");
  } else if (event.key === "p" && !isPresented()) {
    void present();
  }
}

/** @param {Event} event */
function onChange(event) {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || box.dataset.setting !== "single-keys") return;
  if (box.checked) remove("setting", "single-keys");
  else write("setting", "single-keys", false);
}

/**
 * On a phone, scroll a focused control fully into its row. Chromium leaves one that is half visible.
 * @param {Event} event
 */
function bringIn({ target }) {
  const row = target instanceof Element ? target.closest(".controls") : null;
  if (row === null || row.scrollWidth <= row.clientWidth) return;
  const part = /** @type {Element} */ (target).closest("label") ?? /** @type {Element} */ (target);
  const [{ left, right }, edges] = [part.getBoundingClientRect(), row.getBoundingClientRect()];
  row.scrollLeft += Math.min(0, left - edges.left - EDGE) + Math.max(0, right - edges.right + EDGE);
}

/** @param {EventTarget | undefined} target */
function isField(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}

/** Whether Space activates the element. @param {EventTarget | null} target */
function isPressed(target) {
  return target instanceof Element && target.closest("button, summary, a, dialog, [tabindex='0']") !== null;
}

/** @param {string} name @returns {HTMLDialogElement} */
function openDialog(name) {
  const dialog = /** @type {HTMLDialogElement} */ (document.querySelector(`dialog.${name}`));
  if (!dialog.open) dialog.showModal();
  return dialog;
}

async function openSearch() {
  const dialog = openDialog("search");
  dialog.querySelector("input")?.select(); // at once, so that typing replaces the last search
  const { startSearch } = await import("./search.js");
  await startSearch(dialog);
}

/* Notes: loaded for readers who have some, or select text. */

/** Delay after the last change of a selection, ms. */
const SELECTED_MS = 300;
let selecting = 0;

async function showNotes() {
  if (read("setting", "notes") !== true || !document.querySelector("article[data-place]")) return;
  await (await import("../study/marks.js")).showNotes();
}

function onSelection() {
  clearTimeout(selecting);
  const { anchorNode, isCollapsed } = getSelection() ?? {};
  const element = anchorNode instanceof Element ? anchorNode : anchorNode?.parentElement;
  if (isCollapsed || !element?.closest("article[data-place] > .section")) return;
  selecting = window.setTimeout(async () => (await import("../study/marks.js")).offer(), SELECTED_MS);
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

/* The reader's own work, and copies */

async function openWork() {
  (await import("./work.js")).openWork();
}

/** @param {"full" | "refused"} why the browser does not store it */
async function tellUnsaved(why) {
  (await import("./work.js")).tellUnsaved(why);
}

/** @param {HTMLElement} button */
async function copyListing(button) {
  await copy(button.closest(".listing")?.querySelector("pre code")?.textContent ?? "", button);
  const said = document.querySelector("[data-page-status]");
  if (said) said.textContent = button.textContent;
}

/** Fill in the page's address in its citation, if the book sets no address. */
function fillInAddresses() {
  const address = location.origin + location.pathname;
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-page-address]"))) {
    place.textContent = (place.dataset.pageAddress ?? "").replace("{address}", () => address);
  }
}

/** Before printing, write the address of each instrument's state. */
function writeAddresses() {
  for (const place of document.querySelectorAll("a[data-address]")) {
    place.textContent = new URL(/** @type {HTMLElement} */ (place).dataset.address ?? "", location.href).href;
  }
}

/** @param {HTMLElement} button */
async function offerToEmbed(button) {
  const block = button.closest("section");
  if (block) (await import("./embed-code.js")).offerCode(block);
}
