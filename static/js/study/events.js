/**
 * A log of the reader's actions as events, and the state that follows from it, without storage or a clock. Events are
 * only ever added, so the logs of two browsers merge into their union.
 *
 * @typedef {{id: string, day: number, time: number, kind: string} & Record<string, any>} StudyEvent
 *   `id`: SESSION.NUMBER, unique over all devices. `day`: its study day. `time`: ms since 1970. The kinds are in `KINDS`; others,
 *   from a later edition, are stored and passed on.
 * @typedef {{answer: string, state: import("../quiz/types.js").State, attempts: number, day: number, ids: string[]}} Question
 *   `ids`: of its events
 * @typedef {{day: number, digest: string}} ReadSection its digest when read to the end
 * @typedef {{value: unknown, counter: number, id: string}} Setting a value of null means that it is deleted
 * @import { Card } from "./fsrs.js"
 * @typedef {{base: string, text: string, linked?: string, held?: boolean}} Code a reader's edit, as stored by
 *   ../store.js. `base`: fingerprint of the book's code; `linked`: of the code that came with a link; `held`: the
 *   reader stopped it, so it does not run by itself
 * @typedef {{id: string, code: Code | null}} Version of the code with one label; null is the book's own
 * @typedef {{questions: Map<string, Question>, sections: Map<string, ReadSection>, settings: Map<string, Setting>,
 *   cards: Map<string, Card>, versions: Map<string, Version[]>, replaced: Set<string>, runs: Map<string, Record<string, number>>,
 *   trained: Map<string, number>, last: StudyEvent | null, latestDay: number, today: number}} State `cards`: those reviewed;
 *   `versions`: not replaced by others; `replaced`: ids of replaced ones; `runs`: last day by verdict; `trained`: last
 *   day; `last`: the last event in order; `latestDay`: the greatest day of any event; `today`: the study day used for
 *   the order
 */
import { fingerprint } from "../fingerprint.js";
import { remember } from "./fsrs.js";

/** @param {unknown} value */
const isText = (value) => typeof value === "string";

/** @param {any} value @returns {value is Code} */
export const isCode = (value) => isText(value?.base) && isText(value.text) && isText(value.linked ?? "") && typeof (value.held ?? false) === "boolean";

/**
 * For each kind of event, a check of its content and its effect on a state.
 *
 * @type {Map<string, {isValid: (event: StudyEvent) => boolean, apply: (state: State, event: StudyEvent) => void}>}
 */
export const KINDS = new Map(
  Object.entries({
    // An answer to a question. `attempts`: their number, if an earlier edition stored only that.
    attempt: {
      isValid: ({ label, answer, verdict, attempts = 0 }) =>
        isText(label) && isText(answer) && ["open", "wrong", "right", "shown"].includes(verdict) && Number.isSafeInteger(attempts),
      apply: ({ questions }, { id, label, answer, verdict, day, attempts = 0 }) => {
        /** @type {{attempts: number, ids: string[]}} */
        const before = questions.get(label) ?? { attempts: 0, ids: [] };
        const isJudged = verdict === "wrong" || verdict === "right";
        const counted = before.attempts + (isJudged && attempts === 0 ? 1 : 0);
        before.ids.push(id);
        questions.set(label, { answer, state: verdict, attempts: Math.max(counted, attempts), day, ids: before.ids });
      },
    },
    // A section was read to the end.
    read: {
      isValid: ({ place, digest }) => isText(place) && isText(digest),
      apply: ({ sections }, { place, digest, day }) => void sections.set(place, { day, digest }),
    },
    // A card was graded.
    review: {
      isValid: ({ label, edition, grade }) => isText(label) && Number.isSafeInteger(edition) && [1, 2, 3, 4].includes(grade),
      apply: ({ cards, today }, { label, edition, grade, day }) => {
        // Flying west takes a reader to yesterday. A larger difference is a wrong clock: it counts once that day comes.
        if (day > today + 1) return;
        const card = cards.get(label);
        if (card !== undefined && card.edition > edition) return; // for an earlier text of the card
        const before = card !== undefined && card.edition === edition ? card : null;
        cards.set(label, { ...remember(before, Math.min(day, today), grade), edition, count: (before?.count ?? 0) + 1 });
      },
    },
    // A value by name: the greatest counter wins, then the greatest id.
    set: {
      isValid: ({ name, value, counter }) => isText(name) && value !== undefined && Number.isSafeInteger(counter),
      apply: ({ settings }, { name, value, counter, id }) => {
        const before = settings.get(name);
        if (before === undefined || isNewer({ counter, id }, before)) settings.set(name, { value, counter, id });
      },
    },
    // A reader's code, when saved in a file or when a file was merged. A replaced version loses its code: see `merge`.
    code: {
      isValid: ({ label, replaces, code }) =>
        isText(label) && Array.isArray(replaces) && replaces.every(isText) && (code === undefined || code === null || isCode(code)),
      apply: ({ versions, replaced }, { id, label, replaces, code }) => {
        for (const each of replaces) replaced.add(each);
        versions.set(label, [...(versions.get(label) ?? []), ...(code === undefined ? [] : [{ id, code }])]);
        for (const [name, found] of versions) versions.set(name, found.filter((each) => !replaced.has(each.id)));
      },
    },
    // A snippet was run: at most one event per day and verdict.
    run: {
      isValid: ({ label, verdict }) => isText(label) && ["done", "error", "stopped"].includes(verdict),
      apply: ({ runs }, { label, verdict, day }) => void runs.set(label, { ...runs.get(label), [verdict]: day }),
    },
    // A network was trained with an instrument, and saved.
    trained: { isValid: ({ label }) => isText(label), apply: ({ trained }, { label, day }) => void trained.set(label, day) },
    // Hides the events that it names, except kinds in `NOT_UNDONE`.
    undo: { isValid: ({ of }) => Array.isArray(of) && of.every(isText), apply: () => {} },
  }),
);

