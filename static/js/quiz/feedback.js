/** What is said to an answer. */

/** What an author wrote for one answer: it stands hidden in the page. @param {HTMLElement} section @param {string} selector */
export function copyOf(section, selector) {
  return [...(section.querySelector(selector)?.cloneNode(true).childNodes ?? [])];
}
