/**
 * A pad: a small square of grey pixels to draw on by pointer or keys. The drawing is the value of its control. The pad
 * shows ink on paper, or two pictures: one where there is ink, the other where there is none.
 *
 * @import { PadPanel } from "../../python/protocol.js"
 * @import { Bench } from "./types.js"
 * @import { ControlSpec } from "../spec.js"
 * @typedef {ControlSpec & {default: string, side: number, pen: number, cells: boolean, panel: string}} DrawingSpec
 * @typedef {{x: number, y: number}} Spot pixels of the pad, from its top left corner
 */
import { toPixels, toText } from "../drawing-text.js";
import { hold } from "../hold.js";
import { timed } from "../timed.js";
import { colourAt, rampOf } from "./ramp.js";
import { translate } from "../../words.js";

const FAR = 4; // steps at once, with Shift
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * @param {HTMLElement} element with the still
 * @param {DrawingSpec} control
 * @param {Bench} bench
 */
export function mount(element, control, bench) {
  return new PadDrawing(element, control, bench);
}

class PadDrawing {
  #control;
  #bench;
  #place;
  #canvas = document.createElement("canvas");
  #context = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext("2d"));
  #pen = document.createElement("span");
  #ramp;
  /** The drawing, and its text. @type {Uint8Array} */
  #pixels = new Uint8Array(0);
  #text = "";
  /** @type {Spot} position of the pen that keys move */
  #at;
  #down = false;
  /** In cells: whether this stroke adds or removes ink. */
  #inks = true;
  /**
   * The pad's pictures; null for ink on paper, undefined before the first frame.
   * @type {PadPanel | null | undefined}
   */
  #seen;
  #destroy;

