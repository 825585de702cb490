/**
 * The reader's log of events (events.js) in this browser: one IndexedDB database per book, opened when the first
 * question starts. `log` contains the events, by a local key. `snapshot` contains the state folded from them up to a
 * key, their text, and the changes of the last merge.
 *
 * The reader may leave a page before the database has stored an event, so until then local storage has it too. Events
 * that the browser does not store at all stay in memory, and the document gets the event `unsaved`.
 *
 * @import { StudyEvent, State } from "./events.js"
 * @import { Replaced } from "../store.js"
 * @typedef {{added: StudyEvent[], dropped: StudyEvent[], replaced: Replaced}} Merge changes of the last merge, in the
 *   log and in ../store.js
 */
import { book, labelsOf, read, remove, replaceTexts, restoreTexts, write } from "../store.js";
import { today } from "./day.js";
import { noteDue } from "./due.js";
import { askToKeep } from "./lasting.js";
import { eventOf, fold, follow, isCode, isEvent, isSameCode, KINDS, merge, replacedIds } from "./events.js";

const NAME = `latentbook:${book}`;
/** A snapshot is written when opening has to read more events than this. */
const SNAPSHOT_AFTER = 500;
/** Kinds of event; a snapshot from an edition with different kinds is discarded. */
const kinds = [...KINDS.keys()].join();

/** Id of this page's session; each tab has a different one, so that event ids are unique. */
const session = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
let recorded = 0;

/** @type {Promise<IDBDatabase> | null} */
let database = null;
/** Folded from all events; null until requested. @type {State | null} */
let state = null;
/** Events that the browser has not stored. @type {StudyEvent[]} */
let unsaved = [];
/** Events that the database may lack, including those still queued. @type {StudyEvent[]} */
let pending = [];
/** The reason for unsaved events that the reader has been told; "" for none. */
let told = "";
/** One operation at a time. @type {Promise<unknown>} */
let queue = Promise.resolve();

const channel = globalThis.BroadcastChannel === undefined ? null : new BroadcastChannel(NAME);
channel?.addEventListener("message", () => void inTurn(async () => (state = null)));

/** @template T @param {() => Promise<T>} operation @returns {Promise<T>} */
function inTurn(operation) {
  const done = queue.then(operation);
  queue = done.catch(() => {});
  return done;
}

/** The state that follows from all events. @returns {Promise<State>} */
export const studyState = () => inTurn(current);

/**
 * Add an event.
 *
 * @param {string} kind
 * @param {Record<string, unknown>} content of its kind (events.js)
 * @returns {Promise<string>} its id
 */
export function record(kind, content) {
  const event = pendingEvent(kind, content);
  return inTurn(() => add(event));
}

/** @param {import("./decks.js").Card} card @param {number} grade */
export function recordReview({ key, edition }, grade) {
  askToKeep();
  return record("review", { label: key, edition, grade });
}

/**
 * Set a value by name; null deletes it.
 *
 * @param {string} name
 * @param {unknown} value or a function that computes it from the previous one; undefined changes nothing
 */
export const setValue = (name, value) =>
  inTurn(async () => {
    const before = (await current()).settings.get(name);
    const after = typeof value === "function" ? value(before?.value ?? null) : value;
    if (after !== undefined) await add(pendingEvent("set", { name, value: after, counter: (before?.counter ?? 0) + 1 }));
  });

/** Hide an earlier answer to a question; it stays in the log. @param {string} label */
export const startOver = (label) =>
  inTurn(async () => {
    const question = (await current()).questions.get(label);
    if (question !== undefined) await add(pendingEvent("undo", { of: question.ids }));
  });

/** Record that a snippet was run. @param {string} label @param {"done" | "error" | "stopped"} verdict */
export const recordRun = (label, verdict) =>
  inTurn(async () => {
    if ((await current()).runs.get(label)?.[verdict] !== today()) await add(pendingEvent("run", { label, verdict }));
  });

/** All events, including the reader's current code. @returns {Promise<StudyEvent[]>} */
export const allEvents = () => inTurn(everything);

/**
 * Merge work from another browser.
 *
 * @param {StudyEvent[]} theirs
 * @param {Record<string, string>} values for ../store.js: JSON by KIND:LABEL
 */
