/**
 * Equations and still pictures for the build, which runs this in-process, in an engine without DOM, timers or console.
 * Bundled with the global name `engine`; app/latentbook/book/compose/javascript.py calls it.
 */
import * as library from "katex";
import { check } from "./figure/check.js";
import { axesBox, svg } from "./figure/draw.js";

/**
 * @param {string} tex
 * @param {boolean} display on a separate line
 * @returns {{html: string, math: any}} HTML with MathML inside, and the MathML alone: [tag, ...children]
 * @throws {Error} with `rawMessage`, and `position` in the TeX
 */
export function katex(tex, display) {
  // Its types omit the tree. This structure is known only for the version in package-lock.json.
  const built = /** @type {any} */ (library).__renderToDomTree(tex, {
    displayMode: display,
    output: "htmlAndMathml",
    // The build marks symbols (app/latentbook/book/compose/math.py); authors cannot (REFUSED there).
    strict: (/** @type {string} */ code) => (code === "htmlExtension" ? "ignore" : "error"),
    throwOnError: true,
    trust: (/** @type {{command: string}} */ { command }) => command === "\\htmlData",
  });
  let math = built;
  while (math.type !== "math") math = math.children[0];
  math.children[0].children.length = 1; // readers do not need the TeX that follows
  return { html: built.toMarkup(), math: plain(math) };
}

/**
 * @param {any} node of KaTeX's tree
 * @returns {any} an element as [tag, ...children], text as a string
 */
function plain(node) {
  if (node.children) return [node.type ?? "mrow", ...node.children.map(plain)];
  return node.text ?? ["mspace"];
}

/**
 * @param {import("./figure/draw.js").Figure} figure
 * @param {number} width px
 * @param {string} id unique in the page
 * @param {string} label the alt text
 * @returns {string} an <svg>
 * @throws {Error} as checkFigure
 */
export function drawSvg(figure, width, id, label) {
  check(figure);
  return svg(figure, { width, id, label });
}

/**
 * The axes of a figure alone, without alt text.
 *
 * @param {import("./figure/draw.js").Figure} figure
 * @param {number} width px
 * @param {string} id unique in the page
 * @returns {string} JSON: `{svg, box}`, the box from `axesBox`
 */
export function drawAxes(figure, width, id) {
  const { shapes, annotations, ...layout } = figure.layout;
  return JSON.stringify({ svg: svg({ data: [], layout }, { width, id, label: "" }), box: axesBox(figure, width) });
}

/**
 * @param {any} figure
 * @throws {Error} that names the first unsupported key and the accepted ones
 */
export const checkFigure = (figure) => check(figure) ?? null;
