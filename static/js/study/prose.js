/**
 * The prose of a page as one text; positions in it map to ranges of the page. An equation is the text of its MathML,
 * because KaTeX contains it twice. Code, outputs, instruments and questions are left out, because they change.
 *
 * @typedef {{node: Text | Element, start: number, end: number}} Piece text, or an equation
 * @typedef {import("./anchor.js").Prose & {pieces: Piece[]}} PageProse
 */

const LEFT_OUT = ".instrument, .snippet, .quiz, .plot, pre, svg, button, script, .katex > *, .permalink, .note-ref, .scripted, .visually-hidden, .recall-box";
const BLOCK = "p, li, td, th, dt, dd, figcaption, summary, h2, h3, h4, .equation";

/** @param {Element} root @returns {PageProse} */
export function proseOf(root) {
  const filter = (/** @type {Node} */ node) =>
    node instanceof Element && node.matches(LEFT_OUT) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT;
  const walker = root.ownerDocument.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, filter);
  /** @type {PageProse} */
  const prose = { text: "", labels: [], pieces: [] };
  /** @type {Element | null} */
  let block = null;
  while (walker.nextNode()) {
    const node = /** @type {Text | Element} */ (walker.currentNode);
    if (node instanceof Element && node.id !== "") prose.labels.push({ id: node.id, start: prose.text.length });
    const words = wordsOf(node);
    if (words === "") continue;
    const own = (node instanceof Element ? node : node.parentElement)?.closest(BLOCK) ?? null;
    if (own !== block) prose.text += " "; // between blocks
    block = own;
    const start = prose.text.length;
    prose.text += words;
    prose.pieces.push({ node, start, end: prose.text.length });
  }
  return prose;
}

/** @param {Text | Element} node */
function wordsOf(node) {
  if (node instanceof Element) return node.matches(".katex") ? (node.querySelector("math")?.textContent ?? "") : "";
  return node.data.trim() === "" && node.parentElement?.closest(BLOCK) === null ? "" : node.data.replace(/\s/g, " ");
}

/** @param {PageProse} prose @param {number} start @param {number} end */
export function rangeOf({ pieces }, start, end) {
  const range = document.createRange();
  const first = pieces.find((piece) => piece.end > start);
  const last = pieces.findLast((piece) => piece.start < end);
  if (first?.node instanceof Text) range.setStart(first.node, Math.max(0, start - first.start));
  else if (first) range.setStartBefore(first.node);
  if (last?.node instanceof Text) range.setEnd(last.node, Math.min(last.end, end) - last.start);
  else if (last) range.setEndAfter(last.node);
  return range;
}

/**
 * The selected text, without spaces around it.
 * @param {PageProse} prose @param {Range} range @returns {{start: number, end: number} | null}
 */
export function offsetsOf({ text, pieces }, range) {
  const touched = pieces.filter(({ node }) => range.intersectsNode(node));
  const [first, last] = [touched[0], touched.at(-1)];
  if (first === undefined || last === undefined) return null;
  const start = first.start + (first.node === range.startContainer ? range.startOffset : 0);
  const end = last.node === range.endContainer ? last.start + range.endOffset : last.end;
  const words = text.slice(start, end);
  const length = words.trim().length;
  const from = start + words.length - words.trimStart().length;
  return length === 0 ? null : { start: from, end: from + length };
}