export const mergeWork = (theirs, values) =>
  inTurn(async () => {
    const mine = await everything();
    const merged = merge(mine, theirs);
    const replaced = replaceTexts({ ...values, ...codeAfter(fold(merged, today()).versions) });
    const change = difference(mine, merged);
    try {
      await replace({ ...change, last: { ...change, replaced } });
    } catch (error) {
      restoreTexts(replaced);
      throw error;
    }
  });

/** Events stored in this browser after a local key. @param {number} key @returns {ReturnType<typeof storedAfter>} */
export const eventsAfter = (key) => inTurn(() => storedAfter(key));

/**
 * Merge events of the reader's other browsers, without code: the page may show a different version.
 * @param {StudyEvent[]} theirs
 */
export const mergeEvents = (theirs) =>
  inTurn(async () => {
    await moveOver();
    await flush();
    const { stored } = await storedAfter(0);
    await replace(difference(stored, merge(stored, theirs)));
  });

/** Undo the last merge. */
export const undoMerge = () =>
  inTurn(async () => {
    const last = await lastMerge();
    if (last === null) return;
    await replace({ dropped: last.added, added: last.dropped, last: null });
    restoreTexts(last.replaced);
  });

/** Whether a merge can be undone. */
export const canUndoMerge = () => inTurn(async () => (await lastMerge().catch(() => null)) !== null);

/** Delete the database. */
export const eraseLog = () =>
  inTurn(async () => {
    (await database?.catch(() => null))?.close();
    [database, state, unsaved, pending] = [null, null, [], []];
    try {
      await asPromise(indexedDB.deleteDatabase(NAME));
    } catch {
      return; // a browser that refuses storage has nothing to delete
    }
    channel?.postMessage("changed");
  });

/** @param {string} kind @param {Record<string, unknown>} content @returns {StudyEvent} */
const newEvent = (kind, content) => ({ id: `${session}.${(recorded += 1)}`, day: today(), time: Date.now(), kind, ...content });

/**
 * An event that survives the page even if the database has not stored it by then.
 * @param {string} kind @param {Record<string, unknown>} content
 */
function pendingEvent(kind, content) {
  const event = newEvent(kind, content);
  setPending([...pending, event]);
  return event;
}

/** @param {StudyEvent[]} events */
function setPending(events) {
  pending = events;
  if (events.length > 0) write("pending", session, events);
  else remove("pending", session);
}

/** @param {StudyEvent} event @returns {Promise<string>} its id */
async function add(event) {
  const before = await current();
  unsaved.push(event);
  state = follow([event], before, today()) ? announced(fold([event], today(), before)) : null;
  await flush();
  noteDue(await current());
  return event.id;
}

/** Store all events that are not yet stored. */
async function flush() {
  if (unsaved.length === 0) return;
  try {
    await transact("readwrite", (log) => unsaved.map((event) => addOnce(log, event)));
  } catch (error) {
    tell(error);
    return;
  }
  setPending(pending.filter((event) => !unsaved.includes(event)));
  [unsaved, told] = [[], ""];
  channel?.postMessage("changed");
}

/** @param {unknown} error of the storage */
function tell(error) {
  const why = error instanceof DOMException && error.name === "QuotaExceededError" ? "full" : "refused";
  if (why === told) return;
  told = why;
  document.dispatchEvent(new CustomEvent("unsaved", { detail: why }));
}

/** @returns {Promise<State>} */
async function current() {
  state ??= announced(await folded().catch(() => fold([...answersOfEarlierEditions(), ...leftBehind(), ...unsaved], today())));
  return state;
}

/** Announce the state, for the marks in the contents (page/progress.js). @param {State} state */
function announced(state) {
  document.dispatchEvent(new CustomEvent("studied", { detail: state }));
  return state;
}

/** Fold stored and unsaved events. */
async function folded() {
  const rest = [...(await moveOver()), ...unsaved];
  const [found] = await transact("readonly", (_, snapshots) => [snapshots.get("state")]);
  const snapshot = found?.kinds === kinds ? found : { key: 0, count: 0 };
  let { stored, lastKey } = await storedAfter(snapshot.key);
  const continues = snapshot.key > 0 && follow([...stored, ...rest], snapshot.state, today());
  if (snapshot.key > 0 && !continues) ({ stored, lastKey } = await storedAfter(0));
  const state = fold([...stored, ...rest], today(), continues ? snapshot.state : undefined);
  if (stored.length > SNAPSHOT_AFTER && rest.length === 0) {
    const count = stored.length + (continues ? snapshot.count : 0);
    await keep("state", { state, key: lastKey, count, kinds });
  }
  return state;
}

