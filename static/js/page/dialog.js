import { make } from "../elements.js";
import { translate } from "../words.js";

/**
 * Open a dialog with a title and a button that closes it.
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
  const highlights = [...(CSS.highlights ?? [])]; // WebKit would paint the dialog's title in place of a note
  for (const [name] of highlights) CSS.highlights.delete(name);
  dialog.addEventListener("close", () => {
    dialog.remove();
    for (const [name, highlight] of highlights) if (!CSS.highlights.has(name)) CSS.highlights.set(name, highlight);
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
