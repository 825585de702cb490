/**
 * A tiles panel: one canvas pixel per pixel of the data, enlarged by CSS without smoothing.
 *
 * @import { TilesPanel } from "../../python/protocol.js"
 */
import { make } from "../../elements.js";
import { caption } from "./captions.js";
import { mountGallery } from "./gallery.js";
import { colourAt, rampOf } from "./ramp.js";

/**
 * @param {HTMLElement} element with the still, or empty
 * @returns {{draw: (panel: TilesPanel) => void, destroy: () => void}}
 */
export function mount(element) {
  const image = /** @type {HTMLElement | null} */ (element.querySelector(".image")) ?? element.appendChild(make("div", { className: "image" }));
  const canvas = document.createElement("canvas");
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  let ramp = rampOf(element, context);
  /** @type {ImageData | null} */
  let pixels = null;
  /** @type {TilesPanel | null} */
  let panel = null;
  /** @type {ReturnType<typeof mountGallery> | null} */
  let gallery = null;

  const paint = () => {
    if (panel === null) return;
    const [width, height] = sizeOf(panel);
    if (pixels === null || pixels.width !== width || pixels.height !== height) {
      [canvas.width, canvas.height] = [width, height];
      pixels = context.createImageData(width, height);
      image.style.setProperty("--ratio", `${width} / ${height}`);
    }
    fill(new Uint32Array(pixels.data.buffer), panel, ramp);
    context.putImageData(pixels, 0, 0);
  };
  const recolor = () => {
    ramp = rampOf(element, context);
    paint();
  };
  const theme = element.getRootNode(); // the document, or the shadow root of a notebook
  theme.addEventListener("themechange", recolor);

  return {
    draw(next) {
      if (next.gallery !== null) {
        gallery ??= mountGallery(element);
        return gallery.draw(next);
      }
      if (gallery !== null) {
        // only in a reader's version
        gallery.destroy();
        gallery = null;
        image.className = "image";
        image.removeAttribute("role");
        image.removeAttribute("aria-label");
        element.querySelector(".named")?.remove();
      }
      panel = next;
      paint();
      caption(element, panel.captions);
      if (canvas.getAttribute("aria-label") !== panel.alt) canvas.setAttribute("aria-label", panel.alt);
      if (!canvas.isConnected) {
        canvas.setAttribute("role", "img");
        image.replaceChildren(canvas);
      }
    },
    destroy() {
      gallery?.destroy();
      theme.removeEventListener("themechange", recolor);
    },
  };
}

/** @param {TilesPanel} panel @returns {[number, number]} width and height in canvas pixels */
const sizeOf = ({ shape: [rows, columns, height, width], gap }) => [
  columns * (width + gap) - gap,
  rows * (height + gap) - gap,
];

/**
 * @param {Uint32Array} pixels of the canvas, one number per pixel
 * @param {TilesPanel} panel
 * @param {Uint32Array} ramp the colour of each grey
 */
function fill(pixels, { data, shape: [rows, columns, height, width, channels = 1], gap }, ramp) {
  const stride = columns * (width + gap) - gap;
  if (gap > 0) pixels.fill(ramp[0]);
  let from = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let to = row * (height + gap) * stride + column * (width + gap);
      for (let y = 0; y < height; y++, to += stride) {
        for (let x = 0; x < width; x++) pixels[to + x] = colourAt(ramp, data, from++, channels);
      }
    }
  }
}
