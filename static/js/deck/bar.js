/**
 * The bar under the slides: the present position, and the buttons.
 * @typedef {{previous: () => void, next: () => void, play: () => void, notes: () => void, full: () => void, leave: () => void}} Actions
 */
import { setText } from "../text.js";
import { isRightToLeft, translate } from "../words.js";

export class DeckBar {
  #element = document.createElement("nav");
  /** @type {Record<keyof Actions, HTMLButtonElement>} */
  #buttons;
  #place = document.createElement("p");
  #title = document.createElement("p");
  #said = document.createElement("p");

  /** @param {Actions} actions */
  constructor(actions) {
    this.#buttons = {
      previous: button(isRightToLeft() ? "›" : "‹", translate("Previous step"), isRightToLeft() ? "ArrowRight" : "ArrowLeft", actions.previous),
      next: button(isRightToLeft() ? "‹" : "›", translate("Next step"), isRightToLeft() ? "ArrowLeft" : "ArrowRight", actions.next),
      play: button(translate("Play"), "", "Space", actions.play),
      notes: button(translate("Notes"), translate("Notes in a separate window"), "N", actions.notes),
      full: button(translate("Full screen"), "", "F", actions.full),
      leave: button(translate("Leave"), translate("Leave the presentation"), "Escape", actions.leave),
    };
    const { previous, next, play, notes, full, leave } = this.#buttons;
    this.#element.className = "deck-bar";
    this.#element.setAttribute("aria-label", translate("Presentation"));
    this.#place.className = "place";
    this.#title.className = "title";
    this.#said.className = "message";
    this.#said.setAttribute("role", "status");
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

/** @param {string} words @param {string} name if the words do not say it @param {string} key @param {() => void} act */
function button(words, name, key, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "quiet";
  made.textContent = words;
  if (name) made.setAttribute("aria-label", name);
  made.setAttribute("aria-keyshortcuts", key);
  made.addEventListener("click", act);
  return made;
}
