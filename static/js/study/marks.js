/**
 * Notes and marks on a page: the toolbar next to selected text, the colours of marked passages, and a button for each
 * in the margin. The CSS Custom Highlight API paints them, so no element of the text changes. Without it there are only
 * buttons.
 *
 * @import { Note, Finds } from "./notes.js"
 * @import { PageProse } from "./prose.js"
 */
import { config, isFrugal } from "../config.js";
import { button, make } from "../elements.js";
import { idle } from "../pauses.js";
import { loadSheet } from "../sheet.js";
import { translate } from "../words.js";
import { describe, locate, locateNear, rivalOf } from "./anchor.js";
import { allNotes, changeNote, MAX_QUOTE, nameOf, news } from "./notes.js";
import { offsetsOf, proseOf, rangeOf } from "./prose.js";

/** Height of a button in the margin, px. */
const HEIGHT = 26;

/** @type {{article: HTMLElement, prose: PageProse, finds: Finds} | null} */
let shown = null;
const tools = toolbar();
const sizes = new ResizeObserver(() => requestAnimationFrame(layOut));

news.addEventListener("change", (event) => void showNotes(/** @type {CustomEvent} */ (event).detail));
document.addEventListener("selectionchange", () => {
  if (getSelection()?.isCollapsed && !tools.contains(document.activeElement)) tools.remove();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") tools.remove();
  if (event.key !== "Tab" || event.shiftKey || !tools.isConnected || tools.contains(document.activeElement)) return;
  event.preventDefault(); // the toolbar is the next stop after the selection
  tools.querySelector("button")?.focus();
});

/** @returns {HTMLElement | null} the text of a section */
const articleHere = () => document.querySelector("article[data-place]");

/** Show the notes on a page. @param {string} [focus] id of the note whose button gets the focus */
export async function showNotes(focus = "") {
  const article = articleHere();
  if (article === null) return;
  const [notes] = await Promise.all([allNotes(), loadSheet("study.css")]);
  const prose = proseOf(sectionOf(article));
  const finds = await findAll(notes, article, prose);
  if (article !== articleHere()) return; // the reader has moved on
  shown = { article, prose, finds };
  paint(notes, focus);
  offerList();
}

/* Finding */

/** @param {HTMLElement} article */
const sectionOf = (article) => /** @type {HTMLElement} */ (article.querySelector(".section"));

/** @param {string} place */
const chapterOf = (place) => place.split("/")[0];

/** @param {Note[]} notes @param {HTMLElement} article @param {PageProse} home @returns {Promise<Finds>} */
async function findAll(notes, { dataset: { place = "" } }, home) {
  /** @type {Finds} */
  const finds = new Map();
  /** @type {Note[]} */
  const moved = [];
  for (const note of notes.filter((each) => chapterOf(each.place) === chapterOf(place))) {
    const match = note.place === place ? locateNear(note, home) : null;
    if (match !== null) finds.set(note.id, { place, ...match, now: home.text.slice(match.start, match.end) });
    else if (note.place === place || mayBeHere(note, home)) moved.push(note);
  }
  if (moved.length === 0) return finds;
  const pages = await chapterPages(place, home);
  for (const note of moved) {
    await idle();
    const own = pages.get(note.place);
    if (own === undefined) continue; // offline
    const others = note.isCompared ? [...pages].filter(([each]) => each !== note.place) : [];
    const match = locate(note, [own, ...others.map(([, prose]) => prose)]);
    const at = match === null ? "" : [note.place, ...others.map(([each]) => each)][match.page];
    finds.set(note.id, match && { place: at, ...match, now: (pages.get(at) ?? own).text.slice(match.start, match.end) });
  }
  return finds;
}

/**
 * Whether a page contains the quote of a note on another page, with its context on one side.
 * @param {Note} note @param {PageProse} prose
 */
const mayBeHere = ({ prefix, quote, suffix }, { text }) => text.includes(prefix + quote) || text.includes(quote + suffix);

/** Links to the sections of the chapter, and to the evidence for the current section. */
const PAGES = ".contents .sections-of > li > a, .contents [data-evidence] a";

/** @type {Map<string, Promise<import("./anchor.js").Prose | null>>} by place */
const loaded = new Map();

/** @param {string} here @param {PageProse} home @returns {Promise<Map<string, import("./anchor.js").Prose>>} by place */
async function chapterPages(here, home) {
  /** @type {Map<string, import("./anchor.js").Prose>} */
  const pages = new Map([[here, home]]);
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(PAGES))) {
    const place = link.href.slice(config.root.length).replace(/\/$/, "");
    if (place === here) continue;
    const loading = loaded.get(place) ?? loadProse(link.href);
    loaded.set(place, loading);
    const prose = await loading;
    if (prose !== null) pages.set(place, prose);
    else loaded.delete(place);
  }
  return pages;
}

/** @param {string} address */
async function loadProse(address) {
  const response = await fetch(address).catch(() => null);
  if (!response?.ok) return null;
  await idle();
  const section = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("article .section");
  if (section === null) return null;
  const { text, labels } = proseOf(section);
  return { text, labels };
}

/* Showing */

