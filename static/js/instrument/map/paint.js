/**
 * Paints a map: tiles in the theme's colours, coarser or finer ones in place of missing tiles, then rings, dots, their
 * names, a scale and the mark at the centre. All lengths are in map pixels; the context is scaled to the panel's size.
 * @import { Address, Plane, View } from "./geometry.js"
 * @import { TileStore } from "./tile-store.js"
 * @import { MapDots } from "../../python/protocol.js"
 */
import { colourOf } from "../../figure/palette.js";
import { colourAt, rampOf } from "../panels/ramp.js";
import { ACROSS, boxOf, childrenOf, parentOf, pixelsPerUnit, placeOf, scaleBar, TILE, visibleTiles } from "./geometry.js";

const FADE_MS = 200;
const FARTHEST = 20_000; // map pixels: larger circles are drawn as lines
const FONT = "12px";
const CLASSES = 10;

export class Painter {
  /** @type {WeakMap<Uint8Array, HTMLCanvasElement>} tiles in the theme's colours */
  #painted = new WeakMap();
  #element;
  #context;
  #still = matchMedia("(prefers-reduced-motion: reduce)");
  /** @type {Uint32Array} */
  #ramp = new Uint32Array(256);
  /** @type {Record<string, string>} */
  #colours = {};
  #font = "";

  /** @param {HTMLElement} element whose theme it is @param {CanvasRenderingContext2D} context */
  constructor(element, context) {
    this.#element = element;
    this.#context = context;
    this.recolour();
  }

  /** Read the colours of the current theme. */
  recolour() {
    this.#ramp = rampOf(this.#element, this.#context);
    this.#painted = new WeakMap();
    const names = ["tile-paper", "sunken", "ink", "ink-2", "accent", "edge"];
    for (let i = 0; i < CLASSES; i++) names.push(`class-${i}`);
    this.#colours = Object.fromEntries(names.map((name) => [name, colourOf(this.#element, `--${name}`)]));
    this.#font = `${FONT} ${colourOf(this.#element, "--sans")}`;
  }

  /** Clear the canvas, so that the still under it shows. */
  clear() {
    this.#context.clearRect(-ACROSS / 2, -ACROSS / 2, ACROSS, ACROSS);
  }

  /** An empty map: the plane as paper, and the area outside. @param {Plane} plane @param {View} view */
  ground(plane, view) {
    const context = this.#context;
    const half = ACROSS / 2;
    context.fillStyle = this.#colours["sunken"];
    context.fillRect(-half, -half, ACROSS, ACROSS);
    const corner = placeOf(plane, view, -plane.limit, plane.limit);
    const side = 2 * plane.limit * pixelsPerUnit(plane, view[2]);
    const [left, top] = [Math.max(corner.x, -half), Math.max(corner.y, -half)];
    const [right, bottom] = [Math.min(corner.x + side, half), Math.min(corner.y + side, half)];
    context.fillStyle = this.#colours["tile-paper"];
    context.fillRect(left, top, right - left, bottom - top);
  }

  /**
   * @param {TileStore} store
   * @param {Plane} plane
   * @param {View} view
   * @param {number} now
   * @returns {"whole" | "fading" | "lacking"} whether all tiles in view are there, some fade in, or some are missing
   */
  tiles(store, plane, view, now) {
    /** @type {"whole" | "fading" | "lacking"} */
    let state = "whole";
    for (const address of visibleTiles(plane, view)) {
      const tile = store.get(address);
      const shown = tile === null ? 0 : this.#still.matches ? 1 : Math.min(1, (now - tile.since) / FADE_MS);
      if (shown < 1) {
        this.#beneath(store, plane, view, address);
        if (tile === null) state = "lacking";
        else if (state === "whole") state = "fading";
      }
      if (tile !== null && shown > 0) {
        this.#context.globalAlpha = shown;
        this.#tile(tile.pixels, boxOf(plane, view, address), 0, 0, TILE);
        this.#context.globalAlpha = 1;
      }
    }
    return state;
  }

