/**
 * What this browser remembers of the reader: edits, answers, settings. Keys are `latentbook:1:KIND:LABEL`, where 1 is the
 * version of the format. A browser that refuses storage (private mode, full quota) costs the memory, not the page: writes
 * say so by returning false.
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
 * @returns {any} what was written, or null where there is nothing readable
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
 * @returns {boolean} whether the browser kept it
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

/** Whether keys like `/` and `p` act: a reader who talks to the computer, or uses a screen reader, may not want them. */
export const singleKeys = () => read("setting", "single-keys") !== false;

/**
 * Tells of what another tab of this browser writes.
 *
 * @param {Kind} kind
 * @param {string} label
 * @param {(value: any) => void} react null where it was taken away
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

/** Everything remembered, as `{"KIND:LABEL": value}`. @returns {Record<string, unknown>} */
export function exportAll() {
  /** @type {Record<string, unknown>} */
  const all = {};
  for (const key of ownKeys()) {
    const [kind, ...label] = key.slice(PREFIX.length).split(":");
    all[`${kind}:${label.join(":")}`] = read(/** @type {Kind} */ (kind), label.join(":"));
  }
  return all;
}

/** Forgets everything this book has stored. */
export function clearAll() {
  for (const key of ownKeys()) storage()?.removeItem(key);
}

/**
 * A short fingerprint of a text (FNV-1a, 32 bit), kept with an edit: it tells whether the book's own text changed under it.
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