/**
 * Write a snapshot, unless another tab has meanwhile deleted some of its events.
 *
 * @param {string} name
 * @param {{key: number, count: number} & Record<string, unknown>} snapshot of `count` events, up to a local key
 */
function keep(name, snapshot) {
  return transact("readwrite", (log, snapshots) => {
    const present = log.count(IDBKeyRange.upperBound(snapshot.key));
    present.onsuccess = () => {
      if (present.result === snapshot.count) snapshots.put(snapshot, name);
    };
    return [present];
  }).catch(() => {});
}

/**
 * Read events. Chromium takes a second for the rows of ten years, and a tenth of that for a single text of them all.
 *
 * @param {number} key local key; keys begin at 1
 * @returns {Promise<{stored: StudyEvent[], lastKey: number}>}
 */
async function storedAfter(key) {
  if (key > 0) return rowsAfter(key);
  const [found] = await transact("readonly", (_, snapshots) => [snapshots.get("events")]);
  const [present] = await transact("readonly", (log) => [log.count(IDBKeyRange.upperBound(found?.key ?? 0))]);
  const before = found?.count === present ? found : { key: 0, count: 0, text: "" };
  const { stored, lastKey } = await rowsAfter(before.key);
  if (stored.length > SNAPSHOT_AFTER) {
    const text = before.text + stored.map((event) => `,${JSON.stringify(event)}`).join("");
    await keep("events", { key: lastKey, count: before.count + stored.length, text });
  }
  return { stored: [...JSON.parse(`[${before.text.slice(1)}]`), ...stored], lastKey };
}

/** @param {number} key @returns {ReturnType<typeof storedAfter>} */
async function rowsAfter(key) {
  const range = IDBKeyRange.lowerBound(key, true);
  const [stored, last] = await transact("readonly", (log) => [log.getAll(range), log.openKeyCursor(range, "prev")]);
  return { stored, lastKey: last?.key ?? key };
}

/* The reader's code: local storage has the code on display, the log the versions to merge. A saved or merged file syncs them. */

async function everything() {
  const old = await moveOver().catch(() => [...answersOfEarlierEditions(), ...leftBehind()]);
  await flush();
  const { stored } = await storedAfter(0).catch(() => ({ stored: [] }));
  const all = merge(stored, old, unsaved);
  const mine = merge(all, newVersions(fold(all, today())));
  const change = difference(stored, mine);
  if (change.added.length + change.dropped.length > 0) await replace(change).catch(() => {}); // full: later they are made again
  return mine;
}

/** @param {State} state @returns {StudyEvent[]} */
function newVersions({ versions }) {
  const labels = new Set([...labelsOf("code"), ...versions.keys()]);
  return [...labels].flatMap((label) => {
    const replaces = replacedIds(codeHere(label), versions.get(label) ?? []);
    return replaces === null ? [] : [newEvent("code", { label, replaces, code: codeHere(label) })];
  });
}

/** @param {string} label @returns {import("./events.js").Code | null} */
function codeHere(label) {
  const code = read("code", label);
  return isCode(code) ? code : null;
}

/**
 * The code that the page shows after a merge, and a different version that it offers, for ../store.js.
 *
 * @param {State["versions"]} versions
 */
export function codeAfter(versions) {
  /** @type {Record<string, string>} */
  const texts = {};
  for (const [label, found] of versions) {
    const here = codeHere(label);
    const isCurrent = found.length === 0 || found.some(({ code }) => isSameCode(code, here));
    const shown = isCurrent ? here : found[0].code;
    const other = found.find(({ code }) => !isSameCode(code, shown));
    if (!isCurrent) texts[`code:${label}`] = JSON.stringify(shown);
    if (other !== undefined || read("other", label) !== null) texts[`other:${label}`] = JSON.stringify(other ?? null);
  }
  return texts;
}

/** Record that the reader has chosen between the current code and the version offered. @param {string} label */
export const settleCode = (label) =>
  inTurn(async () => {
    const versions = (await current()).versions.get(label) ?? [];
    const seen = [codeHere(label), read("other", label)?.code ?? null];
    const settled = versions.filter(({ code }) => versions.length <= 2 || seen.some((each) => isSameCode(each, code)));
    await add(pendingEvent("code", { label, replaces: settled.map(({ id }) => id), code: codeHere(label) }));
    replaceTexts(codeAfter(new Map([[label, (await current()).versions.get(label) ?? []]])));
  });

