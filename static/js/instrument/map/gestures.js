/**
 * Input on a map that changes the view: drag, wheel, pinch, click and arrow keys. On a touch screen, two fingers drag,
 * because one scrolls the page.
 *
 * @import { Plane, View } from "./geometry.js"
 * @typedef {{x: number, y: number}} Spot map pixels from the panel's centre
 * @typedef {{view: () => View, home: () => View, move: (view: View) => void, hover: (spot: Spot | null) => void}} Hand
 *   hover: called with the spot under the pointer, or null if there is none
 */
import { hold } from "../hold.js";
import { ACROSS, codeAt, panned, tidy, zoomed } from "./geometry.js";

const TAP = 4; // map pixels that a finger may move in a tap
const STEP = ACROSS / 8;
const LINE = 16; // px per line, for wheels that count in lines
const WHEEL = 1 / 300; // levels of zoom per px of wheel
const PINCH = 1 / 60; // the same for a trackpad's pinch, which browsers report as a wheel with Ctrl
const MOST = 0.5; // levels per event
const SAME_SPIN_MS = 400;

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
/** @type {Record<string, number>} */
const ZOOMS = { "+": 0.5, "=": 0.5, "-": -0.5, _: -0.5 };

/**
 * @param {HTMLElement} element the square that shows the map
 * @param {Plane} plane
 * @param {Hand} hand
 * @returns {() => void} removes the listeners
 */
export function takeHold(element, plane, hand) {
  /** @type {Map<number, Spot>} */
  const pointers = new Map();
  let slipped = 0;
  const letGo = new AbortController();
  const { signal } = letGo;

  /** @param {MouseEvent} event @returns {Spot} */
  const spotOf = ({ clientX, clientY }) => {
    const box = element.getBoundingClientRect();
    const scale = ACROSS / box.width;
    return { x: (clientX - box.left) * scale - ACROSS / 2, y: (clientY - box.top) * scale - ACROSS / 2 };
  };
  /** Position of two fingers: their midpoint and distance. */
  const grip = () => {
    const [one, other = one] = [...pointers.values()];
    return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2, apart: Math.hypot(one.x - other.x, one.y - other.y) };
  };

  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    hold(element, event);
    slipped = pointers.size === 0 ? 0 : Infinity; // two fingers are not a tap
    pointers.set(event.pointerId, spotOf(event));
  }, { signal });

  element.addEventListener("pointermove", (event) => {
    const spot = spotOf(event);
    if (event.pointerType === "mouse") hand.hover(spot);
    if (!pointers.has(event.pointerId)) return;
    const before = grip();
    pointers.set(event.pointerId, spot);
    const after = grip();
    slipped += Math.hypot(after.x - before.x, after.y - before.y);
    if (pointers.size === 1 && (slipped <= TAP || event.pointerType === "touch")) return; // one finger scrolls the page
    let view = panned(plane, hand.view(), after.x - before.x, after.y - before.y);
    if (pointers.size > 1 && before.apart > 0) view = zoomed(plane, view, Math.log2(after.apart / before.apart), after);
    hand.move(view);
  }, { signal });

  const lift = (/** @type {PointerEvent} */ event) => {
    const spot = pointers.get(event.pointerId);
    if (!pointers.delete(event.pointerId) || spot === undefined || event.type === "pointercancel") return;
    if (slipped > TAP) return;
    const { x, y } = codeAt(plane, hand.view(), spot);
    hand.move(tidy(plane, [x, y, hand.view()[2]]));
  };
  element.addEventListener("pointerup", lift, { signal });
  element.addEventListener("pointercancel", lift, { signal });
  element.addEventListener("pointerleave", () => pointers.size === 0 && hand.hover(null), { signal });

  // A wheel movement that was scrolling the page before the pointer reached the map continues to scroll the page.
  let scrolled = -Infinity;
  document.addEventListener("wheel", (event) => {
    if (!event.composedPath().includes(element)) scrolled = event.timeStamp;
  }, { signal, passive: true });
  element.addEventListener("wheel", (event) => {
    // An event that cannot be cancelled is already scrolling.
    if (!event.cancelable || (!event.ctrlKey && event.timeStamp - scrolled < SAME_SPIN_MS)) {
      scrolled = event.timeStamp;
      return;
    }
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1);
    const levels = -pixels * (event.ctrlKey ? PINCH : WHEEL);
    hand.move(zoomed(plane, hand.view(), Math.max(-MOST, Math.min(MOST, levels)), spotOf(event)));
  }, { signal, passive: false });

  // Safari reports a trackpad's pinch as a gesture, not as a wheel. On a touch screen the pointers have moved the map.
  let scale = 1;
  element.addEventListener("gesturestart", (event) => {
    event.preventDefault();
    scale = 1;
  }, { signal });
  element.addEventListener("gesturechange", (event) => {
    const gesture = /** @type {MouseEvent & {scale: number}} */ (event);
    gesture.preventDefault();
    if (pointers.size === 0) hand.move(zoomed(plane, hand.view(), Math.log2(gesture.scale / scale), spotOf(gesture)));
    scale = gesture.scale;
  }, { signal });

  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    const by = STEP * (event.shiftKey ? 4 : 1);
    if (arrow) hand.move(panned(plane, hand.view(), arrow[0] * by, arrow[1] * by));
    else if (event.key in ZOOMS) hand.move(zoomed(plane, hand.view(), ZOOMS[event.key]));
    else if (event.key === "Home") hand.move(hand.home());
    else return;
    event.preventDefault();
    hand.hover(null);
  }, { signal });

  return () => letGo.abort();
}