/** Kinds of which a log contains only the newest events: they are not undone, but superseded. */
const NOT_UNDONE = ["set", "code"];

/** @param {{counter: number, id: string}} a @param {{counter: number, id: string}} b */
const isNewer = (a, b) => a.counter > b.counter || (a.counter === b.counter && a.id > b.id);

/** @param {any} event possibly written by someone else @returns {event is StudyEvent} */
export function isEvent(event) {
  if (typeof event !== "object" || event === null) return false;
  const { id, day, time, kind } = event;
  const isNamed = isText(id) && /^[\w.-]{1,200}$/.test(id) && isText(kind) && /^[a-z-]{1,40}$/.test(kind);
  const isDated = Number.isSafeInteger(day) && Number.isSafeInteger(time);
  return isNamed && isDated && (KINDS.get(kind)?.isValid(event) ?? true);
}

/** @returns {State} */
const nothing = () => ({
  questions: new Map(),
  sections: new Map(),
  settings: new Map(),
  cards: new Map(),
  versions: new Map(),
  replaced: new Set(),
  runs: new Map(),
  trained: new Map(),
  last: null,
  latestDay: -Infinity,
  today: Infinity,
});

/**
 * The order of events. A day in the future, from a wrong clock, counts as today, so that later events still come after
 * it.
 *
 * @param {StudyEvent} a
 * @param {StudyEvent} b
 * @param {number} today
 */
function compare(a, b, today) {
  return Math.min(a.day, today) - Math.min(b.day, today) || a.time - b.time || (a.id < b.id ? -1 : Number(a.id > b.id));
}

/**
 * The state that follows from events.
 *
 * @param {StudyEvent[]} events in any order
 * @param {number} today the current study day
 * @param {State} [state] of earlier events, to be modified: see `follow`
 * @returns {State}
 */
export function fold(events, today, state = nothing()) {
  const hidden = new Set(events.flatMap(({ kind, of }) => (kind === "undo" ? of : [])));
  state.today = today;
  for (const event of events.toSorted((a, b) => compare(a, b, today))) {
    if (!hidden.has(event.id) || NOT_UNDONE.includes(event.kind)) KINDS.get(event.kind)?.apply(state, event);
    state.last = event;
    state.latestDay = Math.max(state.latestDay, event.day);
  }
  return state;
}

/**
 * Whether events can be folded into an existing state. They cannot if they hide or precede any of its events.
 *
 * @param {StudyEvent[]} events
 * @param {State} state
 * @param {number} today
 */
