/**
 * The panels of one instrument, drawn from a frame. Some are also controls.
 *
 * @import { FrameValue, Panel } from "../python/protocol.js"
 * @import { Bench, Drawing } from "./panels/types.js"
 */
import { check } from "../figure/check.js";
import { kindOf } from "./kinds.js";
import { RunError } from "../python/page/job.js";
import * as plot from "./panels/plot.js";
import * as tiles from "./panels/tiles.js";
import { timed } from "./timed.js";

const SHOWN = { plot, tiles };

/**
 * Check the figures in a frame from Python before drawing it.
 *
 * @param {FrameValue} frame
 * @throws {RunError} that names the value and the accepted ones
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
  /** Callbacks that end previews on panels that no control draws. @type {(() => void)[]} */
  #lookers = [];
  #place;
  /** Interactive panels, with their stills. @type {Map<HTMLElement, Node>} */
  #taken = new Map();

  /**
   * @param {HTMLElement} section
   * @param {import("./spec.js").InstrumentSpec} spec
   * @param {Bench} bench
   */
  constructor(section, spec, bench) {
    this.#place = /** @type {HTMLElement} */ (section.querySelector(".picture"));
    for (const control of spec.controls) {
      const { mount } = kindOf(control);
      if (!control.panel || mount === undefined) continue;
      const element = this.#find(control.panel);
      if (element === null) continue; // only in a reader's version
      this.#taken.set(element, element.cloneNode(true));
      const mounted = mount(element, control, bench);
      if ("draw" in mounted) this.#drawings.set(control.panel, mounted);
      else this.#lookers.push(mounted.lookAway);
    }
  }

  /** End all previews. */
  lookAway() {
    for (const drawing of this.#drawings.values()) drawing.lookAway?.();
    for (const lookAway of this.#lookers) lookAway();
  }

  /** Update panels that show a control's value at once, without waiting for the frame. */
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

  /** Release all panels. Interactive ones return to the still; the pictures of others stay. */
  destroy() {
    for (const drawing of this.#drawings.values()) drawing.destroy();
    this.#drawings.clear();
    for (const [element, before] of this.#taken) element.replaceWith(before);
    this.#taken.clear();
  }

  /** @param {Panel} panel */
  drawPanel(panel) {
    const drawing = this.#drawings.get(panel.key) ?? this.#mount(panel);
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

  /** A panel's element, created if it was not in the first picture. @param {Panel} panel */
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
}
