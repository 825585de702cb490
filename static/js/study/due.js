/** Due dates of cards, and of questions whose last answer was wrong. */
import { read, write } from "../store.js";
import { dueDay, mayBeDue, retentionOf } from "./fsrs.js";

/** @import { State } from "./events.js" */

/** Whether the reader has set a switch. @param {State} state @param {string} name */
export const isSet = ({ settings }, name) => settings.get(name)?.value === true;

/** Whether the reader has switched off a card or its chapter. @param {State} state @param {{key: string, chapter: string}} card */
export const isOff = (state, { key, chapter }) => isSet(state, `recall-off:${key}`) || isSet(state, `recall-off-chapter:${chapter}`);

/**
 * The study day on which each card or question is due, by label, without cards that are switched off.
 *
 * @param {State} state
 * @param {number} [until] the last day that matters: cards due later may be missing
 */
export function dueDays(state, until = Infinity) {
  /** @type {Map<string, number>} */
  const days = new Map();
  const retention = retentionOf(state);
  for (const [label, card] of state.cards) {
    if (mayBeDue(card, until, retention) && !isSet(state, `recall-off:${label}`)) days.set(label, dueDay(label, card, retention));
  }
  for (const [label, { state: verdict, day }] of state.questions) if (verdict === "wrong") days.set(label, day + 1);
  return days;
}

/**
 * Store the number due on each day, for the bar of every page (page/due.js), which does not open the log.
 *
 * @param {State} state
 * @param {string[]} [hidden] labels that do not count: of removed cards, and of chapters that are switched off. Only
 *   the review page can find them all
 * @param {Map<string, number>} [due] result of `dueDays`
 */
export function noteDue(state, hidden = read("due", "days")?.hidden ?? [], due = dueDays(state)) {
  for (const label of hidden) due.delete(label);
  if (due.size === 0 && read("due", "days") === null) return;
  /** @type {Map<number, number>} */
  const counts = new Map();
  for (const day of due.values()) counts.set(day, (counts.get(day) ?? 0) + 1);
  write("due", "days", { hidden, days: [...counts] });
  document.dispatchEvent(new Event("duechange"));
}

/**
 * Take one from each list in turn, so that related cards are not adjacent.
 * @template T @param {T[][]} lists @returns {T[]}
 */
export function mixed(lists) {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list.slice(i, i + 1))).flat();
}
