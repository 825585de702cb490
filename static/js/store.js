/**
 * The reader's data in this browser: edits, answers, settings. Keys are `latentbook:1:KIND:LABEL`, where 1 is the version of
 * the format. If the browser refuses storage (private mode, full quota), writes return false and the page still works.
 *
 * @typedef {"code" | "output" | "quiz" | "kept" | "theme" | "place" | "setting" | "class"} Kind
 */

const PREFIX = "latentbook:1:";

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
  const text = storage()?.getItem(keyOf(kind, label)) ?? null;
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null; // not ours: another script of this origin wrote the key
  }
}

/**
 * @param {Kind} kind
 * @param {string} label
 * @param {unknown} value anything JSON can hold
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
}

/** Whether keys like `/` and `p` are active: readers with voice control or a screen reader may turn them off. */
export const singleKeys = () => read("setting", "single-keys") !== false;

/**
 * Reports writes of other tabs of this browser.
 *
 * @param {Kind} kind
 * @param {string} label
 * @param {(value: any) => void} react gets null if it was deleted
 * @param {AbortSignal} signal ends it
 */
export function follow(kind, label, react, signal) {
  addEventListener("storage", ({ key }) => key === keyOf(kind, label) && react(read(kind, label)), { signal });
}

/** @returns {string[]} */
function ownKeys() {
  const store = storage();
  return store === null ? [] : Object.keys(store).filter((key) => key.startsWith(PREFIX));
}

/** All stored data, as `{"KIND:LABEL": value}`. @returns {Record<string, unknown>} */
export function exportAll() {
  /** @type {Record<string, unknown>} */
  const all = {};
  for (const key of ownKeys()) {
    const [kind, ...label] = key.slice(PREFIX.length).split(":");
    all[`${kind}:${label.join(":")}`] = read(/** @type {Kind} */ (kind), label.join(":"));
  }
  return all;
}

/** Deletes all stored data of this book. */
export function clearAll() {
  for (const key of ownKeys()) storage()?.removeItem(key);
}

/**
 * A short fingerprint of a text (FNV-1a, 32 bit), stored with an edit to detect changes of the book's own text.
 *
 * @param {string} text
 */
export function fingerprint(text) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}
