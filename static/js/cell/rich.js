/**
 * Make elements from HTML that Python has cleaned (widgets/engine/rich.py), without trusting it: only these lists pass.
 */

const TAGS = new Set(
  `table caption colgroup col thead tbody tfoot tr th td p div span b strong i em u s code pre kbd samp sub sup small br hr ul ol li
  dl dt dd figure figcaption blockquote`.split(/\s+/),
);
const DROPPED = new Set(["script", "style", "template", "svg", "math", "iframe", "object"]);
/** @type {Record<string, RegExp>} */
const ATTRIBUTES = { colspan: /^\d{1,3}$/, rowspan: /^\d{1,3}$/, scope: /^(row|col)(group)?$/ };
/** @type {Record<string, RegExp>} */
const DATA = { img: /^data:image\/(png|jpeg|gif|webp|svg\+xml)[;,]/, audio: /^data:audio\/[\w.+-]+[;,]/ };

/** @param {string} html */
export function elementsOf(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html"); // it runs no scripts and fetches nothing
  return [...parsed.body.childNodes].flatMap(copied);
}

/** @param {Node} node @returns {(Node | string)[]} */
function copied(node) {
  if (!(node instanceof Element)) return node.nodeType === Node.TEXT_NODE ? [node.textContent ?? ""] : [];
  const name = node.localName;
  const source = node.getAttribute("src") ?? "";
  if (DATA[name]?.test(source)) {
    const shown = document.createElement(name);
    shown.setAttribute("src", source);
    if (name === "img") shown.setAttribute("alt", node.getAttribute("alt") ?? "");
    else shown.setAttribute("aria-label", node.getAttribute("aria-label") ?? "");
    shown.toggleAttribute("controls", name === "audio");
    return [shown];
  }
  if (DROPPED.has(name)) return [];
  const inside = [...node.childNodes].flatMap(copied);
  if (!TAGS.has(name)) return inside;
  const copy = document.createElement(name);
  for (const [attribute, pattern] of Object.entries(ATTRIBUTES)) {
    const value = node.getAttribute(attribute);
    if (value !== null && pattern.test(value)) copy.setAttribute(attribute, value);
  }
  copy.append(...inside);
  return [copy];
}
