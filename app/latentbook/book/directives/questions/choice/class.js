import { Picks } from "latentbook/lecture/picks.js";

export default class Choice extends Picks {
  /** @param {{options: string[], answer?: number}} asked @param {HTMLElement} place */
  constructor(asked, place) {
    super(asked, place);
    this.fieldset.append(...asked.options.map(optionOf));
  }
}

/** @param {string} html @param {number} i */
function optionOf(html, i) {
  const option = document.createElement("label");
  const input = document.createElement("input");
  Object.assign(input, { type: "radio", name: "answer", autocomplete: "off", value: String(i) });
  const words = document.createElement("span");
  words.innerHTML = html;
  option.append(input, words);
  return option;
}
