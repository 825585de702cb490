/**
 * The reader's notes and marks: settings `note:ID` in the log. A mark is a note without text.
 *
 * @typedef {import("./anchor.js").Passage & {place: string, chapter: string, section: string, at: number, text: string, isCompared: boolean}} Content
 *   `place` of the page, below the root; `chapter`, `section`: their titles, with numbers; `at`: the offset in the page;
 *   `isCompared`: whether it was compared with the rest of its chapter, and may therefore be found there
 * @typedef {Content & {id: string}} Note
 * @typedef {{place: string, start: number, end: number, now: string}} Found `now`: the current words
 * @typedef {Map<string, Found | null>} Finds of the notes of this chapter, by id
 */
import { absolute } from "../config.js";
import { remove, write } from "../store.js";
import { translate } from "../words.js";
import { askToKeep } from "./lasting.js";
import { setValue, studyState } from "./log.js";

const PREFIX = "note:";
export const MAX_QUOTE = 1_000;
const MAX_TEXT = 20_000;

/** Sends the event `change` when notes change. */
export const news = new EventTarget();

/** @param {any} value possibly from a file written by someone else @returns {value is Content} */
function isContent(value) {
  if (typeof value !== "object" || value === null) return false;
  const { place, label, quote, prefix, suffix, position, rival, at } = value;
  const isShort = (/** @type {unknown} */ text, /** @type {number} */ most) => typeof text === "string" && text.length <= most;
  const areShort = [label, prefix, suffix, value.chapter, value.section].every((text) => isShort(text, 500));
  const areNumbers = [position?.start, position?.end, rival, at].every(Number.isFinite);
  const isQuote = isShort(quote, MAX_QUOTE) && quote !== "" && isShort(value.text, MAX_TEXT);
  return areShort && areNumbers && isQuote && typeof place === "string" && /^[\w.-][\w./-]{0,200}$/.test(place);
}

/** All notes, in the order of the book. @returns {Promise<Note[]>} */
export async function allNotes() {
  /** @type {Note[]} */
  const notes = [];
  for (const [name, { value }] of (await studyState()).settings) {
    if (/^note:\w+$/.test(name) && isContent(value)) notes.push({ ...value, id: name.slice(PREFIX.length) });
  }
  const inOrder = (/** @type {string} */ a, /** @type {string} */ b) => a.localeCompare(b, undefined, { numeric: true });
  return notes.sort((a, b) => inOrder(a.chapter, b.chapter) || inOrder(a.section, b.section) || a.at - b.at);
}

/**
 * @param {string} id @param {Partial<Content> | null} change null deletes the note; an empty one changes nothing
 * @param {boolean} [focuses] its button in the margin
 */
export async function changeNote(id, change, focuses = false) {
  askToKeep();
  const isSame = change !== null && Object.keys(change).length === 0;
  await setValue(PREFIX + id, (/** @type {Content | null} */ before) => (isSame ? undefined : change && { ...before, ...change }));
  // The next page checks this before it loads anything.
  if ((await allNotes()).length > 0) write("setting", "notes", true);
  else remove("setting", "notes");
  news.dispatchEvent(new CustomEvent("change", { detail: focuses ? id : "" }));
}

/** @param {Note} note */
export const nameOf = ({ quote, text }) =>
  text === "" ? translate("Highlight: {words}", { words: excerpt(quote) }) : translate("Note: {words}", { words: excerpt(text) });

/** @param {string} words */
export const excerpt = (words) => (words.length > 60 ? `${words.slice(0, 60).trimEnd()}…` : words);

/** @param {{place: string, label: string}} note */
export const addressOf = ({ place, label }) => absolute(`${place}/${label === "" ? "" : `#${encodeURIComponent(label)}`}`);

/** Notes as one Markdown file. @param {Note[]} notes in order @param {string} book its name */
export function markdownOf(notes, book) {
  const title = translate("Notes: {book}", { book });
  const lines = [`# ${title}`];
  const seen = { chapter: "", section: "" };
  for (const note of notes) {
    if (note.chapter !== seen.chapter) lines.push(`## ${note.chapter}`);
    if (note.chapter !== seen.chapter || note.section !== seen.section) lines.push(`### ${note.section}`);
    Object.assign(seen, note);
    lines.push(`> ${note.quote}\n>\n> <${addressOf(note)}>`);
    if (note.text !== "") lines.push(note.text);
  }
  return `${lines.join("\n\n")}\n`;
}
