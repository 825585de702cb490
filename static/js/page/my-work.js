/**
 * My work: everything that the reader has done, listed under the sections that it belongs to. The page has an entry for
 * each. Everything is shown as text, because it may come from someone else's file.
 *
 * @import { StudyEvent } from "../study/events.js"
 */
import { make } from "../elements.js";
import { loadSheet } from "../sheet.js";
import { labelsOf, read as stored } from "../store.js";
import { dateOf as dateAt } from "../study/day.js";
import { isCode } from "../study/events.js";
import { allEvents, studyState } from "../study/log.js";
import { addressOf, allNotes } from "../study/notes.js";
import { translate, translateCount } from "../words.js";

/** @type {Record<string, string>} */
const VERDICTS = {
  open: translate("saved, not checked"),
  wrong: translate("not yet right"),
  right: translate("right"),
  shown: translate("opened the worked answer"),
};
/** @type {Record<string, string>} */
const RUNS = {
  done: translate("ran to its end"),
  error: translate("stopped with an error"),
  stopped: translate("was stopped"),
};

/** Called on each page. @param {HTMLElement} page */
export async function showWork(page) {
  const [events, state] = [await allEvents(), await studyState(), await loadSheet("study.css").catch(() => {})];
  const attempts = attemptsIn(events);
  const edits = labelsOf("code").filter((label) => isCode(stored("code", label)));
  const notes = await allNotes();
  for (const [label, all] of attempts) tell(page, label, (entry) => list(all.map((each) => attemptLine(each, entry))));
  for (const [label, runs] of state.runs) tell(page, label, () => paragraph(runLine(runs)));
  for (const [label, day] of state.trained) tell(page, label, () => paragraph(`${dateOf(day)}: ${translate("a trained network was saved")}`));
  for (const label of edits) tell(page, label, (entry) => listing(stored("code", label).text, entry));
  for (const [place, { day }] of state.sections) tell(page, place, () => paragraph(`${dateOf(day)}: ${translate("read to the end")}`));
  for (const note of notes) tell(page, note.place, () => noteLines(note));
  page.querySelector("[data-print]")?.addEventListener("click", () => print());

  const status = /** @type {HTMLElement} */ (page.querySelector("[data-work-status]"));
  const [read, answers] = [state.sections.size, [...attempts.values()].flat().length];
  const reviews = events.filter(({ kind }) => kind === "review").length;
  const found = [
    read > 0 && translateCount(read, "{number} section read to its end", "{number} sections read to their end"),
    answers > 0 && translateCount(answers, "{number} answer to a question", "{number} answers to questions"),
    edits.length > 0 && translateCount(edits.length, "{number} edit of code", "{number} edits of code"),
    notes.length > 0 && translateCount(notes.length, "{number} note", "{number} notes"),
    reviews > 0 && translateCount(reviews, "{number} review", "{number} reviews"),
  ].filter(Boolean);
  status.textContent = found.length > 0 ? found.join(", ") : translate("Nothing yet. What you answer, change and read to its end appears here.");
}

/** The attempts at each question in order of time, without undone ones. @param {StudyEvent[]} events */
function attemptsIn(events) {
  const undone = new Set(events.flatMap(({ kind, of }) => (kind === "undo" ? of : [])));
  const attempts = events.filter(({ kind, id }) => kind === "attempt" && !undone.has(id));
  return Map.groupBy(attempts.sort((a, b) => a.time - b.time), (event) => /** @type {string} */ (event.label));
}

/**
 * Add to the entry of a section or of something in it. Work on parts no longer in the book gets an entry at the end.
 *
 * @param {HTMLElement} page
 * @param {string} name
 * @param {(entry: HTMLElement) => HTMLElement} partOf
 */
function tell(page, name, partOf) {
  const named = CSS.escape(name);
  let entry = /** @type {HTMLElement | null} */ (page.querySelector(`[data-of="${named}"], [data-place="${named}"]`));
  if (entry === null) {
    entry = make("li", {}, make("h3", {}, name));
    entry.dataset.of = name;
    page.querySelector("[data-elsewhere]")?.append(entry);
  }
  entry.append(partOf(entry));
  for (let shown = entry.closest("[hidden]"); shown !== null; shown = shown.closest("[hidden]")) shown.removeAttribute("hidden");
}

/* Lines */

/** @param {StudyEvent} event @param {HTMLElement} entry */
function attemptLine({ day, answer, verdict }, entry) {
  const words = answerOf(answer, JSON.parse(entry.dataset.choices ?? "[]"));
  return `${dateOf(day)}: ${words === "" ? "" : `${words} – `}${VERDICTS[verdict]}`;
}

/** An answer in words. Picked options are stored as their numbers. @param {string} answer @param {string[]} choices */
function answerOf(answer, choices) {
  if (answer === "true" || answer === "false") return answer === "true" ? translate("True") : translate("False");
  if (choices.length === 0) return answer;
  const places = answer.startsWith("[") ? answer.matchAll(/\[+(\d+),\d+\]/g) : answer.matchAll(/(\d+)/g);
  return Array.from(places, ([, place]) => choices[Number(place)] ?? place).join("; ");
}

/** @param {Record<string, number>} runs */
const runLine = (runs) => Object.entries(runs).map(([verdict, day]) => `${dateOf(day)}: ${RUNS[verdict]}`).join("; ");

/** @param {import("../study/notes.js").Note} note */
function noteLines(note) {
  const { quote, text } = note;
  const link = make("a", { href: addressOf(note) }, quote);
  return make("blockquote", {}, link, ...(text === "" ? [] : [paragraph(text)]));
}

/** @param {string} code @param {HTMLElement} entry */
function listing(code, entry) {
  const ariaLabel = translate("Code: {title}", { title: entry.querySelector("h3, h4")?.textContent ?? "" });
  return make("pre", { className: "code", tabIndex: 0, role: "group", ariaLabel }, make("code", {}, code)); // it may scroll
}

/** The date of a study day; 0 for answers without a day, from editions up to 0.2. @param {number} day */
function dateOf(day) {
  if (day === 0) return translate("earlier");
  return dateAt(day).toLocaleDateString(document.documentElement.lang, { dateStyle: "medium", timeZone: "UTC" });
}

/** @param {string[]} lines */
const list = (lines) => make("ol", {}, ...lines.map((line) => make("li", {}, line)));

/** @param {string} text */
const paragraph = (text) => make("p", {}, text);