/* Events in local storage: from earlier editions, and from pages that were left before the database stored them */

function answersOfEarlierEditions() {
  return labelsOf("quiz").map((label) => eventOf(label, read("quiz", label) ?? {})).filter(isEvent);
}

const otherSessions = () => labelsOf("pending").filter((label) => label !== session);

/** @returns {StudyEvent[]} */
const leftBehind = () => otherSessions().flatMap((label) => read("pending", label)).filter(isEvent);

/**
 * Move these events to the database once, in one transaction: if the page is closed meanwhile, the next one does it.
 * Records of earlier editions stay, for other books of this address.
 *
 * @returns {Promise<StudyEvent[]>} events that could not be stored
 */
async function moveOver() {
  const [old, left, sessions] = [answersOfEarlierEditions(), leftBehind(), otherSessions()];
  if (old.length + sessions.length === 0) return [];
  const [moved = []] = await transact("readonly", (_, snapshots) => [snapshots.get("moved")]);
  const missing = [...old.filter(({ id }) => !moved.includes(id)), ...left];
  if (missing.length + sessions.length === 0) return [];
  const ids = old.map(({ id }) => id);
  try {
    await transact("readwrite", (log, snapshots) => [...missing.map((event) => addOnce(log, event)), snapshots.put(ids, "moved")]);
    for (const label of sessions) remove("pending", label);
    return [];
  } catch {
    return missing;
  }
}

/* IndexedDB */

/** @param {IDBRequest} request @returns {Promise<any>} */
function asPromise(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function open() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("log", { autoIncrement: true }).createIndex("id", "id", { unique: true });
    request.result.createObjectStore("snapshot");
  };
  /** @type {IDBDatabase} */
  const opened = await asPromise(request);
  opened.onversionchange = () => {
    opened.close(); // another tab deletes everything
    database = null;
  };
  return opened;
}

/**
 * Run requests in one transaction.
 *
 * @param {IDBTransactionMode} mode
 * @param {(log: IDBObjectStore, snapshots: IDBObjectStore) => IDBRequest[]} run
 * @returns {Promise<any[]>} their results, once the transaction has ended
 */
async function transact(mode, run) {
  database ??= open();
  try {
    await database;
  } catch (error) {
    database = null; // the reader may allow storage
    throw error;
  }
  const transaction = (await database).transaction(["log", "snapshot"], mode);
  const requests = run(transaction.objectStore("log"), transaction.objectStore("snapshot"));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(requests.map((request) => request.result));
    transaction.onabort = () => reject(transaction.error);
  });
}

/** Add an event, unless another tab has already added it. @param {IDBObjectStore} log @param {StudyEvent} event */
function addOnce(log, event) {
  const request = log.add(event);
  request.onerror = (error) => {
    if (request.error?.name !== "ConstraintError") return;
    error.preventDefault(); // continues the transaction
    error.stopPropagation();
  };
  return request;
}

/** @returns {Promise<Merge | null>} */
async function lastMerge() {
  const [last] = await transact("readonly", (_, snapshots) => [snapshots.get("merge")]);
  return last ?? null;
}

/** @param {StudyEvent[]} before @param {StudyEvent[]} after */
function difference(before, after) {
  const [known, remaining] = [new Set(before), new Set(after)];
  return { added: after.filter((event) => !known.has(event)), dropped: before.filter((event) => !remaining.has(event)) };
}

/**
 * @param {{dropped: StudyEvent[], added: StudyEvent[], last?: Merge | null}} change `last`: null deletes the last merge
 */
async function replace({ dropped, added, last }) {
  const keys = await transact("readonly", (log) => dropped.map(({ id }) => log.index("id").getKey(id)));
  const gone = keys.filter((key) => key !== undefined);
  await transact("readwrite", (log, snapshots) => [
    ...gone.map((key) => log.delete(key)),
    ...added.map((event) => addOnce(log, event)),
    snapshots.delete("state"),
    ...(gone.length > 0 ? [snapshots.delete("events")] : []),
    ...(last === undefined ? [] : [last === null ? snapshots.delete("merge") : snapshots.put(last, "merge")]),
  ]);
  state = null;
  await current();
  channel?.postMessage("changed");
}
