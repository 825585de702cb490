/**
 * A chapter's cards, read from its pages of cards, and questions, read from their sections. All these pages are stored
 * for offline reading.
 *
 * @typedef {{label: string, key: string, edition: number, chapter: string, after: string, isCloze: boolean, place: string, html: string}} Card
 *   `key`: its label in the reader's log, which is an earlier one if the card was renamed; `after`: the stretch at
 *   whose end it is asked; `place`: its page; `html`: parsed only when the card is shown, because there may be
 *   thousands
 */
import { absolute, BUILD_HEADER, config } from "../config.js";
import { make } from "../elements.js";

/** Start and end of a card in its page (templates/blocks/recall.html). These attributes need no escaping in HTML. */
const START = /<details class="recall"[^>]*? data-card="([^"]*)" data-edition="(\d+)"( data-cloze)?(?: data-formerly="([^"]*)")? data-after="([^"]*)"/g;
const END = "</details>";
/** The number of pages of cards, given on the first (templates/parts.html, ranges). */
const PAGES = / data-pages="(\d+)"/;

/** @param {string} place of a page of the book */
async function textAt(place) {
  const url = absolute(place);
  const response = await fetch(url, { headers: { Accept: "text/html", [BUILD_HEADER]: config.build } });
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response.text();
}

/** @param {string} html */
const parsed = (html) => new DOMParser().parseFromString(html, "text/html");

/** @param {HTMLElement} element of a page @param {string} place of the page @returns {HTMLElement} for this document */
function adopted(element, place) {
  const copy = document.importNode(element, true);
  for (const name of ["href", "src"]) {
    for (const each of copy.querySelectorAll(`[${name}]`)) each.setAttribute(name, new URL(each.getAttribute(name) ?? "", absolute(place)).href);
  }
  return copy;
}

/**
 * @param {string} chapter
 * @param {Map<string, unknown> | Promise<Map<string, unknown>>} cards in the reader's log
 * @returns {Promise<Card[]>}
 */
export async function cardsOf(chapter, cards) {
  const first = `review/${chapter}/`;
  const text = await textAt(first);
  const others = Array.from({ length: Number(PAGES.exec(text)?.[1] ?? 1) - 1 }, (_, i) => `${first}${i + 2}/`);
  const texts = [text, ...(await Promise.all(others.map(textAt)))];
  const places = [first, ...others];
  const known = await cards;
  return texts.flatMap((text, i) =>
    Array.from(text.matchAll(START), ({ index, 1: label, 2: edition, 3: cloze, 4: formerly = "", 5: after }) => {
      const key = [label, ...formerly.split(" ")].find((name) => known.has(name)) ?? label;
      const html = text.slice(index, text.indexOf(END, index)) + END;
      return { label, key, edition: Number(edition), chapter, after, isCloze: cloze !== undefined, place: places[i], html };
    }),
  );
}

/** The two sides of a card. @param {Card} card */
export function sidesOf({ place, html }) {
  const copy = adopted(/** @type {HTMLElement} */ (parsed(html).querySelector("details")), place);
  const front = make("div", {}, ...(copy.querySelector("summary")?.childNodes ?? []));
  copy.querySelector("summary")?.remove();
  return { front, back: make("div", {}, ...copy.childNodes) };
}

/** Places of all questions. @returns {Promise<Map<string, string>>} `SECTION/` by label */
export async function placesOfQuestions() {
  const response = await fetch(absolute(config.search));
  /** @type {import("../page/search-index.js").Entry[]} */
  const entries = await response.json();
  const questions = entries.filter(({ kind }) => kind === "Question").map(({ url }) => url.split("#"));
  return new Map(questions.map(([place, label]) => [label, place]));
}

/** @param {string} label @param {string} place @returns {Promise<HTMLElement | null>} */
export async function questionAt(label, place) {
  const question = parsed(await textAt(place)).getElementById(label);
  return question === null ? null : adopted(question, place);
}
