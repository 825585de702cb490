/**
 * The panels of one instrument: drawn from a frame; some are controls too.
 *
 * @import { FrameValue, Panel, PlotPanel } from "../python/protocol.js"
 * @import { PointSpec } from "./state.js"
 * @import { Bench, Drawing } from "./panels/types.js"
 */
import { check } from "../figure/check.js";
import { dataAt } from "../figure/draw.js";
import { RunError } from "../python/page/job.js";
import * as map from "./panels/map.js";
import * as pad from "./panels/pad.js";
import * as plot from "./panels/plot.js";
import * as tiles from "./panels/tiles.js";
import { timed } from "./timed.js";

const SHOWN = { plot, tiles };
const HELD = { viewport: map, drawing: pad };
const ARROWS = /** @type {Record<string, [number, number]>} */ ({
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowDown: [0, -1],
  ArrowUp: [0, 1],
});

/**
 * Checks the frame from Python before it is drawn.
 *
 * @param {FrameValue} frame
 * @throws {RunError} that states the value and what is accepted
 */
export function checkFigures({ panels }) {
  for (const panel of panels) {
    if (panel.kind !== "plot") continue;
    try {
      check(panel.figure);
    } catch (error) {
      const message = `In the figure of ${panel.key}: ${/** @type {Error} */ (error).message}`;
      throw new RunError({ kind: "contract", name: "ContractError", message, line: null, traceback: message });
    }
  }
}

export class Picture {
  /** @type {Map<string, Drawing>} */
  #drawings = new Map();
  /** @type {Map<string, PlotPanel>} what each plot panel shows */
  #plots = new Map();
  /** Of the points under a mouse. @type {(() => void)[]} */
  #lookers = [];
  #place;
  #controls;
  /** Interactive panels, with their stills. @type {Map<HTMLElement, Node>} */
  #taken = new Map();

  /**
   * @param {HTMLElement} section
   * @param {import("./state.js").InstrumentSpec} spec
   * @param {import("./controls.js").ControlPanel} controls
   * @param {Bench} bench
   */
  constructor(section, spec, controls, bench) {
    this.#place = /** @type {HTMLElement} */ (section.querySelector(".picture"));
    this.#controls = controls;
    for (const control of spec.controls) {
      if (!("panel" in control)) continue;
      const element = this.#find(control.panel);
      if (element === null) continue; // only in a reader's version
      this.#taken.set(element, element.cloneNode(true));
      if (control.kind === "point") this.#takePoint(control, element, bench);
      else this.#drawings.set(control.panel, HELD[control.kind].mount(element, /** @type {any} */ (control), bench));
    }
  }

