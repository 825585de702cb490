/** Options to pick in class: shared by a choice, a statement to judge and several right options. */
import { make } from "latentbook/elements.js";
import { inDigits, translate } from "latentbook/words.js";
import { one } from "./page.js";
import { captionOf } from "./results.js";

export class Picks {
  /** @param {{options?: string[], answer?: number | boolean | number[]}} asked @param {HTMLElement} place */
  constructor(asked, place) {
    this.asked = asked;
    this.fieldset = one("fieldset", place);
    this.fieldset.append(...(asked.options ?? []).map((html, i) => optionOf(html, i, this.type)));
  }

  /** @returns {"radio" | "checkbox"} of the options */
  get type() {
    return "radio";
  }

  get answer() {
    const picked = /** @type {HTMLInputElement | null} */ (this.fieldset.querySelector("input:checked"));
    return picked && { value: Number(picked.value) };
  }

  set answer(given) {
    for (const input of this.fieldset.querySelectorAll("input")) input.checked = Number(input.value) === given?.value;
  }

  /** Whether an option is right, once that is known. @param {number} option */
  isRight(option) {
    return option === this.asked.answer;
  }

  /** Each option with a bar for each round. @param {(number | number[])[][]} rounds @param {HTMLElement} place */
  showResults(rounds, place) {
    const caption = make("figcaption", {}, rounds.map((_, i) => captionOf(rounds, i)).join(". "));
    const list = make("ul", { className: "bars" });
    for (const [i, option] of this.fieldset.querySelectorAll("label span").entries()) {
      const label = make("span", { className: "name", innerHTML: option.innerHTML });
      const { lang, dir } = this.fieldset; // of the book's text, if it differs from the page's
      if (lang) Object.assign(label, { lang, dir });
      const item = make("li", {}, label, ...rounds.map((answers) => barOf(answers, i)));
      if (this.isRight(i)) {
        item.className = "right";
        label.append(make("span", { className: "visually-hidden" }, translate("Right answer")));
      }
      list.append(item);
    }
    place.replaceChildren(make("figure", {}, caption, list));
  }
}

/** An option that a phone can pick. @param {string} html @param {number} i @param {"radio" | "checkbox"} type */
function optionOf(html, i, type) {
  const input = make("input", { type, name: "answer", autocomplete: "off", value: String(i) });
  const label = make("label", { id: `option-${i}` }, input, make("span", { innerHTML: html }));
  input.setAttribute("aria-labelledby", label.id); // Chromium leaves equations out of a label's own text
  return label;
}

/** @param {(number | number[])[]} answers @param {number} option */
function barOf(answers, option) {
  const count = answers.filter((answer) => [answer].flat().includes(option)).length;
  const share = answers.length === 0 ? 0 : count / answers.length;
  const bar = make("span", { className: "bar" });
  bar.style.setProperty("--share", String(share));
  const text = make("span", { className: "count" }, `${inDigits(share, { style: "percent" })} (${inDigits(count)})`);
  return make("span", { className: "row" }, bar, text);
}
