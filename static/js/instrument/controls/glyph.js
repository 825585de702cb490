/**
 * A character that the page draws with the fonts of this device. Its value is the character, a space and the picture,
 * with one of COLOURS per pixel, as widgets/kit/drawing.py reads it. The default value is the character alone, not
 * drawn.
 *
 * @import { Read } from "./types.js"
 * @typedef {import("../spec.js").ControlSpec & {default: string, side: number, suggestions: string[]}} GlyphSpec
 */
import { input } from "./fields.js";
import { fillSuggestions, graphemes, normal, SUGGESTION } from "./textbox.js";
import { translate } from "../../words.js";

const COLOURS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const MAX_POINTS = 16; // code points of a character, as in widgets/controls.py
const FINER = 4; // drawn at this multiple of the resolution, for smooth edges
const MISSING = "\u{10ffff}"; // no font contains it

/** A character's picture as text. @param {string} character @param {number} side */
function draw(character, side) {
  const pen = brush(FINER * side);
  const { width } = pen.canvas;
  pen.font = `${width / 2}px sans-serif`;
  const box = pen.measureText(character);
  const [w, h] = [box.actualBoundingBoxLeft + box.actualBoundingBoxRight, box.actualBoundingBoxAscent + box.actualBoundingBoxDescent];
  const scale = width / Math.max(w, h, 1);
  pen.translate(width / 2, width / 2);
  pen.scale(scale, scale);
  pen.fillText(character, box.actualBoundingBoxLeft - w / 2, box.actualBoundingBoxAscent - h / 2);
  const small = brush(side);
  small.drawImage(pen.canvas, 0, 0, side, side);
  const { data } = small.getImageData(0, 0, side, side);
  const level = (/** @type {number} */ at) => Math.round(data[at] / 85);
  return Array.from({ length: side * side }, (_, i) => COLOURS[16 * level(4 * i) + 4 * level(4 * i + 1) + level(4 * i + 2)]).join("");
}

/** A white square to draw on, in black. @param {number} side */
function brush(side) {
  const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  pen.fillStyle = "white";
  pen.fillRect(0, 0, side, side);
  pen.fillStyle = "black";
  pen.imageSmoothingQuality = "high";
  return pen;
}

/** @type {import("./types.js").Kind<GlyphSpec>} */
export const glyph = {
  read({ default: home, side }, text) {
    const [character, picture, ...rest] = normal(text, MAX_POINTS + 1 + side * side).split(" ");
    const isOne = character !== "" && [...character].length <= MAX_POINTS;
    if (!isOne || rest.length > 0) return { problem: translate("Type one character, such as an emoji."), nearest: home };
    if (picture === undefined) return { value: character };
    if (picture.length !== side * side || [...picture].some((each) => !COLOURS.includes(each))) return { problem: translate("This is not a picture of a character."), nearest: home };
    return { value: `${character} ${picture}` };
  },

  bind(control, element, hand) {
    const { side } = control;
    const field = input(element, "input");
    const entry = /** @type {HTMLElement} */ (field.parentElement);

    /**
     * The last character in the field, drawn, so that typing replaces the previous one.
     * @param {string} text @returns {Read}
     */
    const drawn = (text) => {
      const last = [...graphemes.segment(normal(text, control.side ** 2))].at(-1)?.segment ?? "";
      const read = glyph.read(control, last);
      if ("problem" in read) return read;
      const picture = draw(last, side);
      if (picture === draw(MISSING, side)) return { problem: translate("The fonts of this device do not have this character."), nearest: hand.value() };
      return { value: `${last} ${picture}` };
    };
    const take = (/** @type {string} */ text) => hand.accept(drawn(text));
    /** The value of an untouched field, which need not be drawn again, or the drawn character. */
    const entered = () => (field.value === hand.value().split(" ")[0] ? { value: hand.value() } : drawn(field.value));

    field.addEventListener("input", (event) => {
      if (!(/** @type {InputEvent} */ (event).isComposing) && field.value.trim() !== "") take(field.value);
    });
    field.addEventListener("compositionend", () => take(field.value));
    field.addEventListener("change", () => hand.accept(entered()));
    field.addEventListener("focus", () => field.select());
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault(); // do not submit a form around it
      hand.accept(entered());
    });
    for (const button of element.querySelectorAll(SUGGESTION)) button.addEventListener("click", () => take(button.textContent ?? ""));
    return {
      show: (/** @type {string} */ value) => {
        const [character] = value.split(" ");
        entry.dataset.value = character; // for print
        if (field.value !== character) field.value = character;
      },
      entered,
    };
  },

  fill(control, element) {
    input(element, "input").defaultValue = control.default;
    fillSuggestions(control, element);
  },
};
