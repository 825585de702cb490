/** Steps through the options of a choice, until the last one or until the reader takes over. */
import { setText } from "../text.js";
import { translate } from "../words.js";

/**
 * @param {import("./state.js").ChoiceSpec} choice
 * @param {HTMLElement} controls all those of the instrument: moving any of them takes over
 * @param {HTMLElement} element of the choice
 * @param {{value: () => string, move: (value: string) => void, signal: AbortSignal}} at `signal`: the controls are gone
 */
export function bindPlay(choice, controls, element, { value, move, signal }) {
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
