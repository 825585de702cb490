/** "Embed": the HTML that shows one block of the book in a page of another site. */
import { absolute } from "../config.js";
import { translate } from "../words.js";

/** Height of the block in the frame and of the line under it, px. */
const BELOW = 56;

/** @param {HTMLElement} block an instrument as it is set, a snippet or a question */
export function offerCode(block) {
  if (document.querySelector("dialog.embed-code")) return; // an earlier click is repeated
  const dialog = document.createElement("dialog");
  dialog.className = "embed-code";
  dialog.setAttribute("aria-labelledby", "embed-code-title");
  const title = element("h2", translate("Embed"));
  title.id = "embed-code-title";
  const close = element("button", translate("Close"));
  close.className = "quiet";
  const head = element("form", "");
  head.className = "head";
  head.setAttribute("method", "dialog");
  head.append(title, close);

  const code = document.createElement("textarea");
  code.readOnly = true;
  code.rows = 6;
  code.spellcheck = false;
  code.dir = "ltr";
  code.setAttribute("aria-label", translate("HTML to copy"));
  code.value = frameOf(block);
  const copy = element("button", translate("Copy"));
  copy.type = "button";
  copy.className = "primary";
  const said = element("p", "");
  said.setAttribute("role", "status");
  copy.addEventListener("click", async () => {
    code.select();
    try {
      await navigator.clipboard.writeText(code.value);
      said.textContent = translate("Copied");
    } catch {
      said.textContent = translate("The browser does not let this page copy. The text is selected: press Ctrl C.");
    }
  });
  const body = element("div", "");
  body.className = "body";
  body.append(element("p", translate("Paste this into a page of your course or any other site. It will open with the present settings.")), code, copy, said);

  dialog.append(head, body);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  code.select();
}

/** @param {HTMLElement} block */
function frameOf(block) {
  const address = new URL(absolute(`embed/${block.id}/`));
  for (const [key, value] of new URLSearchParams(location.search)) {
    if (key.startsWith(`${block.id}.`)) address.searchParams.set(key, value);
  }
  const frame = document.createElement("iframe");
  frame.setAttribute("src", address.href);
  const name = block.querySelector(".label")?.textContent?.trim() ?? "";
  frame.setAttribute("title", `${name} ${block.querySelector(".title")?.textContent?.trim() ?? ""}`.trim());
  frame.setAttribute("width", "100%");
  frame.setAttribute("height", String(Math.ceil(block.offsetHeight) + BELOW));
  frame.setAttribute("style", "border: 0");
  frame.setAttribute("loading", "lazy");
  frame.setAttribute("allow", "clipboard-write; cross-origin-isolated; fullscreen");
  return frame.outerHTML;
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name @param {string} text
 * @returns {HTMLElementTagNameMap[K]}
 */
function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
