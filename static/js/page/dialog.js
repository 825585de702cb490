/** Makes dialogs. */
import { make } from "../elements.js";
import { translate } from "../words.js";

/**
 * Opens a dialog with a title and a button that closes it.
 *
 * @param {string} name its class
 * @param {string} title
 * @param {Node[]} contents
 */
export function openDialog(name, title, contents) {
  const heading = make("h2", { id: `${name}-title` }, title);
  const close = make("button", { className: "quiet" }, translate("Close"));
  const head = make("form", { className: "head", method: "dialog" }, heading, close);
  const body = make("div", { className: "body" }, ...contents);
  const dialog = make("dialog", { className: `embed-code ${name}` }, head, body);
  dialog.setAttribute("aria-labelledby", heading.id);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
