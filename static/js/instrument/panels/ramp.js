/**
 * Pixel colours for canvases.
 *
 * @typedef {[rows: number, columns: number, height: number, width: number, channels?: number]} Cells channels: 3, or none in grey
 */
import { colourOf } from "../../figure/palette.js";

/**
 * A pixel in canvas format: a grey in the theme's colours, or red, green and blue unchanged.
 *
 * @param {Uint32Array} ramp
 * @param {Uint8Array} data
 * @param {number} i index of the pixel
 * @param {number} channels 1 or 3
 */
export const colourAt = (ramp, data, i, channels) =>
  channels === 1 ? ramp[data[i]] : 0xff000000 | (data[3 * i + 2] << 16) | (data[3 * i + 1] << 8) | data[3 * i];

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
