/**
 * What an instrument of the page will ask once it has come to life, asked before that: Python answers while the page is laid out
 * and painted.
 */
import { runtime } from "../python/page/runtime.js";
import { ownState, readState } from "./state.js";

/** @typedef {import("../python/page/job.js").Message} Message */

/** The question, as text, and its answer to come. @type {{question: string, answer: Promise<any>} | null} */
let first = null;

/** Asks for the instrument whose state is in the address, or else for the page's first one. */
export function askFirst() {
  const sections = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("section[data-instrument]")]);
  const specs = sections.map(({ dataset }) => /** @type {import("./state.js").InstrumentSpec} */ (JSON.parse(dataset.spec ?? "")));
  const spec = specs.find(({ label }) => location.search.includes(`${label}.`)) ?? specs[0];
  if (spec === undefined) return;
  const controls = { ...ownState(spec), ...readState(location.search, spec).values };
  /** @type {Message} */
  const message = { type: "compute_widget", widget: spec.name, controls, source: null };
  const answer = runtime.request(message);
  answer.catch(() => {}); // told to whoever takes it
  first = { question: JSON.stringify(message), answer };
}

/** The answer, once, if this is the question. @param {Message} message @returns {Promise<any> | null} */
export function takeFirst(message) {
  if (first?.question !== JSON.stringify(message)) return null;
  const { answer } = first;
  first = null;
  return answer;
}
