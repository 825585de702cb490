/**
 * A line of text, with suggestions as buttons, not as a drop-down list: few screen readers announce one, and it shows
 * only items that match the field.
 *
 * @typedef {import("../spec.js").ControlSpec & {default: string, max_length: number, suggestions: string[], placeholder: string}} TextboxSpec
 */
import { input } from "./fields.js";
import { translate, translateCount } from "../../words.js";

/* As in widgets/kit/text.py. */
const DROPPED = /[\0-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]/gu;
const SPACES = /[\p{White_Space}\x1c-\x1f]+/gu;
const MOST_COMPOSED = 4;

export const SUGGESTION = '[data-action="suggest"]';
export const graphemes = new Intl.Segmenter();

/** @param {string} text @param {number} limit */
export function normal(text, limit) {
  const words = text.replace(DROPPED, "").replace(SPACES, " ").trim();
  return [...words.slice(0, 2 * MOST_COMPOSED * (limit + 1))].slice(0, MOST_COMPOSED * (limit + 1)).join("").normalize("NFC");
}

/**
 * The beginning of a text, cut after a complete visible character, if there is one.
 * @param {string} text @param {number} limit
 */
function cut(text, limit) {
  const { length } = [...text].slice(0, limit).join("");
  const { index } = graphemes.segment(text).containing(length) ?? { index: length };
  return text.slice(0, index || length).trim();
}

/** @type {import("./types.js").Kind<TextboxSpec>} */
export const textbox = {
  read({ max_length: limit }, given) {
    const text = normal(given, limit);
    if ([...text].length <= limit) return { value: text };
    const problem = translateCount(limit, "The limit is {number} character.", "The limit is {number} characters.");
    return { problem, nearest: cut(text, limit) };
  },

  bind(control, element, hand) {
    const field = input(element, "input");
    const entry = /** @type {HTMLElement} */ (field.parentElement);
    const entered = () => textbox.read(control, field.value);
    let isTyping = false; // then leave the field's text and its undo alone
    const follow = () => {
      const read = entered();
      if ("problem" in read && read.nearest === hand.value() && element.querySelector(".problem")) return; // reported
      isTyping = true;
      hand.accept(read);
      isTyping = false;
    };
    field.addEventListener("input", (event) => {
      if (!(/** @type {InputEvent} */ (event).isComposing)) follow();
    });
    field.addEventListener("compositionend", follow);
    const finish = () => hand.accept(entered());
    field.addEventListener("change", finish);
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault(); // do not submit a form around it
      finish();
    });
    for (const button of element.querySelectorAll(SUGGESTION)) button.addEventListener("click", () => hand.accept({ value: button.textContent ?? "" }));
    return {
      show: (/** @type {string} */ text) => {
        entry.dataset.value = text; // for print
        if (!isTyping && field.value !== text) field.value = text;
      },
      entered,
    };
  },

  likely: ({ suggestions }, value) => suggestions.filter((text) => text !== value),

  fill(control, element) {
    const field = input(element, "input");
    field.defaultValue = control.default;
    field.placeholder = control.placeholder;
    fillSuggestions(control, element);
  },
};

/** Write a declaration's suggestions into the markup. @param {{label: string, suggestions: string[]}} control @param {Element} element */
export function fillSuggestions({ label: name, suggestions }, element) {
  const group = /** @type {Element} */ (element.querySelector(".suggestions"));
  if (suggestions.length === 0) return group.remove();
  group.setAttribute("aria-label", translate("Suggestions for {name}", { name }));
  const empty = /** @type {Element} */ (group.querySelector(SUGGESTION));
  group.replaceChildren(...suggestions.map((text) => Object.assign(empty.cloneNode(), { textContent: text })));
}
