/** Change slides on a sideways swipe, unless the finger moves something on the slide. */
import { isRightToLeft } from "../words.js";

const FAR = 48; // px
/** Elements that use touch themselves. */
const OWN = "input, .controls, .panel[data-draggable], .panel.map, .panel.pad, [data-scrolls][tabindex], .cm-editor";

/** @param {(way: 1 | -1) => void} step @param {AbortSignal} signal ends it */
export function followSwipes(step, signal) {
  /** @type {Touch | null} */
  let from = null;
  const options = { passive: true, signal };
  document.addEventListener("touchstart", ({ touches, target }) => {
    const own = target instanceof Element && target.closest(OWN) !== null;
    from = touches.length === 1 && !own ? touches[0] : null;
  }, options);
  document.addEventListener("touchend", ({ changedTouches }) => {
    if (!from) return;
    const across = changedTouches[0].clientX - from.clientX;
    const along = changedTouches[0].clientY - from.clientY;
    from = null;
    if (Math.abs(across) >= FAR && Math.abs(across) > 2 * Math.abs(along)) step(across < 0 === isRightToLeft() ? -1 : 1);
  }, options);
  document.addEventListener("touchcancel", () => (from = null), options);
}
