/**
 * A slider, with its value in a text field.
 *
 * @typedef {import("../spec.js").ControlSpec & {default: number, min: number, max: number, step: number, values: number[], unit: string,
 *   ends: [string, string]}} SliderSpec `ends`: of its scale, as printed
 */
import { input, scaleFrom, stepped, typed } from "./fields.js";
import { mountGallery } from "../panels/gallery.js";
import { translate } from "../../words.js";

/** @type {import("./types.js").Kind<SliderSpec>} */
const field = typed([".typed"], {
  wanted(control) {
    const [low, ...others] = steps(control);
    return translate("A number from {low} to {high} is needed", { low, high: others[others.length - 1] });
  },
  accept(control, [number], text) {
    const all = steps(control);
    const [low, high] = [all[0], all[all.length - 1]];
    const hair = 1e-9 * (high - low);
    if (number < low - hair || number > high + hair) return { problem: translate("{text} is outside the range from {low} to {high}.", { text, low, high }) };
    const step = all[nearest(all, number)];
    if (Math.abs(step - number) <= hair) return { value: step };
    const problem =
      control.values.length > 0
        ? translate("{text} is not one of {values}.", { text, values: all.join(", ") })
        : translate("{text} is between two steps of {step}.", { text, step: control.step });
    return { problem, nearest: step };
  },
  step(control, [number], _, way) {
    const all = steps(control);
    return all[stepped(nearest(all, number), way, 0, all.length - 1)];
  },
});

/** @type {import("./types.js").Kind<SliderSpec>} */
export const slider = {
  read: field.read,

  bind(control, element, hand) {
    const all = steps(control);
    const { name, unit } = control;
    const listed = control.values.length > 0;
    const range = input(element, `[name="${name}"]`);
    const inRange = () => all[listed ? Number(range.value) : nearest(all, Number(range.value))];
    range.addEventListener("input", () => hand.move(inRange()));
    const { show, entered } = /** @type {Required<import("./types.js").Bound>} */ (field.bind(control, element, hand));
    return {
      show: (/** @type {number} */ value) => {
        range.value = String(listed ? nearest(all, value) : value);
        range.style.setProperty("--value", fraction(range));
        range.setAttribute("aria-valuetext", unit ? `${value} ${unit}` : String(value));
        show(value);
      },
      entered: () => (range.value === range.defaultValue ? entered() : { value: inRange() }),
    };
  },

  mount: (element, control, bench) => mountGallery(element, { control, bench, values: steps(control) }),

  /** All other steps, from the nearest outwards. */
  likely(control, value) {
    const all = steps(control);
    const here = nearest(all, value);
    const outward = all.map((_, i) => i).sort((a, b) => Math.abs(a - here) - Math.abs(b - here));
    return outward.slice(1).map((i) => all[i]);
  },

  fill(control, element) {
    const all = steps(control);
    const listed = control.values.length > 0;
    const range = input(element, 'input[type="range"]');
    range.min = String(listed ? 0 : all[0]);
    range.max = String(listed ? all.length - 1 : all[all.length - 1]);
    range.step = String(listed ? 1 : control.step);
    range.defaultValue = String(listed ? all.indexOf(control.default) : control.default);
    for (const [i, end] of element.querySelectorAll(".end").entries()) end.textContent = control.ends[i];
    const { label: name, unit } = control;
    const typed = unit === "" ? translate("{name}, typed", { name }) : translate("{name}, typed, in {unit}", { name, unit });
    element.querySelector(".typed")?.setAttribute("aria-label", typed);
  },
};

/** Every value a slider can take, ascending. @param {SliderSpec} slider @returns {number[]} */
function steps(slider) {
  if (slider.values.length > 0) return slider.values;
  const count = Math.floor((slider.max - slider.min) / slider.step + 1e-9);
  const at = scaleFrom(slider.min, slider.step);
  return Array.from({ length: count + 1 }, (_, i) => Math.min(at(i), slider.max));
}

/** Index of the step nearest to a number. @param {number[]} all @param {number} value */
function nearest(all, value) {
  let best = 0;
  for (let i = 1; i < all.length; i++) {
    if (Math.abs(all[i] - value) < Math.abs(all[best] - value)) best = i;
  }
  return best;
}

/** Position of a slider's thumb, 0 to 1. @param {HTMLInputElement} range */
function fraction(range) {
  const [low, high] = [Number(range.min), Number(range.max)];
  return String((Number(range.value) - low) / (high - low));
}