  /** Ends all previews. */
  lookAway() {
    for (const drawing of this.#drawings.values()) drawing.lookAway?.();
    for (const lookAway of this.#lookers) lookAway();
  }

  /** A control was moved: panels that show it need not wait for the frame. */
  follow() {
    for (const drawing of this.#drawings.values()) drawing.follow?.();
  }

  /** A panel's message for the status line, or null. */
  get trouble() {
    return [...this.#drawings.values()].map(({ trouble }) => trouble ?? null).find((each) => each !== null) ?? null;
  }

  /** @param {FrameValue} frame */
  draw(frame) {
    timed(() => frame.panels.forEach((panel) => this.drawPanel(panel)));
    const shown = frame.panels.map(({ key }) => key);
    for (const element of /** @type {Iterable<HTMLElement>} */ (this.#place.children)) {
      if (element.dataset.panel !== undefined) element.hidden = !shown.includes(element.dataset.panel);
    }
  }

  /** Releases all panels. Their pictures stay, except for maps and pads, which return to the still. */
  destroy() {
    for (const drawing of this.#drawings.values()) drawing.destroy();
    this.#drawings.clear();
    for (const [element, before] of this.#taken) element.replaceWith(before);
    this.#taken.clear();
  }

  /** @param {Panel} panel */
  drawPanel(panel) {
    const drawing = this.#drawings.get(panel.key) ?? this.#mount(panel);
    if (panel.kind === "plot") this.#plots.set(panel.key, panel);
    this.#find(panel.key)?.classList.toggle("half", panel.half);
    drawing.draw(panel);
  }

  /** @param {Panel} panel @returns {Drawing} */
  #mount(panel) {
    if (panel.kind === "map" || panel.kind === "pad") throw new Error(`The page has no place for the ${panel.kind} ${panel.key}. Add a plot or tiles.`);
    const drawing = SHOWN[panel.kind].mount(this.#element(panel));
    this.#drawings.set(panel.key, drawing);
    return drawing;
  }

  /** A panel's element; one that was not in the first picture is made. @param {Panel} panel */
  #element(panel) {
    const element = this.#find(panel.key) ?? document.createElement("div");
    if (!element.isConnected) {
      element.className = `panel ${panel.kind}`;
      element.dataset.panel = panel.key;
      this.#place.append(element);
    }
    return element;
  }

  /** @param {string} key @returns {HTMLElement | null} */
  #find(key) {
    return this.#place.querySelector(`[data-panel="${CSS.escape(key)}"]`);
  }

  /**
   * Lets the reader set a point in its panel: by pointer, and by the arrow keys.
   *
   * @param {PointSpec} control
   * @param {HTMLElement} element
   * @param {Bench} bench
   */
  #takePoint(control, element, bench) {
    const look = (/** @type {[number, number] | null} */ place) => {
      if (control.hover) bench.look(place && { [control.name]: place });
    };
    if (control.hover) this.#lookers.push(() => look(null));
    element.dataset.draggable = "";
    element.tabIndex = 0;
    element.setAttribute("role", "application");
    element.setAttribute("aria-label", `${control.label}. The arrow keys move it, with Shift five steps at a time.`);
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !this.#plots.has(control.panel)) return;
      element.setPointerCapture(event.pointerId);
      look(null);
      this.#setPoint(control, element, event);
    });
    element.addEventListener("pointermove", (event) => {
      if (element.hasPointerCapture(event.pointerId)) return this.#setPoint(control, element, event);
      if (event.pointerType === "mouse") look(this.#placeOf(control, element, event));
    });
    element.addEventListener("pointerleave", () => look(null));
    element.addEventListener("keydown", (event) => {
      const arrow = ARROWS[event.key];
      if (arrow === undefined) return;
      event.preventDefault();
      look(null);
      const [x, y] = /** @type {[number, number]} */ (this.#controls.values[control.name]);
      const by = control.step * (event.shiftKey ? 5 : 1);
      this.#controls.move(control.name, [snap(control, x + by * arrow[0]), snap(control, y + by * arrow[1])]);
    });
  }

  /** @param {PointSpec} control @param {HTMLElement} element @param {PointerEvent} event */
  #setPoint(control, element, event) {
    const place = this.#placeOf(control, element, event);
    if (place !== null) this.#controls.move(control.name, place);
  }

  /**
   * Where in the figure the pointer is.
   *
   * @param {PointSpec} control
   * @param {HTMLElement} element
   * @param {PointerEvent} event
   * @returns {[number, number] | null} null if nothing is drawn yet
   */
  #placeOf(control, element, event) {
    const panel = this.#plots.get(control.panel);
    const svg = [...element.querySelectorAll("svg")].find((each) => each.getBoundingClientRect().width > 0);
    if (panel === undefined || svg === undefined) return null;
    const box = svg.getBoundingClientRect();
    const { width } = svg.viewBox.baseVal;
    const scale = width / box.width;
    const at = { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale };
    const { x, y } = dataAt(panel.figure, width, at);
    return [snap(control, x), snap(control, y)];
  }
}

/** The nearest step of a point's coordinate within its limit. @param {PointSpec} control @param {number} value */
function snap({ step, limit }, value) {
  return Number((Math.round(Math.max(-limit, Math.min(limit, value)) / step) * step).toFixed(10));
}
