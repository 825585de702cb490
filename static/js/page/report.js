/** "Report a mistake" under a section: opens an e-mail or form with the address, the edition and the selected text. */
import { config } from "../config.js";
import { translate } from "../words.js";

/** Maximum characters of a quotation: some hosts and mail programs cut long addresses. */
const MAX_QUOTED = 600;

/** The selection from before the link was pressed: the press may clear it. */
let selected = "";

export function startReports() {
  document.addEventListener("pointerdown", ({ target }) => {
    selected = linkAt(target) ? String(getSelection()) : "";
  });
  document.addEventListener("click", ({ target }) => {
    const link = linkAt(target);
    if (link) link.href = addressOf(link, (String(getSelection()) || selected).trim().slice(0, MAX_QUOTED));
  });
}

/** @param {EventTarget | null} target @returns {HTMLAnchorElement | null} */
const linkAt = (target) => (target instanceof Element ? target.closest("a[data-report]") : null);

/** @param {HTMLAnchorElement} link @param {string} quoted */
function addressOf({ dataset: { report = "", title = "" } }, quoted) {
  const lines = [translate("Page: {address}", { address: location.href }), translate("Edition: {edition}", { edition: config.build })];
  if (quoted) lines.push(translate("Passage: “{text}”", { text: quoted }));
  lines.push("", translate("What is wrong:"), "");
  const text = lines.join("\r\n");
  return report.replace(/{(title|text)}/g, (_, name) => encodeURIComponent(name === "title" ? title : text));
}
