/**
 * Gives an element all of a drag. No text is selected meanwhile: Safari would begin with what the pointer comes over when it leaves
 * the element.
 *
 * @param {Element} element
 * @param {PointerEvent} event which began it
 */
export function hold(element, { pointerId }) {
  const refuse = (/** @type {Event} */ event) => event.preventDefault();
  element.setPointerCapture(pointerId);
  document.addEventListener("selectstart", refuse);
  element.addEventListener("lostpointercapture", () => document.removeEventListener("selectstart", refuse), { once: true });
}
