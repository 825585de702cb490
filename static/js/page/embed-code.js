/** "Embed": the HTML that shows one block of the book on a page of another site. */
import { absolute } from "../config.js";
import { button, make } from "../elements.js";
import { openDialog } from "./dialog.js";
import { translate } from "../words.js";

/** Height that the frame needs in addition to the block: margins and the line under it, px. */
const BELOW = 56;

/** @param {HTMLElement} block an instrument with its current settings, a snippet or a question */
export function offerCode(block) {
  if (document.querySelector("dialog.embed-code")) return; // the click repeats an earlier one
  const value = frameOf(block);
  const code = make("textarea", { readOnly: true, rows: 6, spellcheck: false, dir: "ltr", ariaLabel: translate("HTML to copy"), value });
  const said = make("p", { role: "status" });
  const onCopy = async () => {
    code.select();
    try {
      await navigator.clipboard.writeText(code.value);
      said.textContent = translate("Copied");
    } catch {
      said.textContent = translate("The browser does not let this page copy. The text is selected: press Ctrl C.");
    }
  };
  const copy = button(translate("Copy"), onCopy, { className: "primary" });
  const why = make("p", {}, translate("Paste this into a page of your course or any other site. It will open with the present settings."));
  openDialog("embed", translate("Embed"), [why, code, copy, said]);
  code.select();
}

/** @param {HTMLElement} block */
function frameOf(block) {
  const address = new URL(absolute(`embed/${block.id}/`));
  for (const [key, value] of new URLSearchParams(location.search)) {
    if (key.startsWith(`${block.id}.`)) address.searchParams.set(key, value);
  }
  const [number, name] = [".label", ".title"].map((part) => block.querySelector(part)?.textContent?.trim() ?? "");
  const title = `${number} ${name}`.trim();
  const height = String(Math.ceil(block.offsetHeight) + BELOW);
  const frame = make("iframe", { src: address.href, title, width: "100%", height });
  frame.setAttribute("style", "border: 0");
  return Object.assign(frame, { loading: "lazy", allow: "clipboard-write; cross-origin-isolated; fullscreen" }).outerHTML;
}
