/**
 * One of a few options, as radio buttons.
 *
 * @typedef {import("../spec.js").ControlSpec & {options: Record<string, string>, default: string, yours: boolean, autoplay_seconds: number}} ChoiceSpec
 */
import { kept, onKept } from "../kept.js";
import { input } from "./fields.js";
import { mountGallery } from "../panels/gallery.js";
import { YOURS } from "../spec.js";
import { setText } from "../../text.js";
import { translate } from "../../words.js";

/** @type {import("./types.js").Kind<ChoiceSpec>} */
export const choice = {
  read: ({ options, yours }, text) =>
    Object.hasOwn(options, text) || (yours && text === YOURS)
      ? { value: text }
      : { problem: `“${text}” is not one of ${Object.keys(options).join(", ")}.` },

  bind(control, element, hand) {
    // The part that needs a saved network: one option, or the complete choice if it has no others.
    const own = /** @type {HTMLElement | null} */ (element.matches("[data-kept]") ? element : element.querySelector("[data-kept]"));
    if (own !== null) {
      const offer = () => (own.hidden = kept() === null);
      onKept(offer, hand.signal);
      offer();
    }
    element.addEventListener("change", (event) => hand.move(/** @type {HTMLInputElement} */ (event.target).value));
    bindPlay(control, element, hand);
    return {
      show: (/** @type {string} */ value) => {
        input(element, `[value="${CSS.escape(value)}"]`).checked = true;
      },
      entered: () => ({ value: input(element, ":checked").value }),
    };
  },

  mount: (element, control, bench) => mountGallery(element, { control, bench, values: Object.keys(control.options) }),

  likely: ({ options }, value) => Object.keys(options).filter((option) => option !== value),

  fill(control, element, label) {
    const place = /** @type {Element} */ (element.querySelector(".options"));
    const empty = /** @type {Element} */ (place.firstElementChild);
    const yours = control.yours ? { [YOURS]: translate("Yours") } : {};
    const options = Object.entries({ ...control.options, ...yours }).map(([value, words]) => {
      const option = /** @type {HTMLElement} */ (empty.cloneNode(true));
      const radio = /** @type {HTMLInputElement} */ (option.firstElementChild);
      radio.name = `${label}.${control.name}`;
      radio.value = value;
      radio.defaultChecked = value === control.default;
      if (value === YOURS) option.dataset.kept = "";
      option.append(words);
      return option;
    });
    place.replaceChildren(...options);
    if (control.autoplay_seconds === 0) element.querySelector('[data-action="play"]')?.remove();
  },
};

/**
 * Step through the options of a choice, until the last one or until the reader moves a control.
 *
 * @param {ChoiceSpec} choice
 * @param {HTMLElement} element of the choice
 * @param {import("./types.js").Hand} hand its `controls` stop it when moved
 */
function bindPlay(choice, element, { value, move, controls, signal }) {
  const button = element.querySelector('[data-action="play"]');
  if (!button) return;
  const options = Object.keys(choice.options);
  const isLast = () => value() === options[options.length - 1];
  let clock = 0;

  const stop = () => {
    clearInterval(clock);
    clock = 0;
    element.removeAttribute("data-plays");
    setText(button, translate("Play"));
  };
  const next = () => {
    move(options[options.indexOf(value()) + 1]);
    if (isLast()) stop();
  };
  button.addEventListener("click", () => {
    if (clock !== 0) return stop();
    if (isLast()) move(options[0]);
    element.toggleAttribute("data-plays", true);
    setText(button, translate("Stop"));
    clock = setInterval(next, 1_000 * choice.autoplay_seconds);
  });
  controls.addEventListener("input", stop, { signal });
  signal.addEventListener("abort", stop);
}