export function follow(events, state, today) {
  if (state.latestDay > Math.min(state.today, today)) return false; // a day in the future: the events' order may change
  const ids = new Set(events.map(({ id }) => id));
  /** @param {StudyEvent} event */
  const hidesNoneBefore = ({ kind, of }) => kind !== "undo" || of.every((/** @type {string} */ id) => ids.has(id));
  return events.every((event) => hidesNoneBefore(event) && (state.last === null || compare(state.last, event, today) < 0));
}

/** @param {StudyEvent[]} events @returns {Set<string>} ids of the versions that others replace */
const replacedBy = (events) => new Set(events.flatMap(({ kind, replaces }) => (kind === "code" ? replaces : [])));

/**
 * The union of logs: commutative, associative and idempotent. Of several values with one name, only the newest stays. A
 * replaced version loses its code.
 *
 * @param {StudyEvent[][]} logs
 * @returns {StudyEvent[]} in an order that does not depend on the logs'
 */
export function merge(...logs) {
  /** @type {Map<string, StudyEvent>} */
  const events = new Map();
  /** @type {Map<string, StudyEvent>} */
  const values = new Map();
  const replaced = replacedBy(logs.flat());
  for (const event of logs.flat()) {
    if (event.kind === "set") keepGreater(values, event.name, event);
    else keepGreater(events, event.id, replaced.has(event.id) ? withoutCode(event) : event);
  }
  return [...events.values(), ...values.values()].sort((a, b) => byText(a.id, b.id) || byText(canonical(a), canonical(b)));
}

/** @param {StudyEvent} event @returns {StudyEvent} */
function withoutCode(event) {
  if (event.kind !== "code" || event.code === undefined) return event;
  const { code, ...rest } = event;
  return rest;
}

/** @param {Map<string, StudyEvent>} all @param {string} key @param {StudyEvent} event */
function keepGreater(all, key, event) {
  const before = all.get(key);
  if (before === undefined || isGreater(event, before)) all.set(key, event);
}

/**
 * Which of two values with one name, or of two events with one id, stays. Different events with one id were written by
 * hand; for those, any rule will do that all browsers share.
 *
 * @param {StudyEvent} a @param {StudyEvent} b
 */
function isGreater(a, b) {
  if (a.kind !== "set" || (a.counter === b.counter && a.id === b.id)) return canonical(a) > canonical(b);
  return isNewer({ counter: a.counter, id: a.id }, { counter: b.counter, id: b.id });
}

/** @param {string} a @param {string} b */
const byText = (a, b) => (a < b ? -1 : Number(a > b));

/**
 * JSON with the keys of each object sorted, so that equal values give equal text.
 * @param {any} value @returns {string}
 */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const pairs = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${pairs.join(",")}}`;
}

/**
 * An event from a record of edition 0.2 or earlier: local storage had one per question, without dates. The event's id
 * follows from its content, so that converting it twice, or in two browsers, gives the same event.
 *
 * @param {string} label
 * @param {Partial<import("../quiz/types.js").Memory>} memory
 * @returns {StudyEvent}
 */
export function eventOf(label, { answer, state: verdict, attempts }) {
  const id = `v1.${label}.${fingerprint(JSON.stringify([answer, verdict, attempts]))}`;
  return { id, day: 0, time: 0, kind: "attempt", label, answer, verdict, attempts };
}

/**
 * An event from a reader's code in a file of edition 0.2 or earlier.
 *
 * @param {string} label @param {Code} code @returns {StudyEvent}
 */
export function versionOf(label, code) {
  return { id: `v1.${label}.code-${fingerprint(canonical(code))}`, day: 0, time: 0, kind: "code", label, replaces: [], code };
}

/** @param {Code | null} a @param {Code | null} b */
export const isSameCode = (a, b) => (a?.text ?? null) === (b?.text ?? null);

/**
 * The ids that the code with one label replaces if stored as a version; null if it need not be stored.
 *
 * @param {Code | null} here
 * @param {Version[]} versions
 */
export function replacedIds(here, versions) {
  if (versions.some(({ code }) => isSameCode(code, here)) || (here === null && versions.length === 0)) return null;
  const agree = versions.every(({ code }) => isSameCode(code, versions[0].code));
  return agree ? versions.map(({ id }) => id) : []; // the reader has not yet chosen between them
}
