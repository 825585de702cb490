/**
 * A point in the plane of a plot, set on the plot by pointer and arrow keys, or as numbers.
 *
 * @typedef {import("../spec.js").ControlSpec & {default: [number, number], limit: number, panel: string, step: number, hover: boolean}} PointSpec
 */
import { dataAt } from "../../figure/draw.js";
import { scaleFrom, stepped, typed } from "./fields.js";
import { hold } from "../hold.js";
import { translate } from "../../words.js";

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };

/** @type {import("./types.js").Kind<PointSpec>} */
export const point = {
  ...typed([".x", ".y"], {
    wanted: ({ limit }) => translate("Two numbers from {low} to {high} are needed", { low: -limit, high: limit }),
    accept: ({ limit }, [x, y]) => Math.abs(x) <= limit && Math.abs(y) <= limit,
    step: ({ limit, step }, point, place, way) => stepped(point[place], way * step, -limit, limit),
  }),

  mount(element, control, bench) {
    const { name } = control;
    const look = (/** @type {[number, number] | null} */ place) => {
      if (control.hover) bench.look(place && { [name]: place });
    };
    const placeOf = (/** @type {PointerEvent} */ event) => {
      const panel = bench.shown(control.panel);
      return panel?.kind === "plot" ? pointAt(control, panel.figure, element, event) : null;
    };
    const set = (/** @type {PointerEvent} */ event) => {
      const place = placeOf(event);
      if (place !== null) bench.move(name, place);
    };
    element.dataset.draggable = "";
    element.tabIndex = 0;
    element.setAttribute("role", "application");
    element.setAttribute("aria-label", `${control.label}. The arrow keys move it, with Shift five steps at a time.`);
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || bench.shown(control.panel) === undefined) return;
      hold(element, event);
      look(null);
      set(event);
    });
    element.addEventListener("pointermove", (event) => {
      if (element.hasPointerCapture(event.pointerId)) return set(event);
      if (event.pointerType === "mouse") look(placeOf(event));
    });
    element.addEventListener("pointerleave", () => look(null));
    element.addEventListener("keydown", (event) => {
      const arrow = ARROWS[event.key];
      if (arrow === undefined) return;
      event.preventDefault();
      look(null);
      const [x, y] = /** @type {[number, number]} */ (bench.values()[name]);
      const by = control.step * (event.shiftKey ? 5 : 1);
      bench.move(name, [snap(control, x + by * arrow[0]), snap(control, y + by * arrow[1])]);
    });
    return { lookAway: () => look(null) };
  },
};

/**
 * The point of the figure under the pointer, on the nearest step.
 *
 * @param {PointSpec} control
 * @param {any} figure
 * @param {HTMLElement} element
 * @param {PointerEvent} event
 * @returns {[number, number] | null} null if nothing is drawn yet
 */
function pointAt(control, figure, element, event) {
  const svg = [...element.querySelectorAll("svg")].find((each) => each.getBoundingClientRect().width > 0);
  if (svg === undefined) return null;
  const box = svg.getBoundingClientRect();
  const { width } = svg.viewBox.baseVal;
  const scale = width / box.width;
  const at = { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale };
  const { x, y } = dataAt(figure, width, at);
  return [snap(control, x), snap(control, y)];
}

/** The nearest step of a point's coordinate within its limit. @param {PointSpec} control @param {number} value */
function snap({ step, limit }, value) {
  return scaleFrom(0, step)(Math.round(Math.max(-limit, Math.min(limit, value)) / step));
}
