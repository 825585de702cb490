/**
 * Search: MiniSearch with the build's index, loaded when the reader first opens the dialog.
 */
import { absolute, config } from "../config.js";
import { make } from "../elements.js";
import { find, indexOf } from "./search-index.js";
import { translate, translateCount } from "../words.js";

const MAX_RESULTS = 20;
const EXCERPT_CHARACTERS = 150;

/** @type {Promise<ReturnType<typeof indexOf>> | null} */
let index = null;

async function loadIndex() {
  const response = await fetch(absolute(config.search));
  if (!response.ok) throw new Error(translate("The search index answered {status}.", { status: response.status }));
  return indexOf(await response.json());
}

/** @type {WeakSet<HTMLDialogElement>} */
const started = new WeakSet();

/**
 * Start the search when the dialog opens, and show results for text already in its field.
 *
 * @param {HTMLDialogElement} dialog
 */
export async function startSearch(dialog) {
  const input = /** @type {HTMLInputElement} */ (dialog.querySelector("input"));
  const list = /** @type {HTMLElement} */ (dialog.querySelector(".results"));
  const count = /** @type {HTMLElement} */ (dialog.querySelector(".count"));
  if (!started.has(dialog)) {
    started.add(dialog);
    input.addEventListener("input", () => show());
    input.addEventListener("keydown", (event) => onKey(event));
    list.addEventListener("click", (event) => {
      const item = /** @type {Element} */ (event.target).closest("li");
      if (item) go(item);
    });
    dialog.querySelector("form")?.addEventListener("submit", (event) => {
      // Enter in the field opens the chosen result; only the button closes the dialog.
      if (/** @type {SubmitEvent} */ (event).submitter === null) event.preventDefault();
    });
  }
  await show();

  async function show() {
    const words = input.value.trim();
    if (words === "") return render([], "");
    try {
      index ??= loadIndex();
      const mini = await index;
      if (words !== input.value.trim()) return; // the reader has typed more
      const { found, all } = find(mini, words);
      const count = resultCount(found.length);
      const some = !all && found.length > 0;
      render(found.slice(0, MAX_RESULTS), some ? translate("Nothing contains all these words. Partial matches: {count}", { count }) : count);
    } catch (error) {
      index = null; // the next letter tries again
      render([], translate("Search is not available: {why}", { why: /** @type {Error} */ (error).message }));
    }
  }

  /**
   * @param {import("./search-index.js").Found[]} results
   * @param {string} sentence
   */
  function render(results, sentence) {
    count.textContent = sentence;
    list.replaceChildren(...results.map(resultItem));
    input.setAttribute("aria-expanded", String(results.length > 0));
    choose(0);
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      choose(chosen() + step);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const item = list.children[chosen()];
      if (item) go(item);
    } else if (event.key === "Escape") {
      event.preventDefault(); // otherwise the first Escape would only empty the field
      dialog.close();
    }
  }

  function chosen() {
    return [...list.children].findIndex((item) => item.getAttribute("aria-selected") === "true");
  }

  /** @param {number} position */
  function choose(position) {
    const items = [...list.children];
    if (items.length === 0) return input.removeAttribute("aria-activedescendant");
    const wrapped = (position + items.length) % items.length;
    for (const [i, item] of items.entries()) item.setAttribute("aria-selected", String(i === wrapped));
    input.setAttribute("aria-activedescendant", items[wrapped].id);
    items[wrapped].scrollIntoView({ block: "nearest" });
  }

  /** @param {Element} item */
  function go(item) {
    dialog.close();
    location.assign(/** @type {HTMLElement} */ (item).dataset.url ?? "");
  }
}

/** @param {number} number */
function resultCount(number) {
  if (number === 0) return translate("Nothing found. Try a shorter word.");
  const results = translateCount(number, "{number} result", "{number} results");
  return number > MAX_RESULTS ? translate("{results}, the best {shown} shown", { results, shown: MAX_RESULTS }) : results;
}

/**
 * @param {import("./search-index.js").Found} result
 * @param {number} position
 */
function resultItem(result, position) {
  const title = make("span", { className: "title" }, ...marked(result.title, result.terms));
  if (["Chapter", "Section"].includes(result.kind)) title.prepend(`${result.number} `);
  const place = make("span", { className: "chapter" }, result.place);
  const excerpt = make("span", { className: "excerpt" }, ...marked(excerptOf(result.text, result.terms), result.terms));
  const item = make("li", { id: `search-result-${position}`, role: "option" }, title, place, excerpt);
  item.dataset.url = absolute(result.url);
  return item;
}

/** The part of a text around the first word found. @param {string} text @param {string[]} terms */
function excerptOf(text, terms) {
  const lower = text.toLowerCase();
  const hits = terms.map((term) => lower.indexOf(term)).filter((at) => at >= 0);
  const from = hits.length > 0 ? Math.max(0, Math.min(...hits) - EXCERPT_CHARACTERS / 3) : 0;
  const start = from === 0 ? 0 : text.indexOf(" ", from) + 1;
  const end = start + EXCERPT_CHARACTERS;
  return `${start > 0 ? "… " : ""}${text.slice(start, end).trim()}${end < text.length ? " …" : ""}`;
}

/** @param {string} text @param {string[]} terms @returns {(string | HTMLElement)[]} */
function marked(text, terms) {
  if (terms.length === 0) return [text];
  const pattern = new RegExp(`(${terms.map((term) => term.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`, "giu");
  return text.split(pattern).map((piece, i) => (i % 2 === 0 ? piece : make("mark", {}, piece)));
}
