/** The page's judges for the server, which runs this bundle in-process (app/latentbook_classroom/grader/judges.py). */
import { JUDGES } from "latentbook-judges";

/** The kinds of question that are judged here: those with a `judge.js` in their folder. */
export const kinds = Object.keys(JUDGES);

/**
 * @param {string} kind
 * @param {string} answer as the page's log stores it
 * @param {any} key
 * @param {any} more
 * @returns {import("latentbook/quiz/judge.js").Judgement}
 */
export const judge = (kind, answer, key, more) => JUDGES[kind](answer, key, more);
