/** Pictures of answers that several forms share: one per vote, side by side. */
import { make } from "latentbook/elements.js";
import { inDigits, translate, translateCount } from "latentbook/words.js";

export const BINS = 24;
const SVG = "http://www.w3.org/2000/svg";

/** A figure for each vote, with its caption. @param {any[][]} rounds @param {HTMLElement} place @returns {HTMLElement[]} */
export function figuresOf(rounds, place) {
  const figures = rounds.map((_, i) => make("figure", {}, make("figcaption", {}, captionOf(rounds, i))));
  place.replaceChildren(...figures); // a picture is made for the width of its place
  return figures;
}

/** @param {any[][]} rounds @param {number} i */
export function captionOf(rounds, i) {
  const answers = translateCount(rounds[i].length, "{number} answer", "{number} answers");
  const vote = translate("Vote {number}", { number: i + 1 });
  return rounds.length === 1 ? answers : `${vote}: ${answers}`;
}

/** Number of values in each part of a range. @param {number[]} values @param {number} low @param {number} high @param {number} count */
export function binned(values, low, high, count) {
  /** @type {number[]} */
  const bins = Array(count).fill(0);
  for (const value of values) {
    const i = Math.floor((count * (value - low)) / (high - low));
    bins[Math.min(count - 1, Math.max(0, i))]++;
  }
  return bins;
}

/** The middle of the answers, wide enough for the right one: a few outliers do not flatten it. @param {number[]} values @param {number | null} answer */
function rangeOf(values, answer) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (/** @type {number} */ share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  const shown = [at(0.05), at(0.95), ...(answer === null ? [] : [answer])].filter(Number.isFinite);
  const [low, high] = [Math.min(...shown), Math.max(...shown)];
  const room = high > low ? 0.08 * (high - low) : Math.abs(low) * 0.5 || 1;
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
}

/**
 * @param {number[][]} rounds
 * @param {HTMLElement} place
 * @param {string} unit
 * @param {number | null} answer the value to mark, if it is known
 * @param {string} marked its text
 */
export function showHistograms(rounds, place, unit, answer, marked) {
  for (const [i, figure] of figuresOf(rounds, place).entries()) figure.append(histogram(rounds[i], unit, answer, marked));
}

/** @param {number[]} answers @param {string} unit @param {number | null} answer @param {string} marked */
function histogram(answers, unit, answer, marked) {
  const holder = make("div", { className: "histogram" });
  if (answers.length === 0 && answer === null) {
    holder.textContent = translate("No answers");
    return holder;
  }
  const [low, high] = rangeOf(answers, answer);
  holder.append(columns(binned(answers, low, high, BINS)));
  if (answer !== null) holder.append(mark((answer - low) / (high - low), marked));
  const ends = [low, (low + high) / 2, high].map((end) => make("span", {}, withUnit(end, unit)));
  holder.append(make("p", { className: "ends" }, ...ends));
  return holder;
}

/** @param {number} value @param {string} unit */
export const withUnit = (value, unit) => `${inDigits(Number(value.toPrecision(3)), { maximumFractionDigits: 6 })} ${unit}`.trim();

/** @param {number[]} bins */
export function columns(bins) {
  const most = Math.max(1, ...bins);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${bins.length} 1`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", "columns");
  svg.setAttribute("aria-hidden", "true");
  bins.forEach((count, i) => {
    const rect = document.createElementNS(SVG, "rect");
    const height = count / most;
    for (const [name, value] of Object.entries({ x: i + 0.06, y: 1 - height, width: 0.88, height })) rect.setAttribute(name, String(value));
    svg.append(rect);
  });
  return svg;
}

/** @param {number} at share of the width @param {string} text */
export function mark(at, text) {
  const line = make("span", { className: at > 0.6 ? "mark far" : "mark" }, text);
  line.style.setProperty("--at", String(Math.min(1, Math.max(0, at))));
  return line;
}

/** The opacity of each of many lines, so that all remain visible. @param {number} count */
export const faint = (count) => Math.max(0.08, 1 / Math.sqrt(count + 1));
