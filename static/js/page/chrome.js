/**
 * The frame around the text: theme, search, keys, the reader's own data.
 *
 * `startChrome()` runs once; `startFrame()` runs for each page loaded into it.
 */
import { isDeck, isPresented, present } from "../deck/open.js";
import { followReading, startReading } from "./reading.js";
import { startReports } from "./report.js";
import { clearAll, exportAll, remove, singleKeys, write } from "../store.js";
import { repeatTaps } from "./early-clicks.js";
import { translate } from "../words.js";

/** @typedef {"auto" | "light" | "dark"} Theme */

/** @type {Record<Theme, {next: Theme, name: string}>} */
const THEMES = {
  auto: { next: "light", name: translate("Auto") },
  light: { next: "dark", name: translate("Light") },
  dark: { next: "auto", name: translate("Dark") },
};

export function startChrome() {
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
  document.addEventListener("change", onChange);
  document.addEventListener("input", takeInHand);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", announceTheme);
  addEventListener("scroll", followReading, { passive: true });
  addEventListener("resize", followReading, { passive: true });
  addEventListener("beforeprint", writeAddresses);
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
}

/* Actions */

/** @type {Record<string, (button: HTMLElement) => void>} */
const ACTIONS = {
  theme: nextTheme,
  search: openSearch,
  help: () => openDialog("help"),
  export: saveOwnData,
  clear: forgetOwnData,
  present: () => present(),
  play: () => present({ plays: true }),
};

/** @param {MouseEvent} event */
function onClick(event) {
  const target = /** @type {Element} */ (event.target);
  if (target instanceof HTMLDialogElement && target.matches(".search, .help")) target.close(); // its backdrop
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

/** Marks the slider that was moved last: on a phone it stays visible. (Touching one does not focus it.) @param {Event} event */
function takeInHand({ target }) {
  const slider = target instanceof Element ? target.closest(".control.slider") : null;
  for (const each of slider?.parentElement?.children ?? []) each.toggleAttribute("data-in-hand", each === slider);
}

/** @param {EventTarget | undefined} target */
function isField(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}

/** Whether Space acts on it. @param {EventTarget | null} target */
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

/* The reader's own data, and copies */

function saveOwnData() {
  const link = document.createElement("a");
  const file = new Blob([JSON.stringify(exportAll(), null, 2), "\n"], { type: "application/json" });
  link.href = URL.createObjectURL(file);
  link.download = "latentbook-my-work.json";
  link.click();
  URL.revokeObjectURL(link.href);
  say(translate("Saved as {file}.", { file: link.download }));
}

function forgetOwnData() {
  if (!confirm(translate("Delete all your edits, answers and settings in this book? This cannot be undone."))) return;
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
  button.textContent = translate("Copied");
  setTimeout(() => {
    button.textContent = translate("Copy");
  }, 2000);
}

/** Each instrument prints the address of its state. */
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
