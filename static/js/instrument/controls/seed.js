/**
 * The seed of a generator: a text field, and a button that picks a different seed.
 *
 * @typedef {import("../spec.js").ControlSpec & {default: number, max: number}} SeedSpec
 */
import { stepped, typed } from "./fields.js";
import { translate } from "../../words.js";

/** @type {import("./types.js").Kind<SeedSpec>} */
const field = typed([""], {
  wanted: ({ max }) => translate("A whole number from 0 to {high} is needed", { high: max }),
  accept: ({ max }, [number]) => Number.isInteger(number) && number >= 0 && number <= max,
  step: ({ max }, [number], _, way) => stepped(number, way, 0, max),
});

/** @type {import("./types.js").Kind<SeedSpec>} */
export const seed = {
  ...field,
  bind(control, element, hand) {
    element.querySelector('[data-action="reseed"]')?.addEventListener("click", () => {
      const others = Math.floor(Math.random() * control.max); // one fewer than the number of seeds
      hand.move(others < hand.value() ? others : others + 1);
    });
    return field.bind(control, element, hand);
  },
};
