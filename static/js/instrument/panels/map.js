/**
 * A map panel: a plane of decoded images that pans and zooms. The view follows the reader at once, with cached tiles.
 * Finer ones fade in when they arrive.
 *
 * @import { MapPanel } from "../../python/protocol.js"
 * @import { Bench } from "./types.js"
 * @import { ControlSpec } from "../spec.js"
 * @import { View } from "../map/geometry.js"
 * @import { Spot } from "../map/gestures.js"
 * @typedef {ControlSpec & {default: View, limit: number, max_zoom: number, panel: string}} ViewportSpec
 */
import { ACROSS, codeAt, parentOf, placeOf, tidy, viewOf, visibleTiles, zoomed } from "../map/geometry.js";
import { takeHold } from "../map/gestures.js";
import { Painter } from "../map/paint.js";
import { TileStore } from "../map/tile-store.js";
import { button, make } from "../../elements.js";
import { setText } from "../../text.js";
import { timed } from "../timed.js";
import { translate } from "../../words.js";

const SERVER_AT_ONCE = 6;
const STILL_LARGEST = 8; // times its size: any larger, it would show nothing recognisable
const ROOT = { zoom: 0, x: 0, y: 0 };

/**
 * @param {HTMLElement} element with the still
 * @param {ViewportSpec} control
 * @param {Bench} bench
 */
export function mount(element, control, bench) {
  return new MapDrawing(element, control, bench);
}

class MapDrawing {
  #element;
  #control;
  #bench;
  #canvas = document.createElement("canvas");
  #context = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext("2d"));
  #painter;
  #origin;
  /** The still, under the canvas until there are tiles. @type {HTMLElement | null} */
  #still;
  /** @type {MapPanel | null} */
  #panel = null;
  /** @type {TileStore | null} */
  #store = null;
  /** The previous tiles, until the new ones have arrived. @type {TileStore | null} */
  #before = null;
  /** @type {Spot | null} position of the pointer while it previews a code */
  #hover = null;
  #frame = 0;
  /** Width of the canvas, CSS px. */
  #width = 0;
  #destroy = [/** @type {() => void} */ () => {}];

