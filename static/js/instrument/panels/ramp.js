/** The theme's colours, as canvases need them. */
import { colourOf } from "../../figure/palette.js";

/**
 * @param {Element} element
 * @param {CanvasRenderingContext2D} context converts any CSS colour to hex
 * @returns {Uint32Array} 256 colours from paper to ink
 */
export function rampOf(element, context) {
  const [paper, ink] = ["--tile-paper", "--tile-ink"].map((name) => {
    context.fillStyle = colourOf(element, name);
    const hex = /** @type {string} */ (context.fillStyle);
    return hex.match(/[\da-f]{2}/g)?.map((pair) => Number.parseInt(pair, 16)) ?? [];
  });
  const bytes = new Uint8ClampedArray(4 * 256);
  for (let grey = 0; grey < 256; grey++) {
    for (let i = 0; i < 3; i++) bytes[4 * grey + i] = paper[i] + ((ink[i] - paper[i]) * grey) / 255;
    bytes[4 * grey + 3] = 255;
  }
  return new Uint32Array(bytes.buffer);
}
