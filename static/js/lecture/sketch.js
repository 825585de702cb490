/** A curve drawn with a finger, or with the arrow keys: one height for each of some places from left to right. */
import { one } from "./page.js";
import { pointsOf } from "./question.js";

const PLACES = 33;
/** Of an arrow key, in heights of the picture. */
const STEP = 0.05;

/**
 * @param {HTMLElement} place with the sketch
 * @param {(curve: number[] | null) => void} changed hears each change; null while there is no whole curve
 * @returns {(curve: number[]) => void} shows a curve
 */
export function startSketch(place, changed) {
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
    changed(whole(heights));
    draw();
  };
  sketch.addEventListener("pointerdown", (event) => {
    sketch.setPointerCapture(event.pointerId);
    last = at(event);
    move(event);
  });
  sketch.addEventListener("pointermove", move);
  sketch.addEventListener("pointerup", end);
  sketch.addEventListener("pointercancel", end);
  // Up and down move a point, left and right take it along.
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

/** A curve without gaps: what is missing lies between what is there. Null where less than half was drawn. @param {(number | null)[]} heights */
function whole(heights) {
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
