/** One option of several: what a choice and a statement to judge share in class. */
import { inDigits, translate } from "../words.js";
import { one } from "./page.js";
import { captionOf } from "./results.js";

export class Picks {
  /** @param {{options?: string[], answer?: number | boolean}} asked @param {HTMLElement} place */
  constructor(asked, place) {
    this.asked = asked;
    this.fieldset = one("fieldset", place);
  }

  get answer() {
    const picked = /** @type {HTMLInputElement | null} */ (this.fieldset.querySelector("input:checked"));
    return picked && { value: Number(picked.value) };
  }

  set answer(given) {
    for (const input of this.fieldset.querySelectorAll("input")) input.checked = Number(input.value) === given?.value;
  }

  /** The place of the right option, once it is known. */
  get right() {
    return this.asked.answer;
  }

  /** Each option with a bar for each round. @param {number[][]} rounds @param {HTMLElement} place */
  showResults(rounds, place) {
    const figure = document.createElement("figure");
    const caption = document.createElement("figcaption");
    caption.textContent = rounds.map((_, i) => captionOf(rounds, i)).join(". ");
    const list = document.createElement("ul");
    list.className = "bars";
    for (const [i, option] of this.fieldset.querySelectorAll("label span").entries()) {
      const item = document.createElement("li");
      const label = document.createElement("span");
      label.className = "name";
      label.innerHTML = option.innerHTML;
      const { lang, dir } = this.fieldset; // of the book's text, if it differs from the page's
      if (lang) Object.assign(label, { lang, dir });
      item.append(label, ...rounds.map((answers) => barOf(answers, i)));
      if (i === this.right) {
        item.className = "right";
        const said = document.createElement("span");
        said.className = "visually-hidden";
        said.textContent = translate("Right answer");
        label.append(said);
      }
      list.append(item);
    }
    figure.append(caption, list);
    place.replaceChildren(figure);
  }
}

/** @param {number[]} answers @param {number} option */
function barOf(answers, option) {
  const count = answers.filter((answer) => answer === option).length;
  const share = answers.length === 0 ? 0 : count / answers.length;
  const row = document.createElement("span");
  row.className = "row";
  const bar = document.createElement("span");
  bar.className = "bar";
  bar.style.setProperty("--share", String(share));
  const text = document.createElement("span");
  text.className = "count";
  text.textContent = `${inDigits(share, { style: "percent" })} (${inDigits(count)})`;
  row.append(bar, text);
  return row;
}
