/**
 * Send an element all events of a drag. Disable text selection meanwhile: Safari would select text that the pointer
 * reaches after it leaves the element.
 *
 * @param {Element} element
 * @param {PointerEvent} event that began the drag
 */
export function hold(element, { pointerId }) {
  const refuse = (/** @type {Event} */ event) => event.preventDefault();
  element.setPointerCapture(pointerId);
  document.addEventListener("selectstart", refuse);
  element.addEventListener("lostpointercapture", () => document.removeEventListener("selectstart", refuse), { once: true });
}
