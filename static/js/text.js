/**
 * Set the text of an element if it differs. Changing the characters of a text node causes less layout than a new node.
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

/** A text without terminal colour codes. @param {string} text */
export const withoutColours = (text) => text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "");
