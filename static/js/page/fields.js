/**
 * Fields that one can write in come as buttons and become what they are with their block. Once a page is parsed a browser looks
 * at each field that it could fill in for the reader, and lays out the part of the page where it is, however far away that
 * part is: half a second in a long chapter. For the same reason there are no forms, so that each group of radio buttons has a
 * name of its own in the page.
 *
 * @param {HTMLElement} place
 */
export function openFields(place) {
  // Chromium draws no field whose type changes while its block, on the way into the window, is not yet laid out.
  const block = place.closest("section");
  block?.setAttribute("data-measured", "now");
  block?.checkVisibility();
  for (const field of /** @type {NodeListOf<HTMLInputElement>} */ (place.querySelectorAll("input[data-type]"))) {
    const held = field === document.activeElement;
    field.type = field.dataset.type ?? "";
    if (held) field.focus(); // a browser may take the focus from what it exchanges
  }
}
