/** A curve drawn with a finger, or with the arrow keys: a height at each of some places from left to right. */
import { hold } from "latentbook/instrument/hold.js";
import { one } from "../page.js";
import { faint, figuresOf } from "../results.js";

const SVG = "http://www.w3.org/2000/svg";
const PLACES = 33;
/** Step of an arrow key, in heights of the picture. */
const STEP = 0.05;

/** @typedef {{pictures: string[], boxes: number[][]}} DrawAsked pictures, wide to narrow, and where their axes are */

export default class Draw {
  /** @type {{value: number[]} | null} */
  #answer = null;

  /** @param {DrawAsked} asked @param {HTMLElement} place */
  constructor(asked, place) {
    this.asked = asked;
    this.drawing = one(".draw", place);
    showPicture(asked, this.drawing);
    this.fill = startSketch(place, (curve) => (this.#answer = curve && { value: curve.map((y) => Number(y.toPrecision(4))) }));
  }

  get answer() {
    return this.#answer;
  }

  set answer(given) {
    this.#answer = given;
    if (given) this.fill(given.value);
  }

  project() {
    one(".sketch", this.drawing).removeAttribute("tabindex");
  }

  /** All curves over the picture. @param {number[][][]} rounds @param {HTMLElement} place */
  showResults(rounds, place) {
    for (const [i, figure] of figuresOf(rounds, place).entries()) {
      const drawing = /** @type {HTMLElement} */ (this.drawing.cloneNode(true));
      figure.append(drawing);
      showPicture(this.asked, drawing);
      const sketch = one(".sketch", drawing);
      sketch.removeAttribute("tabindex");
      sketch.setAttribute("role", "img");
      sketch.replaceChildren(...rounds[i].map(lineOf));
      sketch.style.setProperty("--faint", String(faint(rounds[i].length)));
    }
  }
}

/** Shows the picture that suits the width, with the sketch over its axes. @param {DrawAsked} asked @param {HTMLElement} drawing */
function showPicture({ pictures, boxes }, drawing) {
  const narrow = drawing.clientWidth < 480;
  const i = narrow ? pictures.length - 1 : 0;
  const holder = one(".asked-picture", drawing);
  holder.innerHTML = pictures[i];
  one("svg", holder).style.display = "block";
  const [left, top, width, height] = boxes[i].map((share) => `${100 * share}%`);
  Object.assign(one(".sketch", drawing).style, { left, top, width, height });
}

/** @param {number[]} curve */
function lineOf(curve) {
  const line = document.createElementNS(SVG, "polyline");
  line.setAttribute("points", pointsOf(curve));
  return line;
}

/** The points of a curve in a sketch, from shares of its height. @param {number[]} curve */
const pointsOf = (curve) => curve.map((y, i) => `${i / (curve.length - 1)},${1 - y}`).join(" ");

/**
 * @param {HTMLElement} place with the sketch
 * @param {(curve: number[] | null) => void} changed receives each change; null until the curve is complete
 * @returns {(curve: number[]) => void} shows a curve
 */
function startSketch(place, changed) {
  const sketch = one(".sketch", place);
  const line = /** @type {any} */ (sketch.querySelector("polyline"));
  /** @type {(number | null)[]} */
  let heights = Array(PLACES).fill(null);
  /** @type {[number, number] | null} */
  let last = null;

  const draw = () => {
    const known = heights.flatMap((y, i) => (y === null ? [] : [`${i / (PLACES - 1)},${1 - y}`]));
    line.setAttribute("points", known.join(" "));
  };
  const at = (/** @type {PointerEvent} */ event) => {
    const box = sketch.getBoundingClientRect();
    const share = (/** @type {number} */ value) => Math.min(1, Math.max(0, value));
    return /** @type {[number, number]} */ ([share((event.clientX - box.left) / box.width), share(1 - (event.clientY - box.top) / box.height)]);
  };
  const move = (/** @type {PointerEvent} */ event) => {
    if (last === null) return;
    const [x, y] = at(event);
    const [x0, y0] = last;
    const [from, to] = [x0, x].map((each) => Math.round(each * (PLACES - 1)));
    for (let i = Math.min(from, to); i <= Math.max(from, to); i++) {
      heights[i] = from === to ? y : y0 + ((y - y0) * (i - from)) / (to - from);
    }
    last = [x, y];
    draw();
  };
  const end = () => {
    last = null;
    changed(complete(heights));
    draw();
  };
  sketch.addEventListener("pointerdown", (event) => {
    hold(sketch, event);
    last = at(event);
    move(event);
  });
  sketch.addEventListener("pointermove", move);
  sketch.addEventListener("pointerup", end);
  sketch.addEventListener("pointercancel", end);
  // Up and down move a point; left and right continue at its height.
  let x = 0;
  sketch.addEventListener("keydown", (event) => {
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] }[event.key] ?? [0, 0];
    if (dx === 0 && dy === 0) return;
    event.preventDefault();
    const y = Math.min(1, Math.max(0, (heights[x] ?? 0.5) + dy));
    heights[x] = y;
    x = Math.min(PLACES - 1, Math.max(0, x + dx));
    if (dx !== 0) heights[x] = y;
    end();
  });
  one('[data-do="clear"]', place).addEventListener("click", () => {
    heights = Array(PLACES).fill(null);
    x = 0;
    draw();
    changed(null);
  });
  return (curve) => {
    heights = [...curve];
    line.setAttribute("points", pointsOf(curve));
  };
}

/** A curve with its gaps interpolated; null if less than half was drawn. @param {(number | null)[]} heights */
function complete(heights) {
  const known = heights.flatMap((y, i) => (y === null ? [] : [i]));
  if (known.length < heights.length / 2) return null;
  return heights.map((y, i) => {
    if (y !== null) return y;
    const before = known.filter((each) => each < i).at(-1) ?? known[0];
    const after = known.find((each) => each > i) ?? before;
    const [a, b] = [heights[before] ?? 0, heights[after] ?? 0];
    return after === before ? a : a + ((b - a) * (i - before)) / (after - before);
  });
}
