/**
 * SVG elements as plain data: written as text for the still, created or patched as DOM for the live picture.
 *
 * @typedef {{tag: string, at: Record<string, string>, kids: (SvgNode | string)[]}} SvgNode
 */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} tag
 * @param {Record<string, string | number | undefined>} at attributes; undefined ones are left out
 * @param {(SvgNode | string)[]} kids
 * @returns {SvgNode}
 */
export function node(tag, at, kids = []) {
  /** @type {Record<string, string>} */
  const attributes = {};
  for (const name in at) {
    const value = at[name];
    if (value !== undefined) attributes[name] = typeof value === "number" ? String(value) : value;
  }
  return { tag, at: attributes, kids };
}

/** @param {string} text @returns {string} */
const escape = (text) =>
  text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");

/** @param {SvgNode | string} item @returns {string} the markup */
export function markup(item) {
  if (typeof item === "string") return escape(item);
  let text = `<${item.tag}`;
  for (const name in item.at) text += ` ${name}="${escape(item.at[name])}"`;
  return item.kids.length ? `${text}>${item.kids.map(markup).join("")}</${item.tag}>` : `${text}/>`;
}

/** @param {Element} element @returns {SvgNode} parses the output of markup() from the page */
export function read(element) {
  /** @type {Record<string, string>} */
  const at = {};
  for (const { name, value } of element.attributes) at[name] = value;
  const kids = [...element.childNodes].map((kid) =>
    kid instanceof Element ? read(kid) : (kid.nodeValue ?? ""),
  );
  return { tag: element.localName, at, kids };
}

/** @param {SvgNode | string} item @returns {Node} */
function create(item) {
  if (typeof item === "string") return document.createTextNode(item);
  const element = document.createElementNS(SVG, item.tag);
  for (const name in item.at) element.setAttribute(name, item.at[name]);
  element.append(...item.kids.map(create));
  return element;
}

/** @param {SvgNode | string} item */
const kind = (item) => (typeof item === "string" ? "#text" : item.tag);

/**
 * Make the page's element equal to `after`; touch only differences from `before`, its current description.
 *
 * @param {Element} element
 * @param {SvgNode} before
 * @param {SvgNode} after
 */
function patch(element, before, after) {
  patchAttributes(element, before.at, after.at);
  patchKids(element, before.kids, after.kids);
}

/** @param {Element} element @param {Record<string, string>} before @param {Record<string, string>} after */
export function patchAttributes(element, before, after) {
  for (const name in after) if (before[name] !== after[name]) element.setAttribute(name, after[name]);
  for (const name in before) if (!(name in after)) element.removeAttribute(name);
}

/**
 * Patch each node whose predecessor at the same index is of the same kind; replace others. A new node costs a browser
 * more than a changed one.
 * @param {Element} element
 * @param {(SvgNode | string)[]} before
 * @param {(SvgNode | string)[]} after
 */
export function patchKids(element, before, after) {
  while (element.childNodes.length > after.length) element.lastChild?.remove();
  after.forEach((kid, i) => {
    const was = before[i];
    const child = element.childNodes[i];
    if (child === undefined) element.append(create(kid));
    else if (kind(kid) !== kind(was)) child.replaceWith(create(kid));
    else if (typeof kid !== "string") patch(/** @type {Element} */ (child), /** @type {SvgNode} */ (was), kid);
    else if (kid !== was) child.nodeValue = kid;
  });
}
