/** The captions under a panel of tiles, spread from left to right. */
import { make } from "../../elements.js";
import { setText } from "../../text.js";

/** @param {HTMLElement} element of the panel @param {string[]} captions */
export function caption(element, captions) {
  const row = element.querySelector(".captions");
  if (captions.length === 0) return row?.remove();
  const place = /** @type {HTMLElement} */ (row) ?? element.appendChild(make("p", { className: "captions" }));
  while (place.childElementCount > captions.length) place.lastElementChild?.remove();
  while (place.childElementCount < captions.length) place.append(make("span"));
  for (const [i, text] of captions.entries()) setText(place.children[i], text);
}
