/**
 * The bar under the slides: the current position and buttons.
 * @typedef {{previous: () => void, next: () => void, play: () => void, notes: () => void, full: () => void, leave: () => void}} Actions
 */
import { button, make } from "../elements.js";
import { setText } from "../text.js";
import { isRightToLeft, translate } from "../words.js";

export class DeckBar {
  #element = make("nav", { className: "deck-bar", ariaLabel: translate("Presentation") });
  #buttons;
  #place = make("p", { className: "place" });
  #title = make("p", { className: "title" });
  #said = make("p", { className: "message", role: "status" });

  /** @param {Actions} actions */
  constructor(actions) {
    this.#buttons = {
      previous: buttonFor(isRightToLeft() ? "›" : "‹", translate("Previous step"), isRightToLeft() ? "ArrowRight" : "ArrowLeft", actions.previous),
      next: buttonFor(isRightToLeft() ? "‹" : "›", translate("Next step"), isRightToLeft() ? "ArrowLeft" : "ArrowRight", actions.next),
      play: buttonFor(translate("Play"), "", "Space", actions.play),
      notes: buttonFor(translate("Notes"), translate("Notes in a separate window"), "N", actions.notes),
      full: buttonFor(translate("Full screen"), "", "F", actions.full),
      leave: buttonFor(translate("Leave"), translate("Leave the presentation"), "Escape", actions.leave),
    };
    const { previous, next, play, notes, full, leave } = this.#buttons;
    full.hidden = !document.fullscreenEnabled;
    this.#element.append(previous, this.#place, next, play, this.#title, this.#said, notes, full, leave);
    document.querySelector(".page")?.after(this.#element);
  }

  hasFocus() {
    return this.#element.contains(document.activeElement);
  }

  /** @param {number} number @param {number} count @param {string} title if the slide itself may not show it */
  showPlace(number, count, title) {
    setText(this.#place, `${number} / ${count}`);
    setText(this.#title, title);
    // Not `disabled`, which would take the focus from a reader who steps with Enter.
    this.#buttons.previous.setAttribute("aria-disabled", String(number === 1));
    this.#buttons.next.setAttribute("aria-disabled", String(number === count));
    this.say("");
  }

  /** @param {boolean} playing */
  showPlaying(playing) {
    setText(this.#buttons.play, playing ? translate("Pause") : translate("Play"));
  }

  /** @param {boolean} full */
  showFull(full) {
    setText(this.#buttons.full, full ? translate("Leave full screen") : translate("Full screen"));
  }

  /** @param {string} sentence */
  say(sentence) {
    setText(this.#said, sentence);
  }

  remove() {
    this.#element.remove();
  }
}

/**
 * @param {string} words @param {string} name for screen readers, if the words are not enough @param {string} key
 * @param {() => void} act
 */
const buttonFor = (words, name, key, act) => button(words, act, { className: "quiet", ariaLabel: name || null, ariaKeyShortcuts: key });
