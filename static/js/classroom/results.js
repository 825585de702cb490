/**
 * What a class has answered: one picture for each round, side by side.
 *
 * @typedef {import("./question.js").Asked} Asked
 */
import { one, word } from "./page.js";
import { guessText, pointsOf, showPicture, made } from "./question.js";

const BINS = 24;
const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {Asked} asked with its answer
 * @param {any[][]} rounds the answers of each
 * @param {HTMLElement} place
 * @param {number | null} computed the value that the book's own seed gives
 */
export function showResults(asked, rounds, place, computed) {
  const pictures = rounds.map((answers, i) => {
    const figure = document.createElement("figure");
    const caption = document.createElement("figcaption");
    const name = rounds.length === 1 ? "" : `${word(i === 0 ? "first" : i === 1 ? "again" : "later")}: `;
    caption.textContent = `${name}${answers.length} ${word("answers")}`;
    figure.append(caption);
    place.append(figure); // measured in its place
    return { figure, answers };
  });
  place.replaceChildren(...pictures.map(({ figure }) => figure));
  place.style.setProperty("--rounds", String(rounds.length));
  for (const { figure, answers } of pictures) {
    if (asked.kind === "choice" || asked.kind === "true-false") figure.append(bars(asked, answers));
    else if (asked.kind === "guess") figure.append(overGuess(asked, answers));
    else if (asked.kind === "draw") overPicture(asked, answers, figure);
    else figure.append(histogram(answers, asked.kind === "number" ? Number(asked.answer) : computed, asked));
  }
}

/** @param {Asked} asked @param {number[]} answers */
function bars(asked, answers) {
  const names = asked.options ?? [...made("true-false").querySelectorAll("span")].map((span) => span.innerHTML);
  const right = asked.kind === "true-false" ? (asked.answer ? 0 : 1) : asked.answer;
  const list = document.createElement("ul");
  list.className = "bars";
  names.forEach((/** @type {string} */ name, /** @type {number} */ i) => {
    const count = answers.filter((answer) => answer === i).length;
    const share = answers.length === 0 ? 0 : count / answers.length;
    const item = document.createElement("li");
    item.innerHTML = `<span class="name"></span><span class="bar"></span><span class="count"></span>`;
    one(".name", item).innerHTML = name;
    one(".bar", item).style.setProperty("--share", String(share));
    one(".count", item).textContent = `${Math.round(100 * share)} % (${count})`;
    if (i === right) {
      item.className = "right";
      const said = document.createElement("span");
      said.className = "visually-hidden";
      said.textContent = word("right");
      item.append(said);
    }
    list.append(item);
  });
  return list;
}

/** How many lie in each of the parts of a range. @param {number[]} values @param {number} low @param {number} high @param {number} count */
export function binned(values, low, high, count) {
  /** @type {number[]} */
  const bins = Array(count).fill(0);
  for (const value of values) {
    const i = Math.floor((count * (value - low)) / (high - low));
    bins[Math.min(count - 1, Math.max(0, i))]++;
  }
  return bins;
}

/** The middle of the answers, wide enough for the right one: a few that are far off do not flatten it. @param {number[]} values @param {number | null} answer */
export function rangeOf(values, answer) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (/** @type {number} */ share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  const shown = [at(0.05), at(0.95), ...(answer === null ? [] : [answer])].filter(Number.isFinite);
  const [low, high] = [Math.min(...shown), Math.max(...shown)];
  const room = high > low ? 0.08 * (high - low) : Math.abs(low) * 0.5 || 1;
  return [low - room, high + room];
}

/** @param {number[]} answers @param {number | null} answer @param {Asked} asked */
function histogram(answers, answer, asked) {
  const holder = document.createElement("div");
  holder.className = "histogram";
  if (answers.length === 0 && answer === null) {
    holder.textContent = word("none");
    return holder;
  }
  const [low, high] = rangeOf(answers, answer);
  holder.append(columns(binned(answers, low, high, BINS)));
  if (answer !== null) holder.append(mark((answer - low) / (high - low), `${format(answer)} ${asked.unit ?? ""} ${asked.kind === "number" ? "" : word("computed")}`));
  const ends = document.createElement("p");
  ends.className = "ends";
  for (const end of [low, (low + high) / 2, high]) {
    const label = document.createElement("span");
    label.textContent = `${format(end)} ${asked.unit ?? ""}`;
    ends.append(label);
  }
  holder.append(ends);
  return holder;
}

/** @param {number} value */
const format = (value) => Number(value.toPrecision(3)).toLocaleString("en", { maximumFractionDigits: 6 });

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
  line.textContent = text.trim();
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
    lines.append(mark((value - low) / (high - low), `${guessText(asked, value)} ${word("computed")}`));
  }
  holder.append(picture, lines);
  return holder;
}

/** @param {Asked} asked @param {number[][]} answers @param {HTMLElement} figure */
function overPicture(asked, answers, figure) {
  figure.append(.../** @type {any} */ (made("draw").querySelectorAll(".draw")));
  showPicture(asked, one(".draw", figure));
  const sketch = one(".sketch", figure);
  sketch.replaceChildren(
    ...answers.map((curve) => {
      const line = document.createElementNS(SVG, "polyline");
      line.setAttribute("points", pointsOf(curve));
      return line;
    }),
  );
  sketch.style.setProperty("--count", String(answers.length));
}
