/**
 * When a card is due, by FSRS: https://github.com/open-spaced-repetition. Its algorithm alone, without its scheduler, because that
 * counts days in UTC. Here days are study days (day.js), and a clock that was set back lets no time pass.
 *
 * @typedef {{stability: number, difficulty: number, day: number}} Memory after the last review, on `day`. `stability`: days after
 *   which recall is 90 % likely; `difficulty`: 1 to 10
 * @typedef {Memory & {edition: number, count: number}} Card `edition`: of its text; `count`: of the reviews of that edition
 * @typedef {1 | 2 | 3 | 4} Grade forgot, hard, good, easy
 */
import { FSRSAlgorithm, get_fuzz_range } from "ts-fsrs";

/** How likely recall shall be when a card is due. */
export const RETENTION = 0.9;
export const RETENTIONS = [0.8, 0.85, 0.9, 0.95];

/** @type {Map<number, FSRSAlgorithm>} by retention */
const algorithms = new Map();

/** @param {number} retention */
function algorithmFor(retention) {
  const algorithm = algorithms.get(retention) ?? new FSRSAlgorithm({ request_retention: retention, enable_fuzz: true });
  algorithms.set(retention, algorithm);
  return algorithm;
}

/** @param {number} day @param {Memory} memory */
const elapsed = (day, memory) => Math.max(0, day - memory.day);

/** @param {Memory | null} before none before the first review @param {number} day @param {Grade} grade @returns {Memory} */
export function remember(before, day, grade) {
  const days = before === null ? 0 : elapsed(day, before);
  const { stability, difficulty } = algorithmFor(RETENTION).next_state(before, days, grade);
  return { stability, difficulty, day };
}

/**
 * The study day on which a card is due. Cards that were learnt together come back on different days: the interval varies by a
 * few percent, always alike for the same label and count.
 *
 * @param {string} label @param {Card} card @param {number} [retention]
 */
export function dueDay(label, card, retention = RETENTION) {
  const algorithm = algorithmFor(retention);
  algorithm.seed = `${label} ${card.count}`;
  return card.day + algorithm.next_interval(card.stability, 0);
}

/** Whether a card can be due by a day, whatever its label: far less work than `dueDay`. @param {Card} card @param {number} day @param {number} retention */
export function mayBeDue({ stability, day: reviewed }, day, retention) {
  const algorithm = algorithmFor(retention);
  const { maximum_interval } = algorithm.parameters;
  const interval = Math.min(stability * algorithm.interval_modifier, maximum_interval);
  return reviewed + Math.min(interval, get_fuzz_range(interval, 0, maximum_interval).min_ivl) <= day + 1;
}

/** How likely a card is remembered on a day. @param {Memory} memory @param {number} day */
export const recall = (memory, day) => algorithmFor(RETENTION).forgetting_curve(elapsed(day, memory), memory.stability);

/** The retention that the reader has set. @param {{settings: Map<string, {value: unknown}>}} state */
export function retentionOf({ settings }) {
  const value = settings.get("retention")?.value;
  return typeof value === "number" && value >= RETENTIONS[0] && value <= RETENTIONS[RETENTIONS.length - 1] ? value : RETENTION;
}
