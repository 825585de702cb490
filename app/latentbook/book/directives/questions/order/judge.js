/**
 * Finds mistakes in an order of lines.
 *
 * @typedef {{line: number, indent: number}} Used a line in use, by its index in the question
 * @typedef {object} OrderKey
 * @property {number[]} order a right order, by indices
 * @property {number[]} ranks of these: lines of one rank may be in any order
 * @property {number[]} indents of these; empty for prose
 * @property {string | null} check Python that judges any other order of code
 */

/**
 * The ranks of lines in a right order; null for a line that does not belong. Lines with equal text are interchangeable:
 * the first one used counts as the first.
 *
 * @param {Used[]} used
 * @param {OrderKey} key
 * @param {string[]} texts of all lines
 * @returns {(number | null)[]}
 */
export function ranksOf(used, key, texts) {
  const left = [...key.order.keys()];
  return used.map(({ line, indent }) => {
    const same = left.filter((at) => texts[key.order[at]] === texts[line]);
    const found = same.find((at) => (key.indents[at] ?? 0) === indent) ?? same[0];
    if (found === undefined) return null;
    left.splice(left.indexOf(found), 1);
    return key.ranks[found];
  });
}

/**
 * Whether the lines are the book's, in a right order and with the right indentation.
 * @param {Used[]} used @param {OrderKey} key @param {string[]} texts
 */
export function isRight(used, key, texts) {
  const ranks = ranksOf(used, key, texts);
  if (used.length !== key.order.length || ranks.some((rank, i) => rank === null || rank < (ranks[i - 1] ?? 0))) return false;
  return key.indents.length === 0 || misindented(used, key, texts).length === 0;
}

/**
 * @param {string} answer pairs of a line and its indentation, as JSON
 * @param {OrderKey} key
 * @param {{lines: string[]}} more
 * @returns {import("latentbook/quiz/judge.js").Judgement}
 */
export function judge(answer, key, { lines }) {
  const used = JSON.parse(answer).map((/** @type {[number, number]} */ [line, indent]) => ({ line, indent }));
  return { state: isRight(used, key, lines) ? "right" : "wrong", said: "", feedback: [] };
}

/**
 * Positions in the order of lines whose indentation differs from the book's.
 * @param {Used[]} used @param {OrderKey} key @param {string[]} texts
 */
export function misindented(used, key, texts) {
  const ranks = ranksOf(used, key, texts);
  const wanted = new Map(key.ranks.map((rank, at) => [rank, key.indents[at] ?? 0]));
  return [...used.keys()].filter((i) => ranks[i] !== null && used[i].indent !== wanted.get(ranks[i] ?? 0));
}

/**
 * Position of the first line that is before one that must precede it; -1 if there is none.
 * @param {(number | null)[]} ranks
 */
export function firstTooEarly(ranks) {
  return ranks.findIndex((rank, i) => rank !== null && ranks.slice(i + 1).some((later) => later !== null && later < rank));
}

/** Positions of the largest set of lines that may stay where they are. @param {(number | null)[]} ranks */
export function mayStay(ranks) {
  /** The longest run that ends at each line. @type {number[][]} */
  const runs = [];
  for (const [i, rank] of ranks.entries()) {
    if (rank === null) {
      runs.push([]);
      continue;
    }
    const before = runs.filter((run, j) => run.length > 0 && /** @type {number} */ (ranks[j]) <= rank);
    runs.push([...longest(before), i]);
  }
  return longest(runs);
}

/** @param {number[][]} runs */
const longest = (runs) => runs.reduce((best, run) => (run.length > best.length ? run : best), /** @type {number[]} */ ([]));
