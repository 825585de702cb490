/**
 * Sends the first request of the page's first instrument before it starts: Python answers while the page is laid out
 * and painted.
 */
import { questionOf } from "./question.js";
import { ownState, readState } from "./state.js";

/** @typedef {import("../python/page/job.js").Message} Message */

/** The request as text, and its answer to come. @type {{question: string, answer: Promise<any>} | null} */
let first = null;

/**
 * Requests the picture of the instrument whose state is in the address, or else of the page's first one.
 *
 * @param {import("./surroundings.js").Python} python
 * @returns {HTMLElement | null} the instrument, which is to be started first
 */
export function askFirst(python) {
  const sections = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("section[data-instrument]")]);
  const section = sections.find(({ id }) => location.search.includes(`${id}.`)) ?? sections[0];
  if (section === undefined) return null;
  /** @type {import("./state.js").InstrumentSpec} */
  const spec = JSON.parse(section.dataset.spec ?? "");
  const controls = { ...ownState(spec), ...readState(location.search, spec).values };
  /** @type {Message} */
  const message = questionOf(spec, controls, null);
  const answer = python.request(message);
  answer.catch(() => {}); // the caller of takeFirst gets the error
  first = { question: JSON.stringify(message), answer };
  return section;
}

/** The answer, once, if this is the request. @param {Message} message @returns {Promise<any> | null} */
export function takeFirst(message) {
  if (first?.question !== JSON.stringify(message)) return null;
  const { answer } = first;
  first = null;
  return answer;
}
