import { Picks } from "latentbook-class/picks.js";

export default class TrueFalse extends Picks {
  /** Whether an option is right; True is the first option. @param {number} option */
  isRight(option) {
    return this.asked.answer !== undefined && option === Number(!this.asked.answer);
  }
}
