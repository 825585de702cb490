/** A drawing, set on its pad. */
import { problemWith } from "../drawing-text.js";
import { mount } from "../panels/pad.js";

/** @type {import("./types.js").Kind<import("../panels/pad.js").DrawingSpec>} */
export const drawing = {
  read(control, text) {
    const problem = problemWith(text, control.side);
    return problem === "" ? { value: text } : { problem };
  },

  bind: () => ({ show: () => {} }), // the pad shows it

  mount,
};
