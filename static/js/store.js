/**
 * The reader's data that scripts need at once: edits and settings, in local storage. Answers to questions are in a
 * database (study/log.js). If the browser refuses storage (private mode, full quota), writes return false and the page
 * still works.
 *
 * Keys are `latentbook:BOOK:KIND:LABEL`. Until edition 0.2 they were `latentbook:1:KIND:LABEL` for all books of an
 * address. Those are read until this book has its own, and never changed, because another book may need them. Pages
 * without a book, in class mode and in notebooks, still use these keys.
 *
 * @typedef {"code" | "own" | "other" | "output" | "quiz" | "kept" | "theme" | "place" | "read" | "progress" | "setting" | "tabs" | "due" | "pending" | "saved" | "class" | "classroom"} Kind
 *   `own`: versions of code that one from a link has replaced; `other`: a version of code from a merged file; `progress`: for the
 *   marks in the contents; `due`: for the number in the bar; `pending`: answers that the database may lack; `saved`:
 *   when the work was last saved as a file; `quiz`: of earlier editions
 */

/** The id of the book; an id begins with a letter. */
export const book = globalThis.document?.documentElement.dataset.book ?? "1";

const PREFIX = `latentbook:${book}:`;
const SHARED = "latentbook:1:";

/** @param {Kind} kind @param {string} label */
const keyOf = (kind, label) => `${PREFIX}${kind}:${label}`;

/** @returns {Storage | null} */
function storage() {
  try {
    return globalThis.localStorage;
  } catch {
    return null; // the browser forbids it for this page
  }
}

/**
 * @param {Kind} kind
 * @param {string} label
 * @returns {any} the stored value, or null if there is none or it is unreadable
 */
export function read(kind, label) {
  const text = storage()?.getItem(keyOf(kind, label)) ?? storage()?.getItem(`${SHARED}${kind}:${label}`) ?? null;
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null; // another script of this origin wrote the key
  }
}

/**
 * @param {Kind} kind
 * @param {string} label
 * @param {unknown} value any JSON value
 * @returns {boolean} whether the browser stored it
 */
export function write(kind, label, value) {
  try {
    const store = storage();
    store?.setItem(keyOf(kind, label), JSON.stringify(value));
    return store !== null;
  } catch {
    return false; // quota
  }
}

/** @param {Kind} kind @param {string} label */
export function remove(kind, label) {
  storage()?.removeItem(keyOf(kind, label));
  if (read(kind, label) !== null) write(kind, label, null); // hides an earlier edition's value
}

/** Whether keys like `/` and `p` are active: readers with voice control or a screen reader may turn them off. */
export const singleKeys = () => read("setting", "single-keys") !== false;

/**
 * Call back when another tab of this browser writes a value.
 *
 * @param {Kind} kind
 * @param {string} label
 * @param {(value: any) => void} react called with null if it was deleted
 * @param {AbortSignal} signal ends it
 */
export function follow(kind, label, react, signal) {
  addEventListener("storage", ({ key }) => key === keyOf(kind, label) && react(read(kind, label)), { signal });
}

/** @returns {string[]} KIND:LABEL of each key of this book or of all books */
function names() {
  const keys = Object.keys(storage() ?? {});
  const found = keys.flatMap((key) => [PREFIX, SHARED].filter((prefix) => key.startsWith(prefix)).map((prefix) => key.slice(prefix.length)));
  return [...new Set(found)];
}

/** @param {string} name KIND:LABEL @returns {[Kind, string]} */
export function partsOf(name) {
  const [kind, ...label] = name.split(":");
  return [/** @type {Kind} */ (kind), label.join(":")];
}

/** @param {Kind} kind @returns {string[]} labels with a stored value of this kind */
export function labelsOf(kind) {
  const labels = names().map(partsOf).flatMap(([each, label]) => (each === kind ? [label] : []));
  return labels.filter((label) => read(kind, label) !== null);
}

/** All stored data, as `{"KIND:LABEL": value}`. @returns {Record<string, unknown>} */
export function exportAll() {
  const all = names().map((name) => [name, read(...partsOf(name))]);
  return Object.fromEntries(all.filter(([, value]) => value !== null));
}

/** @typedef {Record<string, {before: string | null, after: string}>} Replaced JSON by KIND:LABEL */

/**
 * Replace stored values: all or none.
 *
 * @param {Record<string, string>} texts JSON by KIND:LABEL
 * @returns {Replaced}
 * @throws {DOMException} if the browser does not store them
 */
export function replaceTexts(texts) {
  /** @type {Replaced} */
  const replaced = {};
  try {
    for (const [name, after] of Object.entries(texts)) {
      const before = localStorage.getItem(PREFIX + name);
      localStorage.setItem(PREFIX + name, after);
      replaced[name] = { before, after };
    }
  } catch (error) {
    restoreTexts(replaced);
    throw error;
  }
  return replaced;
}

/** Restore values, except those that have changed since. @param {Replaced} replaced */
export function restoreTexts(replaced) {
  for (const [name, { before, after }] of Object.entries(replaced)) {
    if (localStorage.getItem(PREFIX + name) !== after) continue;
    if (before === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, before);
  }
}

/** Delete all stored data of this book, and data that earlier editions stored for all books of its address. */
export function clearAll() {
  const store = storage();
  for (const key of Object.keys(store ?? {})) {
    if (key.startsWith(PREFIX) || key.startsWith(SHARED)) store?.removeItem(key);
  }
}
