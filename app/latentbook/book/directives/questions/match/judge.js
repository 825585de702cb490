import { unread } from "latentbook/quiz/judge.js";
import { translate } from "latentbook/words.js";

/** @typedef {import("latentbook/quiz/judge.js").Judgement} Judgement */

/**
 * Judge the indices of the right item for each left one, "2,0,1".
 * @param {string} answer @param {{answer: number[]}} key @returns {Judgement}
 */
export function judge(answer, key) {
  const picked = answer.split(",");
  const all = key.answer.length;
  if (picked.length !== all || picked.includes("")) return unread(translate("Choose a letter for each first."));
  const good = picked.filter((place, i) => place === String(key.answer[i])).length;
  if (good === all) return { state: "right", said: "", feedback: [] };
  return { state: "wrong", said: translate("Right pairs: {good} of {all}.", { good, all }), feedback: picked.map((place, i) => `pair ${i}=${place}`) };
}
