/**
 * Draws the question that the server sends, for phones to answer and for everyone to see.
 *
 * @typedef {{kind: string, title: string, section: string, question?: string, html?: string, opens?: string}} Asked
 *   and the data of its form (`asked` and `told` of its ClassForm)
 *   `kind`: the name of the form; `question`, `html`: the book's own markup
 *   `opens`: when the answer opens, if the votes are revealed before
 * @typedef {object} Form how an answer is given in class, and how all answers are shown
 * @property {{value: any} | {problem: string} | null} answer null until something is answered; an earlier answer is set as
 *   `{value}`; `problem`: why it cannot be read
 * @property {(rounds: any[][], place: HTMLElement) => void | Promise<void>} showResults `rounds`: the answers of each vote
 * @property {(seat: number, done: (value: any) => void) => void} [compute] answers by itself, on a phone
 * @property {() => void} [project] prepares it for the projector, where no one answers
 * @property {() => void} [destroy]
 * @typedef {new (asked: any, place: HTMLElement) => Form} FormOf the default export of `class.js` in the folder of a kind of question,
 *   or of a file in `forms`; `place` contains its markup (`class.html`)
 */
import { FORMS } from "latentbook-forms.js";
import { make } from "latentbook/elements.js";
import { one } from "./page.js";

/** Shows the question, and the place for an answer. @param {Asked} asked @param {HTMLElement} text @param {HTMLElement} place @returns {Form} */
export function showAsked(asked, text, place) {
  if (asked.question !== undefined) text.innerHTML = asked.question;
  else text.textContent = asked.html === undefined ? asked.title : ""; // an instrument shows its own title
  const template = /** @type {HTMLTemplateElement} */ (one(`template[data-form="${asked.kind}"]`));
  place.replaceChildren(template.content.cloneNode(true));
  return new FORMS[asked.kind](asked, place);
}

/** Shows all answers. @param {Form} form @param {Asked} asked @param {any[][]} rounds @param {HTMLElement} place */
export async function showResults(form, asked, rounds, place) {
  await form.showResults(rounds, place);
  if (!asked.opens) return;
  place.append(make("p", { className: "opens" }, asked.opens));
}