/** @param {Note[]} notes @param {string} focus */
function paint(notes, focus) {
  if (shown === null) return;
  const { article, prose, finds } = shown;
  const active = document.activeElement; // do not take the focus from a reader who has moved on
  const focused = active instanceof HTMLElement && active !== document.body ? active.dataset.note : focus;
  document.querySelector("nav.note-buttons")?.remove();
  const list = make("nav", { className: "note-buttons", ariaLabel: translate("Your notes on this page") });
  /** @type {Record<"mark" | "note", Range[]>} */
  const ranges = { mark: [], note: [] };
  for (const note of notes) {
    const found = finds.get(note.id);
    if (!found || found.place !== article.dataset.place) continue;
    const range = rangeOf(prose, found.start, found.end);
    const kind = note.text === "" ? "mark" : "note";
    ranges[kind].push(range);
    const name = nameOf(note);
    const open = button("", async () => (await import("./notes-dialog.js")).openNote(note, found.now), { ariaLabel: name, title: name });
    open.dataset.kind = kind;
    open.dataset.note = note.id;
    places.set(open, range);
    list.append(open);
  }
  if (list.childElementCount > 0) article.after(list);
  /** @type {HTMLElement | null} */ (list.querySelector(`[data-note="${focused}"]`))?.focus({ preventScroll: true });
  for (const [kind, all] of Object.entries(ranges)) globalThis.CSS.highlights?.set(`reader-${kind}`, new Highlight(...all));
  sizes.disconnect();
  sizes.observe(article);
  layOut();
}

/** @type {WeakMap<Element, Range>} */
const places = new WeakMap();

/** Place each button next to the first line of its passage, below the previous button. */
function layOut() {
  const buttons = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".note-buttons > button"));
  const column = shown?.article.querySelector(".section > p, .section > .noted > p")?.getBoundingClientRect();
  if (column === undefined) return;
  const isRightToLeft = document.documentElement.dir === "rtl";
  const left = isRightToLeft ? Math.max(0, column.left - HEIGHT) : Math.min(column.right, document.documentElement.clientWidth - HEIGHT);
  let free = 0;
  for (const each of buttons) {
    const range = places.get(each);
    const parent = range?.startContainer.parentElement;
    const fold = parent?.closest("details:not([open])") ?? parent?.closest(".tab[hidden]")?.parentElement; // its text has no place
    const top = ((fold ?? range)?.getBoundingClientRect().top ?? 0) + scrollY;
    free = Math.max(free, top);
    Object.assign(each.style, { left: `${left + scrollX}px`, top: `${free}px` });
    free += HEIGHT;
  }
}

/** Add a button at the end of the page that opens the list. */
function offerList() {
  const own = document.querySelector(".foot .own");
  if (own === null || own.querySelector(".notes-open")) return;
  own.append(button(translate("Notes"), openList, { className: "quiet notes-open", ariaHasPopup: "dialog" }));
}

async function openList() {
  const { openNotes } = await import("./notes-dialog.js");
  openNotes(await allNotes(), shown?.finds ?? new Map());
}

/* Selecting */

function toolbar() {
  const all = [button(translate("Highlight"), () => void add(false)), button(translate("Note"), () => void add(true))];
  for (const each of all) each.addEventListener("pointerdown", (event) => event.preventDefault()); // the selection stays
  return make("div", { className: "note-tools", role: "group", ariaLabel: translate("Selected text") }, ...all);
}

/** Offer to mark the selection. */
export async function offer() {
  const range = selected();
  if (range === null) return tools.remove();
  await loadSheet("study.css");
  const lines = range.getClientRects();
  const last = lines[lines.length - 1] ?? range.getBoundingClientRect();
  if (!tools.isConnected) {
    document.body.append(tools);
    say(translate("Text is selected. Tab leads to Highlight and Note."));
  }
  const left = Math.min(last.left, document.documentElement.clientWidth - tools.offsetWidth - 8);
  Object.assign(tools.style, { left: `${Math.max(8, left) + scrollX}px`, top: `${last.bottom + scrollY}px` });
}

/** @returns {Range | null} in the text of a section */
function selected() {
  const selection = getSelection();
  const article = articleHere();
  if (selection === null || selection.isCollapsed || article === null) return null;
  const range = selection.getRangeAt(0);
  return sectionOf(article).contains(range.commonAncestorContainer) ? range : null;
}

/** @param {boolean} opens whether to write a note */
async function add(opens) {
  const [range, article] = [selected(), articleHere()];
  tools.remove();
  if (range === null || article === null) return;
  const prose = proseOf(sectionOf(article));
  const ends = offsetsOf(prose, range);
  if (ends === null) return say(translate("Only text can be marked: no code, instruments or questions."));
  if (ends.end - ends.start > MAX_QUOTE) {
    return say(translate("A mark has at most {most} characters; this has {count}.", { most: MAX_QUOTE, count: ends.end - ends.start }));
  }
  const { place = "" } = article.dataset;
  const passage = describe(prose, ends.start, ends.end);
  const titles = { chapter: titleOf(".bar .here"), section: titleOf("article h1") };
  const id = Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const content = { ...passage, ...titles, place, at: ends.start, text: "", isCompared: false };
  getSelection()?.removeAllRanges();
  await changeNote(id, content);
  if (!tools.isConnected) say(translate("Highlighted.")); // else a new selection has already announced the toolbar
  if (opens) (await import("./notes-dialog.js")).openNote({ ...content, id }, passage.quote);
  if (isFrugal()) return;
  await idle(); // now compare: the rest of the chapter may contain the same words
  const pages = await chapterPages(place, prose);
  const others = [...pages].filter(([each]) => each !== place).map(([, each]) => each);
  const rival = rivalOf(passage, [prose, ...others]);
  if ((await allNotes()).some((note) => note.id === id)) await changeNote(id, { rival, isCompared: true });
}

/** The words of a title, including its number. @param {string} selector */
function titleOf(selector) {
  const title = document.querySelector(selector);
  const parts = [...(title?.children ?? [])].map((part) => part.querySelector("math")?.textContent ?? part.textContent);
  return parts.join(" ").replace(/\s+/g, " ").trim().slice(0, 300);
}

/** @param {string} sentence */
const say = (sentence) => document.querySelector("[data-page-status]")?.replaceChildren(sentence);
