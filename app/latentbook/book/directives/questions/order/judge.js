/**
 * What is wrong with an order of lines.
 *
 * @typedef {{line: number, indent: number}} Used a line that is used, by its place in the question
 * @typedef {object} OrderKey
 * @property {number[]} order a right order, by places
 * @property {number[]} ranks of these: lines of one rank may stand in any order
 * @property {number[]} indents of these; none in prose
 * @property {string | null} check Python that judges any other order of code
 */

/**
 * The ranks that lines have in a right order; null for one that belongs nowhere. Lines of equal text are exchangeable: the
 * first of them to be used counts as the first.
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

/** Whether the lines are the written ones, in a right order and as far to the right. @param {Used[]} used @param {OrderKey} key @param {string[]} texts */
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

/** The places, in the order, of lines that are not indented as written. @param {Used[]} used @param {OrderKey} key @param {string[]} texts */
export function misindented(used, key, texts) {
  const ranks = ranksOf(used, key, texts);
  const wanted = new Map(key.ranks.map((rank, at) => [rank, key.indents[at] ?? 0]));
  return [...used.keys()].filter((i) => ranks[i] !== null && used[i].indent !== wanted.get(ranks[i] ?? 0));
}

/** The first line that comes before one that has to precede it, by its place in the order; -1 if there is none. @param {(number | null)[]} ranks */
export function firstTooEarly(ranks) {
  return ranks.findIndex((rank, i) => rank !== null && ranks.slice(i + 1).some((later) => later !== null && later < rank));
}

/** The largest set of lines that may stay where they are, by their places in the order. @param {(number | null)[]} ranks */
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
