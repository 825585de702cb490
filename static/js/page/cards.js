/**
 * Cards next to the text: the meaning of a symbol, term, source or equation, or the computation of a number. A resting
 * pointer, keyboard focus or a tap opens one. Arrow keys move between the symbols of an equation, and between numbers.
 *
 * A symbol, its control and its name in the code light up together when the reader points at or moves one of them.
 */
import { absolute } from "../config.js";
import { make } from "../elements.js";
import { translate } from "../words.js";

const REST_MS = 300; // a passing pointer opens nothing
const LEAVE_MS = 200; // time to move from the word into its card
const MARGIN = 8; // px between a word and its card
const SYMBOL = "[data-symbol]";
const LINK = "a.ref, a.cite, a.term";
const NUMBER = "data.quoted";
const CONTROL = ".control, .readout";

/** @type {HTMLElement | null} */
let card = null;
/** The element of the open card. @type {Element | null} */
let beside = null;
/** The element of the next card. @type {Element | null} */
let due = null;
let timer = 0;

document.addEventListener("pointerover", ({ target, pointerType }) => pointerType === "mouse" && wait(target, REST_MS));
document.addEventListener("focusin", onFocus);
document.addEventListener("focusout", () => close(LEAVE_MS));
document.addEventListener("click", onClick, true);
document.addEventListener("keydown", onKey);
document.addEventListener("input", ({ target }) => void lightControl(target));
addEventListener("scroll", onScroll, { passive: true });

/** Make the equations of a page accessible by keyboard. */
export function nameEquations() {
  close(0);
  for (const equation of document.querySelectorAll(`body:has(#symbols) .equation:has(${SYMBOL}) .katex-display`)) {
    equation.setAttribute("tabindex", "0");
    equation.setAttribute("role", "group");
    equation.setAttribute("aria-label", translate("Equation. The arrow keys go through its symbols"));
  }
  for (const number of document.querySelectorAll(NUMBER)) {
    number.setAttribute("tabindex", number.matches(":first-of-type") ? "0" : "-1"); // one stop in each paragraph
  }
}

/** @param {EventTarget | null} target @returns {Element | null} the element with a card */
function subject(target) {
  if (!(target instanceof Element) || card?.contains(target)) return null;
  return target.closest(`${SYMBOL}, ${LINK}, ${NUMBER}`);
}

/** @param {EventTarget | null} target @param {number} ms */
function wait(target, ms) {
  if (target instanceof Node && card?.contains(target)) return clearTimeout(timer);
  const found = subject(target);
  if (found === null) return close(LEAVE_MS);
  clearTimeout(timer);
  if (found === beside) return;
  due = found;
  timer = window.setTimeout(() => void open(found), ms);
}

/** Close an open card and delay a pending one until scrolling ends: the page may scroll to the focused element. */
function onScroll() {
  hide();
  if (due !== null) wait(due, REST_MS);
}

/** @param {FocusEvent} event */
function onFocus({ target }) {
  if (lightControl(target)) return;
  const found = subject(target);
  if (found?.matches(`${LINK}, ${NUMBER}`) && found.matches(":focus-visible")) wait(found, REST_MS);
}

/** On a touch screen, the first tap on a link opens its card, which contains the link. @param {MouseEvent} event */
function onClick(event) {
  const found = subject(event.target);
  const touches = /** @type {PointerEvent} */ (event).pointerType === "touch";
  if (found === null) {
    if (!(event.target instanceof Node && card?.contains(event.target))) close(0);
    return;
  }
  if (found.matches(LINK) && !touches) return;
  if (found.matches(LINK)) {
    event.preventDefault();
    event.stopPropagation();
  }
  clearTimeout(timer);
  void open(found);
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.key === "Escape" && beside !== null) return close(0);
  const focused = event.target instanceof Element ? event.target : null;
  const equation = focused?.matches(".katex-display") ? focused : null;
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? 0;
  if (step !== 0 && focused?.matches(NUMBER)) {
    const numbers = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(NUMBER)]).filter((each) => each.checkVisibility());
    event.preventDefault();
    numbers[numbers.indexOf(/** @type {HTMLElement} */ (focused)) + step]?.focus();
  }
  if (equation === null || step === 0) return;
  event.preventDefault();
  const symbols = [...equation.querySelectorAll(SYMBOL)];
  const now = beside === null ? -1 : symbols.indexOf(beside);
  const next = symbols[Math.max(0, Math.min(symbols.length - 1, now + step))];
  next.scrollIntoView({ block: "nearest", inline: "nearest" });
  void open(next);
}

