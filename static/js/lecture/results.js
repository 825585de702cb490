/**
 * What a class has answered: one picture for each round, side by side.
 *
 * @typedef {import("./question.js").Asked} Asked
 */
import { inDigits, translate, translateCount } from "../words.js";
import { one } from "./page.js";
import { guessText, pointsOf, showPicture, made } from "./question.js";

const BINS = 24;
const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {Asked} asked with its answer, or with when that opens
 * @param {any[][]} rounds the answers of each
 * @param {HTMLElement} place
 * @param {number | null} computed the value that the book's own seed gives
 */
export function showResults(asked, rounds, place, computed) {
  const later = asked.opens ? [noteOf(asked.opens)] : [];
  if (asked.kind === "choice" || asked.kind === "true-false") return place.replaceChildren(bars(asked, rounds), ...later);
  const figures = rounds.map((answers, i) => {
    const figure = document.createElement("figure");
    const caption = document.createElement("figcaption");
    caption.textContent = captionOf(rounds, i);
    figure.append(caption);
    return figure;
  });
  place.replaceChildren(...figures, ...later); // a picture is made for the width of its place
  figures.forEach((figure, i) => {
    const answers = rounds[i];
    if (asked.kind === "guess") figure.append(overGuess(asked, answers));
    else if (asked.kind === "draw") overPicture(asked, answers, figure);
    else if (asked.kind !== "panel") figure.append(histogram(answers, asked.kind === "number" ? (asked.answer ?? null) : computed, asked));
  });
}

/** @param {string} text */
function noteOf(text) {
  const note = document.createElement("p");
  note.className = "opens";
  note.textContent = text;
  return note;
}

/** @param {any[][]} rounds @param {number} i */
function captionOf(rounds, i) {
  const answers = translateCount(rounds[i].length, "{number} answer", "{number} answers");
  const vote = translate("Vote {number}", { number: i + 1 });
  return rounds.length === 1 ? answers : `${vote}: ${answers}`;
}

/** Each option with a bar for each round under it. @param {Asked} asked @param {number[][]} rounds */
function bars(asked, rounds) {
  const names = asked.options ?? [...made("true-false").querySelectorAll("span")].map((span) => span.innerHTML);
  const right = asked.kind === "true-false" && asked.answer !== undefined ? (asked.answer ? 0 : 1) : asked.answer;
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  caption.textContent = rounds.map((_, i) => captionOf(rounds, i)).join(". ");
  const list = document.createElement("ul");
  list.className = "bars";
  names.forEach((name, i) => {
    const item = document.createElement("li");
    const label = document.createElement("span");
    label.className = "name";
    label.innerHTML = name;
    const { lang, dir } = one("[data-text]"); // of the book's text, if it is another than the page's
    if (asked.options && lang) Object.assign(label, { lang, dir });
    item.append(label, ...rounds.map((answers) => barOf(answers, i)));
    if (i === right) {
      item.className = "right";
      const said = document.createElement("span");
      said.className = "visually-hidden";
      said.textContent = translate("Right answer");
      label.append(said);
    }
    list.append(item);
  });
  figure.append(caption, list);
  return figure;
}

/** @param {number[]} answers @param {number} option */
function barOf(answers, option) {
  const count = answers.filter((answer) => answer === option).length;
  const share = answers.length === 0 ? 0 : count / answers.length;
  const row = document.createElement("span");
  row.className = "row";
  const bar = document.createElement("span");
  bar.className = "bar";
  bar.style.setProperty("--share", String(share));
  const text = document.createElement("span");
  text.className = "count";
  text.textContent = `${inDigits(share, { style: "percent" })} (${inDigits(count)})`;
  row.append(bar, text);
  return row;
}

/** How many lie in each of the parts of a range. @param {number[]} values @param {number} low @param {number} high @param {number} count */
function binned(values, low, high, count) {
  /** @type {number[]} */
  const bins = Array(count).fill(0);
  for (const value of values) {
    const i = Math.floor((count * (value - low)) / (high - low));
    bins[Math.min(count - 1, Math.max(0, i))]++;
  }
  return bins;
}

/** The middle of the answers, wide enough for the right one: a few that are far off do not flatten it. @param {number[]} values @param {number | null} answer */
function rangeOf(values, answer) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (/** @type {number} */ share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  const shown = [at(0.05), at(0.95), ...(answer === null ? [] : [answer])].filter(Number.isFinite);
  const [low, high] = [Math.min(...shown), Math.max(...shown)];
  const room = high > low ? 0.08 * (high - low) : Math.abs(low) * 0.5 || 1;
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
}

/** @param {number[]} answers @param {number | null} answer @param {Asked} asked */
function histogram(answers, answer, asked) {
  const holder = document.createElement("div");
  holder.className = "histogram";
  if (answers.length === 0 && answer === null) {
    holder.textContent = translate("No answers");
    return holder;
  }
  const [low, high] = rangeOf(answers, answer);
  holder.append(columns(binned(answers, low, high, BINS)));
  if (answer !== null) holder.append(mark((answer - low) / (high - low), asked.kind === "number" ? withUnit(answer, asked) : translate("Computed: {value}", { value: withUnit(answer, asked) })));
  const ends = document.createElement("p");
  ends.className = "ends";
  for (const end of [low, (low + high) / 2, high]) {
    const label = document.createElement("span");
    label.textContent = withUnit(end, asked);
    ends.append(label);
  }
  holder.append(ends);
  return holder;
}

/** @param {number} value @param {Asked} asked */
const withUnit = (value, { unit = "" }) => `${inDigits(Number(value.toPrecision(3)), { maximumFractionDigits: 6 })} ${unit}`.trim();

/** @param {number[]} bins */
function columns(bins) {
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
function mark(at, text) {
  const line = document.createElement("span");
  line.className = at > 0.6 ? "mark far" : "mark";
  line.style.setProperty("--at", String(Math.min(1, Math.max(0, at))));
  line.textContent = text;
  return line;
}

/** @param {Asked} asked @param {number[]} answers */
function overGuess(asked, answers) {
  const [low, high] = [asked.low ?? 0, asked.high ?? 1];
  const holder = document.createElement("div");
  holder.className = "drawing guess";
  holder.style.cssText = asked.insets ?? "";
  const picture = document.createElement("div");
  picture.innerHTML = asked.picture ?? "";
  const lines = document.createElement("div");
  lines.className = "guess-lines";
  lines.append(columns(binned(answers, low, high, 2 * BINS)));
  if (asked.answer !== undefined) {
    const value = asked.log ? Math.log10(asked.answer) : asked.answer;
    lines.append(mark((value - low) / (high - low), translate("Computed: {value}", { value: guessText(asked, value) })));
  }
  holder.append(picture, lines);
  return holder;
}

/** How dark each of many lines is, so that all of them are seen. @param {number} count */
export const faint = (count) => Math.max(0.08, 1 / Math.sqrt(count + 1));

/** @param {Asked} asked @param {number[][]} answers @param {HTMLElement} figure */
function overPicture(asked, answers, figure) {
  figure.append(.../** @type {any} */ (made("draw").querySelectorAll(".draw")));
  showPicture(asked, one(".draw", figure));
  const sketch = one(".sketch", figure);
  sketch.removeAttribute("tabindex");
  sketch.setAttribute("role", "img");
  sketch.replaceChildren(
    ...answers.map((curve) => {
      const line = document.createElementNS(SVG, "polyline");
      line.setAttribute("points", pointsOf(curve));
      return line;
    }),
  );
  sketch.style.setProperty("--faint", String(faint(answers.length)));
}
