import { Picks } from "latentbook-class/picks.js";

export default class TrueFalse extends Picks {
  /** True comes first. @param {number} option */
  isRight(option) {
    return this.asked.answer !== undefined && option === Number(!this.asked.answer);
  }
}
