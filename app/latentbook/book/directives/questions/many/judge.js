import { unread } from "latentbook/quiz/judge.js";
import { translate, translateCount } from "latentbook/words.js";

/** @typedef {import("latentbook/quiz/judge.js").Judgement} Judgement */

/**
 * Judge the indices of ticked options, "0,2".
 * @param {string} answer @param {{answer: number[]}} key @returns {Judgement}
 */
export function judge(answer, key) {
  const ticked = new Set(answer === "" ? [] : answer.split(","));
  if (ticked.size === 0) return unread(translate("Tick what you think is right first."));
  const all = key.answer.length;
  const found = key.answer.filter((place) => ticked.has(String(place))).length;
  const astray = ticked.size - found;
  const feedback = [...ticked].map((place) => `option ${place}`);
  if (found === all && astray === 0) return { state: "right", said: "", feedback };
  const said = translate("{found} of {all} found.", { found, all });
  const others = astray === 0 ? "" : ` ${translateCount(astray, "{number} does not belong.", "{number} do not belong.")}`;
  return { state: "wrong", said: said + others, feedback };
}
