/**
 * Explanation of an error in terms of the values that caused it, as a paragraph under the traceback. The first error
 * that needs a sentence fetches them all (sentences.js). If they do not arrive, there is only the traceback.
 *
 * @typedef {{id: string, values: Record<string, string>, fixes: string[], line: number, file: string}} Explanation
 *   A sentence and its values (widgets/engine/explain/). `fixes`: corrected code. `file`: empty for the code that ran.
 *   `line`: 0 for none.
 */
import { make } from "../elements.js";

/** Values, and code between backticks. */
const CODE = /\{(\w+)\}|`([^`]+)`/;

/** @type {Promise<typeof import("../explain/sentences.js")> | null} */
let sentences = null;

/** @returns {Promise<typeof import("../explain/sentences.js")>} */
async function load() {
  const place = Reflect.get(globalThis, "latentbookExplanations"); // only in other languages than English
  if (place !== undefined) {
    const translations = await (await fetch(new URL(`../${place}`, import.meta.url))).json();
    Object.assign(Reflect.get(globalThis, "latentbookWords"), translations);
  }
  return import("../explain/sentences.js");
}

/** @param {Explanation | null | undefined} explanation @returns {Promise<HTMLElement | null>} null without a sentence */
export async function explained(explanation) {
  if (!explanation) return null;
  try {
    sentences ??= load();
    const { SENTENCES, LINE, LINE_OF, FITS, BOTH_FIT } = await sentences;
    const { id, values, line, file, fixes } = explanation;
    const place = line === 0 ? [] : [...written(file === "" ? LINE : LINE_OF, { line: String(line), file }), " "];
    const paragraph = make("p", { className: "explanation" }, ...place, ...written(SENTENCES[id], values));
    const [fix, other] = fixes;
    if (fix) paragraph.append(" ", ...written(other ? BOTH_FIT : FITS, { fix, other }));
    return paragraph;
  } catch {
    sentences = null; // the network may come back
    return null;
  }
}

/**
 * A sentence with its values as code, except the line number.
 * @param {string} sentence @param {Record<string, string>} values
 */
function written(sentence, values) {
  return sentence.split(CODE).map((piece, i) => {
    if (piece === undefined) return ""; // one of the two groups
    if (i % 3 === 0) return piece;
    if (piece === "line") return values.line;
    return make("code", {}, i % 3 === 1 ? values[piece] : piece);
  });
}
