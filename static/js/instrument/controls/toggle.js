/** On or off, as a checkbox. */
import { input } from "./fields.js";

/** @type {import("./types.js").Kind<import("../spec.js").ControlSpec>} */
export const toggle = {
  read: (_, text) => (text === "on" || text === "off" ? { value: text === "on" } : { problem: `“${text}” is neither on nor off.` }),

  bind(_, element, hand) {
    const box = input(element, "input");
    box.addEventListener("change", () => hand.move(box.checked));
    return {
      show: (/** @type {boolean} */ value) => {
        box.checked = value;
      },
      entered: () => ({ value: box.checked }),
    };
  },

  likely: (_, value) => [!value],
};