  /** @param {HTMLElement} element @param {DrawingSpec} control @param {Bench} bench */
  constructor(element, control, bench) {
    this.#control = control;
    this.#bench = bench;
    this.#place = /** @type {HTMLElement} */ (element.querySelector(".image"));
    this.#ramp = rampOf(element, this.#context);
    this.#at = { x: control.side / 2, y: control.side / 2 };
    if (control.cells) this.#at = { x: Math.floor(this.#at.x) + 0.5, y: Math.floor(this.#at.y) + 0.5 };
    [this.#canvas.width, this.#canvas.height] = [control.side, control.side];
    this.#canvas.setAttribute("role", "img");
    this.#canvas.setAttribute("aria-label", element.querySelector(".tiles-still")?.getAttribute("aria-label") ?? "");
    this.#pen.className = "pen";
    this.#pen.hidden = true;
    this.#place.append(this.#pen);
    this.#place.tabIndex = 0;
    this.#place.setAttribute("role", "application");
    const keys = control.cells
      ? translate("The arrow keys move from cell to cell; Space changes one, and with it what is then moved over.")
      : translate("The arrow keys move the pen, with Shift farther; Space puts it down or lifts it.");
    this.#place.setAttribute("aria-label", `${control.label}. ${keys}`);
    const empty = toText(new Uint8Array(control.side ** 2));
    element.querySelector('[data-action="clear"]')?.addEventListener("click", () => bench.move(control.name, empty));
    this.#take();
    const recolour = () => {
      this.#ramp = rampOf(element, this.#context);
      this.#paint();
    };
    const theme = element.getRootNode(); // the document, or the shadow root of a notebook
    theme.addEventListener("themechange", recolour);
    this.#destroy = () => theme.removeEventListener("themechange", recolour);
    this.follow();
  }

  /** @param {PadPanel} panel */
  draw(panel) {
    if (this.#canvas.getAttribute("aria-label") !== panel.alt) this.#canvas.setAttribute("aria-label", panel.alt);
    if (panel.shape === null && this.#seen === null) return;
    this.#seen = panel.shape && panel;
    [, this.#canvas.height, this.#canvas.width] = panel.shape ?? [1, this.#control.side, this.#control.side];
    this.#paint();
  }

  /** Show the control's value. */
  follow() {
    const text = String(this.#bench.values()[this.#control.name]);
    if (text === this.#text) return;
    this.#text = text;
    this.#pixels = toPixels(text);
    this.#paint();
  }

  destroy() {
    this.#destroy();
  }

  #take() {
    /** @type {Map<number, Spot>} */
    const strokes = new Map();
    const { side } = this.#control;
    /** @param {PointerEvent} event @returns {Spot} */
    const spotOf = ({ clientX, clientY }) => {
      const box = this.#place.getBoundingClientRect();
      return { x: ((clientX - box.left) / box.width) * side, y: ((clientY - box.top) / box.height) * side };
    };
    this.#place.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      hold(this.#place, event);
      this.#showPen(false);
      this.#begin(spotOf(event));
      strokes.set(event.pointerId, spotOf(event));
      this.#stroke([spotOf(event), spotOf(event)]);
    });
    this.#place.addEventListener("pointermove", (event) => {
      const from = strokes.get(event.pointerId);
      if (from === undefined) return;
      const passed = event.getCoalescedEvents?.().map(spotOf) ?? [];
      const spots = [from, ...(passed.length > 0 ? passed : [spotOf(event)])];
      strokes.set(event.pointerId, spots[spots.length - 1]);
      this.#stroke(spots);
    });
    for (const type of /** @type {const} */ (["pointerup", "pointercancel"])) {
      this.#place.addEventListener(type, ({ pointerId }) => strokes.delete(pointerId));
    }
    this.#place.addEventListener("focus", () => this.#showPen(this.#place.matches(":focus-visible")));
    this.#place.addEventListener("blur", () => {
      this.#down = false;
      this.#showPen(false);
    });
    this.#place.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    if (arrow) {
      const from = this.#at;
      const by = event.shiftKey ? FAR : 1;
      const edge = this.#control.cells ? 0.5 : 0; // in cells, the pen stays at the centre
      const inside = (/** @type {number} */ value) => Math.max(edge, Math.min(this.#control.side - edge, value));
      this.#at = { x: inside(from.x + by * arrow[0]), y: inside(from.y + by * arrow[1]) };
      if (this.#down) this.#stroke([from, this.#at]);
    } else if (event.key === " ") {
      if (event.repeat) return event.preventDefault();
      this.#down = !this.#down;
      if (this.#down) this.#begin(this.#at);
      if (this.#down) this.#stroke([this.#at, this.#at]);
    } else {
      return;
    }
    event.preventDefault();
    this.#showPen(true);
  }

  /** Show the pen that keys move, and whether it draws. @param {boolean} shown */
  #showPen(shown) {
    const { side } = this.#control;
    this.#pen.hidden = !shown;
    this.#pen.classList.toggle("down", this.#down);
    this.#pen.style.left = `${(100 * this.#at.x) / side}%`;
    this.#pen.style.top = `${(100 * this.#at.y) / side}%`;
  }

  /** Decide whether a stroke that starts here adds or removes ink. @param {Spot} spot */
  #begin(spot) {
    this.#inks = this.#pixels[cellOf(spot, this.#control.side)] === 0;
  }

  /** Draw a line. Pixels inside the pen's outline become black, those on its edge grey. @param {Spot[]} spots */
  #stroke(spots) {
    const { side, pen, cells, name } = this.#control;
    const pixels = this.#pixels.slice();
    if (cells) for (const spot of spots) pixels[cellOf(spot, side)] = this.#inks ? 255 : 0;
    for (let i = 1; i < spots.length && !cells; i++) {
      for (let at = 0; at < pixels.length; at++) {
        const away = distance((at % side) + 0.5, Math.floor(at / side) + 0.5, spots[i - 1], spots[i]);
        const grey = 255 * Math.max(0, Math.min(1, pen / 2 + 0.5 - away));
        if (grey > pixels[at]) pixels[at] = grey;
      }
    }
    this.#text = toText(pixels);
    this.#pixels = toPixels(this.#text); // show exactly what Python gets
    timed(() => this.#paint());
    this.#bench.move(name, this.#text);
  }

  #paint() {
    if (this.#seen === undefined && this.#control.cells) return; // the first frame brings the picture
    this.#place.querySelector(".tiles-still")?.replaceWith(this.#canvas);
    const { width, height } = this.#canvas;
    const image = this.#context.createImageData(width, height);
    const colours = new Uint32Array(image.data.buffer);
    const { side } = this.#control;
    const pictures = this.#seen?.data;
    const channels = this.#seen?.shape?.[3] ?? 1;
    for (let i = 0; i < colours.length; i++) {
      const x = ((i % width) + 0.5) / width;
      const y = (Math.floor(i / width) + 0.5) / height;
      const ink = this.#pixels[cellOf({ x: x * side, y: y * side }, side)];
      colours[i] = pictures ? colourAt(this.#ramp, pictures, ink > 0 ? colours.length + i : i, channels) : this.#ramp[ink];
    }
    this.#context.putImageData(image, 0, 0);
  }
}

/** The index of the pixel that contains a spot. @param {Spot} spot @param {number} side */
function cellOf({ x, y }, side) {
  const at = (/** @type {number} */ value) => Math.max(0, Math.min(side - 1, Math.floor(value)));
  return at(y) * side + at(x);
}

/** Distance from a point to the line between two spots. @param {number} x @param {number} y @param {Spot} from @param {Spot} to */
function distance(x, y, from, to) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - from.x) * dx + (y - from.y) * dy) / length));
  return Math.hypot(x - from.x - along * dx, y - from.y - along * dy);
}
