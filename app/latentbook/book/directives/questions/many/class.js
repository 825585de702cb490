import { Picks } from "latentbook-class/picks.js";

export default class Many extends Picks {
  /** @returns {"checkbox"} */
  get type() {
    return "checkbox";
  }

  /** The indices of the ticked options. @returns {{value: any} | null} */
  get answer() {
    const ticked = [.../** @type {NodeListOf<HTMLInputElement>} */ (this.fieldset.querySelectorAll("input:checked"))];
    return ticked.length === 0 ? null : { value: ticked.map(({ value }) => Number(value)) };
  }

  set answer(given) {
    for (const input of this.fieldset.querySelectorAll("input")) input.checked = given?.value.includes(Number(input.value)) ?? false;
  }

  /** @param {number} option */
  isRight(option) {
    const right = /** @type {number[] | undefined} */ (this.asked.answer);
    return right?.includes(option) ?? false;
  }
}