  /** @param {HTMLElement} element @param {ViewportSpec} control @param {Bench} bench */
  constructor(element, control, bench) {
    this.#element = element;
    this.#control = control;
    this.#bench = bench;
    this.#painter = new Painter(element, this.#context);
    this.#origin = bench.server?.origin(() => this.#follow()) ?? null;
    const image = /** @type {HTMLElement} */ (element.querySelector(".image"));
    this.#still = image.querySelector(".tiles-still");
    image.tabIndex = 0;
    image.setAttribute("role", "application");
    const keys = translate("The arrow keys move the map, with Shift farther; plus and minus zoom; Home goes back.");
    image.setAttribute("aria-label", `${control.label}. ${keys}`);
    element.querySelector(".under")?.append(this.#buttons());
    this.#canvas.setAttribute("role", "img");

    const letGo = takeHold(image, control, {
      view: () => this.#view,
      home: () => /** @type {View} */ (bench.home(control.name)),
      move: (view) => this.#move(view),
      hover: (spot) => this.#look(spot),
    });
    const recolour = () => {
      this.#painter.recolour();
      this.#repaint();
    };
    // Measure here, not in each frame: reading a width forces a layout.
    const observer = new ResizeObserver(([{ contentRect }]) => {
      this.#width = contentRect.width;
      this.#repaint();
    });
    observer.observe(this.#canvas);
    const theme = element.getRootNode(); // the document, or the shadow root of a notebook
    theme.addEventListener("themechange", recolour);
    this.#destroy = [
      letGo,
      () => observer.disconnect(),
      () => theme.removeEventListener("themechange", recolour),
      () => this.#origin?.destroy(),
      () => this.#store?.want([]),
      () => cancelAnimationFrame(this.#frame),
    ];
    this.#moveStill();
  }

  /** @param {MapPanel} panel */
  draw(panel) {
    this.#panel = panel;
    if (this.#canvas.getAttribute("aria-label") !== panel.alt) this.#canvas.setAttribute("aria-label", panel.alt);
    if (!this.#canvas.isConnected) {
      this.#still?.after(this.#canvas);
      this.#still?.setAttribute("aria-hidden", "true");
    }
    this.#follow();
  }

  /** Follow a view that was set elsewhere. */
  follow() {
    this.#moveStill();
    this.#follow();
  }

  /** Ignore the pointer until it moves. */
  lookAway() {
    this.#look(null);
  }

  /** The message for the status line, or null. */
  get trouble() {
    return this.#origin?.trouble ?? null;
  }

  destroy() {
    for (const end of this.#destroy) end();
  }

  /** @returns {View} */
  get #view() {
    return /** @type {View} */ (this.#bench.values()[this.#control.name]);
  }

  /** @param {View} view */
  #move(view) {
    this.#bench.move(this.#control.name, view);
    if (this.#hover !== null) this.#look(this.#hover);
  }

  /** Show the code under the pointer, or the one at the centre. @param {Spot | null} spot */
  #look(spot) {
    if (spot === null && this.#hover === null) return;
    this.#hover = spot;
    if (spot === null) {
      this.#bench.look(null);
    } else {
      const { x, y } = codeAt(this.#control, this.#view, spot);
      this.#bench.look({ [this.#control.name]: tidy(this.#control, [x, y, this.#view[2]]) });
    }
    this.#repaint();
  }

  /** Requests the tiles for the current view. */
  #follow() {
    const panel = this.#panel;
    if (panel === null) return;
    const { [this.#control.name]: _, ...others } = this.#bench.values();
    const origin = this.#origin?.atServer(panel, this.#bench.edition() !== 0) ? this.#origin : null;
    const key = origin ? `${panel.server} ${panel.axes} ${panel.at}` : JSON.stringify([this.#bench.edition(), others]);
    if (this.#store?.key !== key) {
      this.#store?.want([]);
      this.#before = this.#store;
      this.#store = this.#open(key, origin);
    }
    const visible = visibleTiles(this.#control, this.#view);
    const parents = visible.filter(({ zoom }) => zoom > 0).map(parentOf);
    this.#store?.want([...visible, ROOT, ...parents]); // invisible ones will stand in for missing tiles
    this.#caption(this.#whereDecoded(origin !== null));
    this.#bench.report();
    this.#repaint();
  }

  /** @param {boolean} atServer */
  #whereDecoded(atServer) {
    if (atServer) return translate("Decoded on the server");
    return this.#bench.server ? translate("Decoded in this page") : translate("Decoded in the notebook’s kernel");
  }

  /** @param {string} key @param {import("../map/source.js").TileOrigin | null} origin the server, if it is used */
  #open(key, origin) {
    const fromPage = async (/** @type {import("../map/geometry.js").Address} */ address) => {
      const view = viewOf(this.#control, address);
      const { panels } = await this.#bench.compute({ [this.#control.name]: view });
      const panel = panels.find((each) => each.kind === "map" && each.key === this.#panel?.key);
      if (panel?.kind !== "map") throw new Error("The frame has no map.");
      return panel.data;
    };
    return new TileStore(key, {
      load: origin ? (address, signal) => origin.fromServer(address, signal) : fromPage,
      atOnce: origin ? SERVER_AT_ONCE : 1,
      onTile: () => {
        this.#bench.report();
        this.#repaint();
      },
      // The instrument reports errors of its Python when a frame fails.
      onFailure: origin ? (error) => origin.failed(error) : () => {},
    });
  }

  #repaint() {
    this.#frame ||= requestAnimationFrame((now) => {
      this.#frame = 0;
      timed(() => this.#paint(now));
    });
  }

  /** @param {number} now */
  #paint(now) {
    const [panel, store, plane, view] = [this.#panel, this.#store, this.#control, this.#view];
    if (panel === null || store === null || this.#width === 0) return;
    const size = Math.round(this.#width * devicePixelRatio);
    if (this.#canvas.width !== size) [this.#canvas.width, this.#canvas.height] = [size, size];
    this.#context.setTransform(size / ACROSS, 0, 0, size / ACROSS, size / 2, size / 2);
    if (this.#still === null) this.#painter.ground(plane, view);
    else this.#painter.clear();
    if (this.#before !== null) this.#painter.tiles(this.#before, plane, view, now);
    const state = this.#painter.tiles(store, plane, view, now);
    if (state === "whole") {
      this.#before = null;
      if (this.#still !== null) this.#repaint(); // now with a background
      this.#still?.remove();
      this.#still = null;
    }
    this.#painter.rings(plane, view, panel.rings);
    if (panel.dots !== null) this.#painter.dots(plane, view, panel.dots);
    this.#painter.names(plane, view, panel.rings, panel.dots);
    this.#painter.scale(plane, view[2]);
    if (this.#hover === null) this.#painter.crosshair();
    if (state === "fading") this.#repaint();
  }

  /** Make the still follow the view until there are tiles. */
  #moveStill() {
    if (this.#still === null) return;
    const home = /** @type {View} */ (this.#bench.home(this.#control.name));
    const { x, y } = placeOf(this.#control, this.#view, home[0], home[1]);
    const larger = 2 ** (this.#view[2] - home[2]);
    if (larger > STILL_LARGEST) {
      this.#still.remove();
      this.#still = null;
    } else {
      this.#still.style.transform = `translate(${(100 * x) / ACROSS}%, ${(100 * y) / ACROSS}%) scale(${larger})`;
    }
  }

  #buttons() {
    const moving = (/** @type {string} */ text, /** @type {string} */ ariaLabel, /** @type {() => View} */ next) => {
      return button(text, () => this.#move(next()), { ariaLabel });
    };
    return make(
      "div",
      { className: "map-buttons" },
      moving("+", translate("Zoom in"), () => zoomed(this.#control, this.#view, 1)),
      moving("−", translate("Zoom out"), () => zoomed(this.#control, this.#view, -1)),
      moving(translate("Home"), translate("Home: the first view"), () => /** @type {View} */ (this.#bench.home(this.#control.name))),
    );
  }

  /** @param {string} text */
  #caption(text) {
    setText(this.#element.querySelector(".captions span"), text);
  }
}