  /**
   * Draw substitutes for a missing tile: a part of the nearest coarser one, then any finer ones available.
   * @param {TileStore} store @param {Plane} plane @param {View} view @param {Address} address
   */
  #beneath(store, plane, view, address) {
    for (let above = address; above.zoom > 0; ) {
      above = parentOf(above);
      const tile = store.get(above);
      if (tile === null) continue;
      const levels = address.zoom - above.zoom;
      const part = TILE / 2 ** levels;
      const box = boxOf(plane, view, address);
      this.#tile(tile.pixels, box, (address.x % 2 ** levels) * part, (address.y % 2 ** levels) * part, part);
      break;
    }
    for (const child of childrenOf(address)) {
      const tile = store.get(child);
      if (tile !== null) this.#tile(tile.pixels, boxOf(plane, view, child), 0, 0, TILE);
    }
  }

  /**
   * @param {Uint8Array} pixels of the tile
   * @param {{left: number, top: number, side: number}} box to draw in
   * @param {number} x
   * @param {number} y
   * @param {number} part of the tile to draw, from x and y on
   */
  #tile(pixels, { left, top, side }, x, y, part) {
    const context = this.#context;
    // Snap to device pixels, so that neighbours touch.
    const { a: scale, e, f } = context.getTransform();
    const snap = (/** @type {number} */ value, /** @type {number} */ origin) => (Math.round(value * scale + origin) - origin) / scale;
    const [x0, y0, x1, y1] = [snap(left, e), snap(top, f), snap(left + side, e), snap(top + side, f)];
    context.drawImage(this.#inked(pixels), x, y, part, part, x0, y0, x1 - x0, y1 - y0);
  }

  /** @param {Uint8Array} pixels */
  #inked(pixels) {
    const known = this.#painted.get(pixels);
    if (known) return known;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [TILE, TILE];
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const image = context.createImageData(TILE, TILE);
    const colours = new Uint32Array(image.data.buffer);
    const channels = pixels.length / colours.length;
    for (let i = 0; i < colours.length; i++) colours[i] = colourAt(this.#ramp, pixels, i, channels);
    context.putImageData(image, 0, 0);
    this.#painted.set(pixels, canvas);
    return canvas;
  }

  /** Circles around the origin. @param {Plane} plane @param {View} view @param {Record<string, number>} rings */
  rings(plane, view, rings) {
    const context = this.#context;
    const origin = placeOf(plane, view, 0, 0);
    const away = Math.hypot(origin.x, origin.y);
    for (const radius of Object.values(rings)) {
      const pixels = radius * pixelsPerUnit(plane, view[2]);
      context.beginPath();
      if (pixels < FARTHEST) {
        context.arc(origin.x, origin.y, pixels, 0, 2 * Math.PI);
      } else {
        // The arc looks straight in the panel, so draw a line perpendicular to the direction of the origin.
        const [x, y] = [origin.x / away, origin.y / away];
        const gap = away - pixels;
        context.moveTo(x * gap - y * ACROSS, y * gap + x * ACROSS);
        context.lineTo(x * gap + y * ACROSS, y * gap - x * ACROSS);
      }
      this.#stroke("ink-2", 1);
    }
  }

  /** Points coloured by class. @param {Plane} plane @param {View} view @param {MapDots} dots */
  dots(plane, view, { points, classes, names }) {
    const context = this.#context;
    const half = ACROSS / 2 + 4;
    /** @type {Path2D[]} */
    const paths = names.map(() => new Path2D());
    classes.forEach((each, i) => {
      const { x, y } = placeOf(plane, view, points[2 * i], points[2 * i + 1]);
      if (Math.abs(x) > half || Math.abs(y) > half) return;
      paths[each].moveTo(x + 3, y);
      paths[each].arc(x, y, 3, 0, 2 * Math.PI);
    });
    paths.forEach((path, i) => {
      context.strokeStyle = this.#colours["tile-paper"];
      context.lineWidth = 2;
      context.stroke(path);
      context.fillStyle = this.#colours[`class-${i}`];
      context.fill(path);
    });
  }

  /**
   * Names of rings and classes, above all marks.
   * @param {Plane} plane
   * @param {View} view
   * @param {Record<string, number>} rings
   * @param {MapDots | null} dots
   */
  names(plane, view, rings, dots) {
    for (const [name, radius] of Object.entries(rings)) {
      const { x, y } = placeOf(plane, view, radius * Math.SQRT1_2, -radius * Math.SQRT1_2);
      this.#words(name, x, y, "ink-2");
    }
    dots?.names.forEach((name, i) => {
      const { x, y } = placeOf(plane, view, dots.places[2 * i], dots.places[2 * i + 1]);
      this.#words(name, x, y, "ink", "600 ");
    });
  }

  /** A scale bar at the lower left. @param {Plane} plane @param {number} zoom */
  scale(plane, zoom) {
    const { length, pixels } = scaleBar(plane, zoom, ACROSS / 4);
    const [left, y] = [12 - ACROSS / 2, ACROSS / 2 - 12];
    this.#context.fillStyle = this.#colours["tile-paper"];
    this.#context.fillRect(left - 7, y - 22, pixels + 14, 29);
    this.#context.beginPath();
    this.#context.moveTo(left, y - 5);
    this.#context.lineTo(left, y);
    this.#context.lineTo(left + pixels, y);
    this.#context.lineTo(left + pixels, y - 5);
    this.#stroke("ink", 1.5);
    this.#words(String(Number(length.toPrecision(1))), left + pixels / 2, y - 11, "ink");
  }

  /** The mark at the centre. */
  crosshair() {
    const context = this.#context;
    context.beginPath();
    for (const [x, y] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(5 * x, 5 * y);
      context.lineTo(14 * x, 14 * y);
    }
    this.#stroke("accent", 2);
  }

  /** Draw the current path so that it is visible on ink and on paper. @param {string} colour @param {number} width */
  #stroke(colour, width) {
    const context = this.#context;
    for (const [style, wide] of /** @type {const} */ ([["tile-paper", width + 2], [colour, width]])) {
      context.strokeStyle = this.#colours[style];
      context.lineWidth = wide;
      context.stroke();
    }
  }

  /** @param {string} text @param {number} x @param {number} y @param {string} colour @param {string} [weight] */
  #words(text, x, y, colour, weight = "") {
    const half = ACROSS / 2;
    if (Math.abs(x) > half || Math.abs(y) > half) return;
    const context = this.#context;
    context.font = `${weight}${this.#font}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = 4;
    context.strokeStyle = this.#colours["tile-paper"];
    context.strokeText(text, x, y);
    context.fillStyle = this.#colours[colour];
    context.fillText(text, x, y);
  }
}