/** @param {Element} found */
async function open(found) {
  clearTimeout(timer);
  [beside, due] = [found, null];
  const content = found.matches(SYMBOL)
    ? meaning(found)
    : found.matches(NUMBER)
      ? origin(/** @type {HTMLDataElement} */ (found))
      : await whereItLeads(/** @type {HTMLAnchorElement} */ (found));
  if (beside !== found) return; // the reader has moved on
  if (content === null) return close(0);
  if (card === null) {
    card = make("div", { className: "card flow", popover: "manual" });
    card.addEventListener("pointerleave", () => close(LEAVE_MS));
    document.body.append(card);
  }
  card.replaceChildren(content);
  card.showPopover();
  place(card, found.getBoundingClientRect());
  light(/** @type {HTMLElement} */ (found).dataset.symbol ?? "", found);
  const said = document.querySelector("[data-page-status]");
  if (said && found.matches(`${SYMBOL}, ${NUMBER}`)) said.textContent = card.innerText.replaceAll("\n", " ");
}

/** @param {number} ms */
function close(ms) {
  clearTimeout(timer);
  due = null;
  timer = window.setTimeout(hide, ms);
}

function hide() {
  if (card?.matches(":popover-open")) card.hidePopover();
  if (beside !== null) light("");
  beside = null;
}

/** Place a card under the word, or above it if there is more room. @param {HTMLElement} box @param {DOMRect} word */
function place(box, word) {
  const { width, height } = box.getBoundingClientRect();
  const { clientWidth, clientHeight } = document.documentElement;
  const left = Math.max(MARGIN, Math.min(word.left, clientWidth - width - MARGIN));
  const below = word.bottom + MARGIN + height <= clientHeight || word.top < clientHeight - word.bottom;
  box.style.left = `${left}px`;
  box.style.top = `${below ? word.bottom + MARGIN : Math.max(MARGIN, word.top - MARGIN - height)}px`;
}

/* Symbols */

/** @param {Element} symbol @returns {Node | null} its meaning, and its value if an instrument has one */
function meaning(symbol) {
  const id = /** @type {HTMLElement} */ (symbol).dataset.symbol ?? "";
  const stored = document.querySelector(`#symbols > [data-meaning="${CSS.escape(id)}"]`);
  if (stored === null) return null;
  const content = new DocumentFragment();
  content.append(...stored.cloneNode(true).childNodes);
  for (const control of document.querySelectorAll(CONTROL)) {
    const value = symbolOf(control)?.dataset.symbol === id && !control.hasAttribute("hidden") ? valueOf(control) : "";
    if (value === "") continue;
    const [number] = control.closest("section")?.querySelector(".label .permalink")?.textContent?.match(/\S+\.\d+$/) ?? [];
    const words = number
      ? translate("Now {value}, in instrument {number}", { value, number })
      : translate("Now {value}, in an instrument", { value });
    content.append(make("p", { className: "now" }, words));
  }
  return content;
}

/** @param {Element} control @returns {HTMLElement | null} its symbol; null if it has several, as in d/k */
function symbolOf(control) {
  const equation = control.querySelector(".katex-html");
  const symbol = /** @type {HTMLElement | null} */ (equation?.querySelector(SYMBOL) ?? null);
  return symbol?.textContent === equation?.textContent ? symbol : null;
}

/** @param {Element} control @returns {string} its value, with its unit */
function valueOf(control) {
  const readout = control.querySelector("dd");
  if (readout) return readout.textContent?.trim() ?? "";
  const range = control.querySelector('input[type="range"]');
  if (range) return range.getAttribute("aria-valuetext") ?? "";
  const picked = control.querySelector("label:has(:checked)");
  if (picked) return picked.textContent?.trim() ?? "";
  const typed = [...control.querySelectorAll('input[type="text"]')].map((input) => /** @type {HTMLInputElement} */ (input).value);
  return typed.length > 1 ? `(${typed.join(", ")})` : (typed[0] ?? "");
}

