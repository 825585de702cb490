/**
 * Finds a passage again after its text has changed, or not at all: a note never moves to words that only look alike.
 * Needs no DOM.
 *
 * @typedef {{text: string, labels: {id: string, start: number}[]}} Prose the text of a page, and the positions of its
 *   labels, in order
 * @typedef {{label: string, quote: string, prefix: string, suffix: string, position: {start: number, end: number},
 *   rival: number}} Passage the W3C selectors: the quote with the text around it, and its position relative to the
 *   label before it. `rival`: score of the most similar other passage when the note was written
 * @typedef {{start: number, end: number, score: number}} Match
 */
import search from "approx-string-match";

const CONTEXT = 32;
/** Shorter quotes are found only if unchanged. */
const MIN_APPROXIMATE = 20;
const MAX_ERRORS = 0.2;
const MIN_SCORE = 0.8;
const MIN_LEAD = 0.1;
/** Minimum similarity of the text on one side: the same words elsewhere are not the passage. */
const MIN_CONTEXT = 0.75;
/** Characters next to a short quote that must be the same on one side. */
const ADJACENT = 8;
/** More matches mean that the words are common, so that none is the passage. */
const MAX_MATCHES = 200;
const WEIGHTS = { quote: 50, context: 20 };
const MASK = "\0";

/** @param {Prose} prose @param {number} start @param {number} end @returns {Passage} with a rival from the same page */
export function describe(prose, start, end) {
  const { text, labels } = prose;
  const { id, start: from } = labels.findLast((label) => label.start <= start) ?? { id: "", start: 0 };
  const passage = {
    label: id,
    quote: text.slice(start, end),
    prefix: text.slice(Math.max(0, start - CONTEXT), start),
    suffix: text.slice(end, end + CONTEXT),
    position: { start: start - from, end: end - from },
    rival: 0,
  };
  return { ...passage, rival: rivalOf(passage, [prose]) };
}

/**
 * The best score of any other passage.
 * @param {Passage} passage @param {Prose[]} pages of its chapter, its own first
 */
export function rivalOf(passage, [home, ...others]) {
  const start = (regionOf(passage.label, home)?.start ?? 0) + passage.position.start;
  const masked = { ...home, text: hidden(home.text, start, start + passage.quote.length) };
  return Math.max(0, ...[masked, ...others].flatMap((page) => matches(passage, page)).map(({ score }) => score));
}

/** Find an unchanged passage under its label. @param {Passage} passage @param {Prose} home @returns {Match | null} */
export function locateNear(passage, home) {
  const region = regionOf(passage.label, home);
  if (region === null) return null;
  const { quote, prefix, suffix, position } = passage;
  const start = region.start + position.start;
  const end = start + quote.length;
  if (home.text.slice(Math.max(0, start - prefix.length), end + suffix.length) === prefix + quote + suffix) return { start, end, score: 1 };
  return leading(matches(passage, home, { ...region, isExact: true }), passage.rival);
}

/**
 * Find a passage in its chapter.
 *
 * @param {Passage} passage
 * @param {Prose[]} pages its own first
 * @returns {Match & {page: number} | null}
 */
export function locate(passage, pages) {
  const near = locateNear(passage, pages[0]);
  if (near !== null) return { ...near, page: 0 };
  return leading(pages.flatMap((prose, page) => matches(passage, prose).map((match) => ({ ...match, page }))), passage.rival);
}

/**
 * The best match, if it is good and far better than any other, or if only it is identical, including the text around
 * it.
 *
 * @template {Match} M
 * @param {M[]} found
 * @param {number} rival
 */
function leading(found, rival) {
  const [best, second] = found.toSorted((a, b) => b.score - a.score);
  if (best === undefined || found.length > MAX_MATCHES || best.score < MIN_SCORE) return null;
  const next = Math.max(second?.score ?? 0, rival);
  return best.score - next >= MIN_LEAD || (best.score === 1 && next < 1) ? best : null;
}

/** The text from a label to the next one. @param {string} label @param {Prose} prose */
function regionOf(label, { text, labels }) {
  const i = labels.findIndex(({ id }) => id === label);
  if (i < 0) return label === "" ? { start: 0, end: labels[0]?.start ?? text.length } : null;
  return { start: labels[i].start, end: labels[i + 1]?.start ?? text.length };
}

/**
 * All matches in a text. The library finds only those with the fewest errors, so hide these and search again.
 *
 * @param {Passage} passage
 * @param {Prose} prose
 * @param {{start: number, end: number, isExact: boolean}} region where matches begin
 */
function matches(passage, { text }, { start, end, isExact } = { start: 0, end: text.length, isExact: false }) {
  const { quote } = passage;
  const most = isExact || quote.length < MIN_APPROXIMATE ? 0 : Math.floor(quote.length * MAX_ERRORS);
  /** @type {Match[]} */
  const found = [];
  let rest = text.slice(start, Math.min(text.length, end + quote.length));
  while (found.length <= MAX_MATCHES) {
    const before = found.length;
    const round = search(rest, quote, most)
      .map((match) => ({ start: match.start + start, end: match.end + start, score: scoreOf(passage, text, match, start) }))
      .sort((a, b) => b.score - a.score);
    for (const match of round) {
      if (found.some((other) => match.start < other.end && other.start < match.end)) continue; // the same, shifted
      found.push(match);
      rest = hidden(rest, match.start - start, match.end - start);
      if (found.length > MAX_MATCHES) break;
    }
    if (found.length === before) break;
  }
  return found.filter((match) => match.start < end);
}

/**
 * @param {Passage} passage @param {string} text @param {{start: number, end: number, errors: number}} match
 * @param {number} from origin of its positions
 */
function scoreOf({ quote, prefix, suffix }, text, { start, end, errors }, from) {
  const before = text.slice(Math.max(0, from + start - CONTEXT), from + start);
  const after = text.slice(from + end, from + end + CONTEXT);
  const sides = [similarity(before, prefix), similarity(after, suffix)];
  const isNext = before.endsWith(prefix.slice(-ADJACENT)) || after.startsWith(suffix.slice(0, ADJACENT));
  if (Math.max(...sides) < MIN_CONTEXT || (quote.length < MIN_APPROXIMATE && !isNext)) return 0;
  return (WEIGHTS.quote * (1 - errors / quote.length) + WEIGHTS.context * (sides[0] + sides[1])) / (WEIGHTS.quote + 2 * WEIGHTS.context);
}

/**
 * Similarity of the text on one side. The text is short only at the edge of a page.
 * @param {string} here @param {string} words @returns {number} 0 to 1
 */
function similarity(here, words) {
  if (here === words) return 1;
  const [best] = search(here, words, words.length);
  return best === undefined ? 0 : (words.length - best.errors) / CONTEXT;
}

/** @param {string} text @param {number} start @param {number} end */
const hidden = (text, start, end) => text.slice(0, start) + MASK.repeat(Math.max(0, end - start)) + text.slice(end);
