/** Convert drawings to text short enough for a link, and back; widgets/kit/drawing.py describes the format. */

const GREYS = "0123456789abcdef";
const RUNS = "ghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const STEP = 17; // from one of the sixteen greys to the next, of 0 to 255

/** @param {Uint8Array} pixels row after row, 255 is ink @returns {string} */
export function toText(pixels) {
  const text = Array.from(pixels, (grey) => GREYS[Math.round(grey / STEP)]).join("");
  return text.replace(/0+/g, ({ length }) => {
    const pieces = Math.floor(length / RUNS.length);
    const rest = length % RUNS.length;
    return RUNS[RUNS.length - 1].repeat(pieces) + (rest === 0 ? "" : RUNS[rest - 1]);
  });
}

/** @param {string} text that `problemWith` accepts @returns {Uint8Array} */
export function toPixels(text) {
  /** @type {number[]} */
  const pixels = [];
  for (const character of text) {
    const run = RUNS.indexOf(character);
    if (run < 0) pixels.push(STEP * GREYS.indexOf(character));
    else for (let i = 0; i <= run; i++) pixels.push(0);
  }
  return Uint8Array.from(pixels);
}

/**
 * The problem with a text as a drawing with this many pixels per side, or "".
 * @param {string} text @param {number} side
 */
export function problemWith(text, side) {
  const wrong = [...text].find((character) => !"123456789abcdef".includes(character) && !RUNS.includes(character));
  if (wrong !== undefined) return `“${wrong}” stands for no pixels of a drawing.`;
  const count = toPixels(text).length;
  return count === side * side ? "" : `A drawing has ${side * side} pixels, not ${count}.`;
}
