/**
 * Fields that one can write in come as buttons and become what they are with their block. Once a page is parsed a browser looks
 * at each field that it could fill in for the reader, and lays out the part of the page where it is, however far away that
 * part is: half a second in a long chapter. For the same reason there are no forms, so that each group of radio buttons has a
 * name of its own in the page.
 *
 * @param {HTMLElement} place
 */
export function openFields(place) {
  for (const field of place.querySelectorAll("input")) {
    const held = field === document.activeElement;
    field.type = field.dataset.type ?? field.type;
    if (held) field.focus(); // a browser may take the focus from what it exchanges
  }
}
