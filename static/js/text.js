/**
 * Changes the text of an element, if it changes. A new text node would have more of the page laid out than the old one with
 * other characters.
 *
 * @param {Element | null | undefined} element
 * @param {string} text
 */
export function setText(element, text) {
  if (!element || element.textContent === text) return;
  const { firstChild: node } = element;
  if (node instanceof Text && node === element.lastChild && text !== "") node.data = text;
  else element.textContent = text;
}

/** A text without the codes that colour it in a terminal. @param {string} text */
export const withoutColours = (text) => text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "");
