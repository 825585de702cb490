import { Picks } from "latentbook/lecture/picks.js";

export default class TrueFalse extends Picks {
  /** True comes first. */
  get right() {
    return this.asked.answer === undefined ? undefined : Number(!this.asked.answer);
  }
}
