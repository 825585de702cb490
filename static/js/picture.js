/**
 * The panels of one instrument: drawn from a frame, and taken hold of where a point is a control.
 *
 * @typedef {import("./protocol.js").FrameValue} FrameValue
 * @typedef {import("./protocol.js").PlotPanel} PlotPanel
 * @typedef {import("./protocol.js").TilesPanel} TilesPanel
 * @typedef {import("./state.js").PointSpec} PointSpec
 * @typedef {{draw: (panel: any) => void, destroy: () => void}} Drawing
 */
import { dataAt } from "./draw.js";
import * as plot from "./panels/plot.js";
import * as tiles from "./panels/tiles.js";

const KINDS = { plot, tiles };
const MEASURE = "latentbook-draw"; // app/bench/frames.js reads it
const ARROWS = /** @type {Record<string, [number, number]>} */ ({
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowDown: [0, -1],
  ArrowUp: [0, 1],
});

export class Picture {
  /** @type {Map<string, Drawing>} */
  #drawings = new Map();
  /** @type {Map<string, PlotPanel>} what each plot panel shows */
  #plots = new Map();
  #place;
  #controls;

  /**
   * @param {HTMLElement} section
   * @param {import("./state.js").InstrumentSpec} spec
   * @param {import("./controls.js").ControlsForm} controls
   */
  constructor(section, spec, controls) {
    this.#place = /** @type {HTMLElement} */ (section.querySelector(".picture"));
    this.#controls = controls;
    for (const control of spec.controls) if (control.kind === "point") this.#takePoint(control);
  }

  /** @param {FrameValue} frame */
  draw(frame) {
    const start = performance.now();
    for (const panel of frame.panels) this.drawPanel(panel);
    performance.measure(MEASURE, { start });
    performance.clearMeasures(MEASURE); // whoever observes has it; the browser need not keep it
    const shown = new Set(frame.panels.map(({ key }) => key));
    for (const element of this.#place.querySelectorAll("[data-panel]")) {
      const { dataset } = /** @type {HTMLElement} */ (element);
      element.toggleAttribute("hidden", !shown.has(dataset.panel ?? ""));
    }
  }

  destroy() {
    for (const drawing of this.#drawings.values()) drawing.destroy();
    this.#drawings.clear();
  }

  /** @param {PlotPanel | TilesPanel} panel */
  drawPanel(panel) {
    /** @type {Drawing} */
    const drawing = this.#drawings.get(panel.key) ?? KINDS[panel.kind].mount(this.#element(panel));
    this.#drawings.set(panel.key, drawing);
    if (panel.kind === "plot") this.#plots.set(panel.key, panel);
    this.#find(panel.key)?.classList.toggle("half", panel.half);
    drawing.draw(panel);
  }

  /** A panel's element; one that was not in the first picture is made. @param {PlotPanel | TilesPanel} panel */
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

  /** Lets the reader set a point in its panel: by pointer, and by the arrow keys. @param {PointSpec} control */
  #takePoint(control) {
    const element = this.#find(control.panel);
    if (element === null) return;
    element.dataset.draggable = "";
    element.tabIndex = 0;
    element.setAttribute("role", "application");
    element.setAttribute("aria-label", `${control.label}. The arrow keys move it, with Shift five steps at a time.`);
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !this.#plots.has(control.panel)) return;
      element.setPointerCapture(event.pointerId);
      this.#follow(control, element, event);
    });
    element.addEventListener("pointermove", (event) => {
      if (element.hasPointerCapture(event.pointerId)) this.#follow(control, element, event);
    });
    element.addEventListener("keydown", (event) => {
      const arrow = ARROWS[event.key];
      if (arrow === undefined) return;
      event.preventDefault();
      const [x, y] = /** @type {[number, number]} */ (this.#controls.values[control.name]);
      const by = control.step * (event.shiftKey ? 5 : 1);
      this.#controls.move(control.name, [snap(control, x + by * arrow[0]), snap(control, y + by * arrow[1])]);
    });
  }

  /** @param {PointSpec} control @param {HTMLElement} element @param {PointerEvent} event */
  #follow(control, element, event) {
    const panel = this.#plots.get(control.panel);
    const svg = [...element.querySelectorAll("svg")].find((each) => each.getBoundingClientRect().width > 0);
    if (panel === undefined || svg === undefined) return;
    const box = svg.getBoundingClientRect();
    const { width } = svg.viewBox.baseVal;
    const scale = width / box.width;
    const at = { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale };
    const { x, y } = dataAt(panel.figure, width, at);
    this.#controls.move(control.name, [snap(control, x), snap(control, y)]);
  }
}

/** The nearest step of a point's coordinate within its limit. @param {PointSpec} control @param {number} value */
function snap({ step, limit }, value) {
  return Number((Math.round(Math.max(-limit, Math.min(limit, value)) / step) * step).toFixed(10));
}
