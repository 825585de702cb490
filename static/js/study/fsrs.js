/**
 * Due dates of cards by FSRS: https://github.com/open-spaced-repetition. Only its algorithm is used, not its scheduler,
 * which counts days in UTC. Here days are study days (day.js). If a clock is set back, no time passes.
 *
 * @typedef {{stability: number, difficulty: number, day: number}} Memory after the last review, on `day`. `stability`: days after
 *   which recall is 90 % likely; `difficulty`: 1 to 10
 * @typedef {Memory & {edition: number, count: number}} Card `edition`: of its text; `count`: of the reviews of that edition
 * @typedef {1 | 2 | 3 | 4} Grade forgot, hard, good, easy
 */
import { FSRSAlgorithm, get_fuzz_range } from "ts-fsrs";

/** Probability of recall at which a card is due. */
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
 * The study day on which a card is due. Cards learnt together come back on different days: the interval varies by a few
 * percent, always the same for the same label and count.
 *
 * @param {string} label @param {Card} card @param {number} [retention]
 */
export function dueDay(label, card, retention = RETENTION) {
  const algorithm = algorithmFor(retention);
  algorithm.seed = `${label} ${card.count}`;
  return card.day + algorithm.next_interval(card.stability, 0);
}

/**
 * Whether a card with any label can be due by a day: much faster than `dueDay`.
 * @param {Card} card @param {number} day @param {number} retention
 */
export function mayBeDue({ stability, day: reviewed }, day, retention) {
  const algorithm = algorithmFor(retention);
  const { maximum_interval } = algorithm.parameters;
  const interval = Math.min(stability * algorithm.interval_modifier, maximum_interval);
  return reviewed + Math.min(interval, get_fuzz_range(interval, 0, maximum_interval).min_ivl) <= day + 1;
}

/** Probability of recall on a day. @param {Memory} memory @param {number} day */
export const recall = (memory, day) => algorithmFor(RETENTION).forgetting_curve(elapsed(day, memory), memory.stability);

/** The retention that the reader has set. @param {{settings: Map<string, {value: unknown}>}} state */
export function retentionOf({ settings }) {
  const value = settings.get("retention")?.value;
  return typeof value === "number" && value >= RETENTIONS[0] && value <= RETENTIONS[RETENTIONS.length - 1] ? value : RETENTION;
}
