/** The page's judges for the server, which runs this bundle in-process (app/latentbook/classroom/grader/judges.py). */
import { judgeNumber } from "latentbook-questions/number/judge.js";
import { isRight } from "latentbook-questions/order/judge.js";
import { judgeGuess, judgeMany, judgeMatch, judgePick } from "../quiz/judge.js";

/**
 * @param {string} kind
 * @param {string} answer as the page's log stores it
 * @param {any} key
 * @param {{step: string, lines: string[]}} more of a guess and of an order
 * @returns {import("../quiz/judge.js").Judgement}
 */
export function judge(kind, answer, key, { step, lines }) {
  if (kind === "number") {
    const found = judgeNumber(answer, key);
    if (found.verdict === "unreadable") return { state: "unread", said: found.why, feedback: [] };
    const listed = "listed" in found ? [`wrong ${found.listed}`] : [];
    return { state: found.verdict, said: "why" in found ? found.why : "", feedback: listed };
  }
  if (kind === "order") {
    const used = JSON.parse(answer).map((/** @type {[number, number]} */ [line, indent]) => ({ line, indent }));
    return { state: isRight(used, key, lines) ? "right" : "wrong", said: "", feedback: [] };
  }
  if (kind === "guess") return judgeGuess(answer, key, step);
  if (kind === "many") return judgeMany(answer, key);
  if (kind === "match") return judgeMatch(answer, key);
  return judgePick(answer, key);
}
