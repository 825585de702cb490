/**
 * Send the first request of a page's first instrument before it starts. Python then answers while the page is laid out
 * and painted, or before the reader follows the link to the page.
 */
import { questionOf } from "./question.js";
import { ownState } from "./spec.js";

/**
 * @import { Message } from "../python/page/job.js"
 * @import { Controls } from "../python/protocol.js"
 * @import { InstrumentSpec } from "./spec.js"
 * @typedef {{readState: (search: string, spec: InstrumentSpec) => {values: Controls}}} Reader reads a state from the
 *   address (state.js)
 */

/** The request as text, and the promise of its answer. @type {{question: string, answer: Promise<any>} | null} */
let first = null;

/**
 * Request the picture of the instrument whose state is in the address, or else of the page's first one.
 *
 * @param {import("./surroundings.js").Python} python
 * @param {Promise<Reader>} reader only needed for a state in the address, so it loads after the first paint
 * @param {{page?: Document, search?: string, background?: boolean}} [options] `page`: the page about to be shown
 * @returns {HTMLElement | null} the instrument, which must start first
 */
export function askFirst(python, reader, { page = document, search = location.search, background = false } = {}) {
  const sections = /** @type {HTMLElement[]} */ ([...page.querySelectorAll("section[data-instrument]")]);
  const section = sections.find(({ id }) => search.includes(`${id}.`)) ?? sections[0];
  if (section === undefined) return null;
  /** @type {InstrumentSpec} */
  const spec = JSON.parse(section.dataset.spec ?? "");
  const ask = (/** @type {Controls} */ values) => {
    /** @type {Message} */
    const message = questionOf(spec, { ...ownState(spec), ...values }, null);
    const question = JSON.stringify(message);
    if (first?.question === question) return;
    const answer = python.request(message, { background });
    first = { question, answer };
    answer.catch(() => first?.answer === answer && forgetFirst()); // the instrument asks again and gets the error
  };
  if (!search.includes(`${spec.label}.`)) ask({});
  else reader.then(({ readState }) => ask(readState(search, spec).values), () => {}); // the block reports scripts that do not load
  return section;
}

export function forgetFirst() {
  first = null;
}

/**
 * The first answer, if it belongs to this request; only once.
 * @param {Message} message @returns {Promise<any> | null}
 */
export function takeFirst(message) {
  if (first?.question !== JSON.stringify(message)) return null;
  const { answer } = first;
  first = null;
  return answer;
}
