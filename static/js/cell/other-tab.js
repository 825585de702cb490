/** Another tab has edited the same code: a notice offers either version. */
import { translate } from "../words.js";

/**
 * @param {() => void} take the other version
 * @param {() => void} keep the one that is here
 * @returns {HTMLElement} the notice, which either choice removes
 */
export function otherVersion(take, keep) {
  const place = document.createElement("div");
  place.className = "other-tab";
  place.setAttribute("role", "status");
  const said = document.createElement("p");
  said.textContent = translate("Another tab has a different version of this code. The one that is edited last is kept.");
  place.append(said);
  for (const [name, go] of /** @type {const} */ ([[translate("Use its version"), take], [translate("Keep this version"), keep]])) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.addEventListener("click", () => {
      place.remove();
      go();
    });
    place.append(button);
  }
  return place;
}
