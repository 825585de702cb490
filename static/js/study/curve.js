/** Expected recall: the mean of FSRS's probabilities over all cards, with and without reviewing. */
import { dueDay, recall, remember } from "./fsrs.js";

/** @import { Card } from "./fsrs.js" */

export const HORIZON = 60;
const STEP = 2;
/** Maximum size of the sample of cards for the mean. */
const MAX_CARDS = 400;
/** Histories less likely than this continue as if the card had been known. */
const RARE = 0.02;

/**
 * @param {[string, Card][]} cards by label
 * @param {number} today
 * @param {number} retention
 * @returns {{day: number, without: number, reviewing: number}[]} `day`: from today; the others: means from 0 to 1
 */
export function expectedRecall(cards, today, retention) {
  const sample = cards.filter((_, i) => i % Math.ceil(cards.length / MAX_CARDS) === 0);
  const points = Array.from({ length: HORIZON / STEP + 1 }, (_, i) => ({ day: i * STEP, without: 0, reviewing: 0 }));
  for (const [label, card] of sample) {
    for (const point of points) point.without += recall(card, today + point.day) / sample.length;
    follow(label, card, today, 1 / sample.length);
  }
  return points;

  /**
   * Add a card's recall, reviewed whenever it is due, and then known with the probability of its recall.
   *
   * @param {string} label @param {Card} card @param {number} from its first day @param {number} weight in the mean
   */
  function follow(label, card, from, weight) {
    const due = Math.max(from, dueDay(label, card, retention));
    for (const point of points) {
      const day = today + point.day;
      if (day >= from && day < due) point.reviewing += weight * recall(card, day);
    }
    if (due > today + HORIZON) return;
    const known = recall(card, due);
    const isRare = weight * sample.length * (1 - known) < RARE;
    follow(label, reviewed(card, due, 3), due, isRare ? weight : weight * known);
    if (!isRare) follow(label, reviewed(card, due, 1), due, weight * (1 - known));
  }
}

/** @param {Card} card @param {number} day @param {import("./fsrs.js").Grade} grade @returns {Card} */
const reviewed = (card, day, grade) => ({ ...card, ...remember(card, day, grade), count: card.count + 1 });
