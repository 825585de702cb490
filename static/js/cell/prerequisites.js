/**
 * Snippets may need names from earlier ones, because all pages of a chapter share one scope. If a name is missing, a
 * message names the snippet that defines it. A button runs the earlier ones in order, with the reader's edits.
 *
 * @typedef {{label: string, number: string, title: string, url: string, code: string, makes: string[]}} Entry
 *   The code of a chapter, in order (app/latentbook/book/write/snippets.py). A code question has no `code`: it defines nothing.
 * @typedef {{name: string, maker: Entry, toRun: Entry[]}} Missing `toRun` ends with the maker, or with the last snippet before
 *   the code that needs it
 * @import { RunError } from "../python/page/job.js"
 * @typedef {(signal: AbortSignal) => Promise<RunError | null>} Run
 */
import { absolute } from "../config.js";
import { button, make } from "../elements.js";
import { runtime } from "../python/page/runtime.js";
import { read } from "../store.js";
import { translate, translateAround } from "../words.js";

const UNDEFINED = /^name '(\w+)' is not defined/;

/** The snippets on this page, by label. @type {Map<string, Run>} */
const onThisPage = new Map();
/** Labels of snippets that have finished in this Python. @type {Set<string>} */
const done = new Set();
runtime.addEventListener("lost", () => done.clear());

/** By scope. @type {Map<string, Promise<Entry[]>>} */
const chapters = new Map();

/**
 * Let other snippets run this one.
 * @param {string} label @param {Run} run @returns {() => void} undoes this
 */
export function letOthersRun(label, run) {
  onThisPage.set(label, run);
  return () => onThisPage.delete(label);
}

/** @param {string} label of a snippet that has run to its end */
export const noteDone = (label) => done.add(label);

/** The name that was not defined, or null if it failed for another reason. @param {RunError} error */
export const undefinedName = ({ name, message }) => (name === "NameError" ? (UNDEFINED.exec(message)?.[1] ?? null) : null);

/**
 * @param {RunError} error
 * @param {string} scope
 * @param {string} label of the code that failed
 * @returns {Promise<Missing | null>} null if no earlier snippet defines the name
 */
export async function missingFor(error, scope, label) {
  const name = undefinedName(error);
  if (name === null) return null;
  const all = await entriesOf(scope);
  const place = all.findIndex((entry) => entry.label === label);
  const earlier = all.slice(0, Math.max(0, place)).filter(({ code }) => code !== "");
  const maker = earlier.findLast(({ makes }) => makes.includes(name));
  if (maker === undefined) return null;
  return { name, maker, toRun: earlier.filter((entry) => entry === maker || !done.has(entry.label)) };
}

/** @param {string} scope */
async function entriesOf(scope) {
  try {
    if (!chapters.has(scope)) chapters.set(scope, fetch(absolute(`${scope}/snippets.json`)).then((response) => response.json()));
    return (await chapters.get(scope)) ?? [];
  } catch {
    chapters.delete(scope); // the network may come back
    return [];
  }
}

/**
 * Show which name is missing and where it is defined, with a button that runs the snippets.
 * @param {Missing} missing
 * @param {() => void} onRun
 */
export function offerFor({ name, maker, toRun }, onRun) {
  const place = make("a", { href: absolute(maker.url) }, translate("snippet {number}", { number: maker.number }));
  const values = { name: make("code", {}, name), place, title: maker.title };
  const sentence = done.has(maker.label)
    ? translateAround("{name} is made in {place}, “{title}”. Run it again.", values)
    : translateAround("{name} is made in {place}, “{title}”. It has not run.", values);
  const words =
    toRun.length === 1
      ? translate("Run snippet {number} first", { number: toRun[0].number })
      : translate("Run the {count} snippets before this one", { count: toRun.length });
  return make("div", { className: "offer" }, make("p", {}, ...sentence), button(words, onRun));
}

/**
 * Run snippets in order, with the reader's edits, until one fails.
 *
 * @param {Entry[]} entries
 * @param {string} scope
 * @param {AbortSignal} signal
 * @param {(sentence: string) => void} onProgress
 * @returns {Promise<{entry: Entry, error: RunError} | null>} the one that failed
 */
export async function runInOrder(entries, scope, signal, onProgress) {
  for (const [i, entry] of entries.entries()) {
    onProgress(translate("Running {number}, {place} of {count}", { number: entry.number, place: i + 1, count: entries.length }));
    const run = onThisPage.get(entry.label) ?? ((stop) => runUnseen(entry, scope, stop));
    const error = await run(signal);
    if (error !== null) return { entry, error };
  }
  return null;
}

/** Run a snippet that is on a different page. @param {Entry} entry @param {string} scope @param {AbortSignal} signal */
async function runUnseen({ label, code }, scope, signal) {
  const kept = read("code", label)?.text;
  try {
    await runtime.request({ type: "run_cell", scope, code: typeof kept === "string" ? kept : code, filename: label }, { signal });
    noteDone(label);
    return null;
  } catch (error) {
    return /** @type {RunError} */ (error);
  }
}