/** @param {EventTarget | null} target @returns {boolean} whether it belongs to a control that sets a symbol */
function lightControl(target) {
  const control = target instanceof Element ? target.closest(CONTROL) : null;
  const symbol = control && symbolOf(control);
  if (!symbol) return false;
  clearTimeout(timer);
  if (symbol !== beside) light(symbol.dataset.symbol ?? ""); // once, not in every frame of a drag
  if (card?.matches(":popover-open")) card.hidePopover();
  beside = symbol; // so that leaving it ends the highlight
  return true;
}

/**
 * Highlight a symbol everywhere: in equations, at its control, as a name in code.
 *
 * @param {string} id empty: no symbol
 * @param {Element | null} [lamp] the symbol under the pointer
 */
function light(id, lamp = null) {
  for (const element of document.querySelectorAll("[data-lit]")) element.removeAttribute("data-lit");
  CSS.highlights?.delete("symbol");
  if (id === "") return;
  for (const symbol of document.querySelectorAll(`[data-symbol="${CSS.escape(id)}"]`)) {
    symbol.setAttribute("data-lit", symbol === lamp ? "here" : "");
    symbol.closest(CONTROL)?.setAttribute("data-lit", "");
  }
  const name = /** @type {HTMLElement | null} */ (document.querySelector(`#symbols > [data-meaning="${CSS.escape(id)}"]`))?.dataset.code;
  if (name && CSS.highlights) CSS.highlights.set("symbol", new Highlight(...rangesOf(name)));
}

/** Occurrences of a name in the code on the page. @param {string} name @returns {Range[]} */
function rangesOf(name) {
  const ranges = [];
  const word = new RegExp(`(?<![\\w.])${name}(?!\\w)`, "g");
  for (const code of document.querySelectorAll(".cm-content, pre.code > code")) {
    const walker = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text !== null; text = walker.nextNode()) {
      for (const { index } of (text.nodeValue ?? "").matchAll(word)) {
        const range = new Range();
        range.setStart(text, index);
        range.setEnd(text, index + name.length);
        ranges.push(range);
      }
    }
  }
  return ranges;
}

/* Numbers */

/** @param {HTMLDataElement} number @returns {Node} its value, its code and the code's location */
function origin(number) {
  const { code = "", place = "" } = number.dataset;
  const content = new DocumentFragment();
  content.append(make("p", {}, number.value), make("pre", {}, code), make("p", { className: "form" }, place));
  return content;
}

/* Links */

/** Requested pages, by address. @type {Map<string, Promise<Document | null>>} */
const pages = new Map();

/** @param {string} address @returns {Promise<Document | null>} null if it cannot be loaded */
function pageAt(address) {
  const asked = pages.get(address) ?? fetchPage(address);
  pages.set(address, asked);
  return asked;
}

/** @param {string} address @returns {Promise<Document | null>} */
async function fetchPage(address) {
  try {
    const reply = await fetch(address);
    return reply.ok ? new DOMParser().parseFromString(await reply.text(), "text/html") : null;
  } catch {
    pages.delete(address); // offline: try again next time
    return null;
  }
}

/** The target of a link. @param {HTMLAnchorElement} link @returns {Promise<Node | null>} */
async function whereItLeads(link) {
  const { origin, pathname, hash, href } = link;
  if (!href.startsWith(absolute("")) || hash === "") return null;
  const page = pathname === location.pathname ? document : await pageAt(origin + pathname);
  const found = page?.getElementById(decodeURIComponent(hash.slice(1)));
  const part = found?.matches(".equation, .references li, .glossary > div") ? found : null;
  if (!part) return null;
  const content = new DocumentFragment();
  const copy = /** @type {HTMLElement} */ (part.cloneNode(true));
  copy.removeAttribute("id");
  copy.querySelector(".scroller")?.classList.remove("scroller");
  for (const inside of copy.querySelectorAll("[id], [tabindex], .number.permalink, .uses")) {
    if (inside.matches(".number.permalink, .uses")) inside.remove();
    for (const name of ["id", "tabindex"]) inside.removeAttribute(name);
  }
  content.append(...(copy.matches("li") ? copy.childNodes : [copy]));
  const way = make("a", { href }, translate("Go to {place}", { place: link.textContent?.trim() ?? "" }));
  content.append(make("p", { className: "go" }, way));
  return content;
}
