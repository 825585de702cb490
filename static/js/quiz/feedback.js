/**
 * A copy of the feedback on one answer, which is hidden in the page.
 * @param {HTMLElement} section @param {string} selector
 */
export function copyOf(section, selector) {
  return [...(section.querySelector(selector)?.cloneNode(true).childNodes ?? [])];
}
