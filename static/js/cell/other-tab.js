/** Notice that offers a choice between this version of the code and one from another tab or a merged file. */
import { button, make } from "../elements.js";
import { read } from "../store.js";
import { translate } from "../words.js";

/**
 * Notice about the version in a merged file, until the reader has chosen.
 *
 * @param {string} label
 * @param {(code: import("../study/events.js").Code | null) => Promise<void>} take
 * @returns {HTMLElement | null} null if there is none
 */
export function mergedVersion(label, take) {
  const other = read("other", label);
  if (other === null) return null;
  const settle = async () => (await import("../study/log.js")).settleCode(label);
  const sentence = translate("The file that you merged has a different version of this code.");
  return otherVersion(() => take(other.code).then(settle), settle, sentence);
}

/**
 * @param {() => void} take the other version
 * @param {() => void} keep this version
 * @param {string} [sentence]
 * @returns {HTMLElement} the notice, which either choice removes
 */
export function otherVersion(take, keep, sentence = translate("Another tab has a different version of this code. The one that is edited last is kept.")) {
  const choice = (/** @type {string} */ name, /** @type {() => void} */ go) => {
    return button(name, () => {
      place.remove();
      go();
    });
  };
  const choices = [choice(translate("Use its version"), take), choice(translate("Keep this version"), keep)];
  const place = make("div", { className: "other-tab", role: "status" }, make("p", {}, sentence), ...choices);
  return place;
}
