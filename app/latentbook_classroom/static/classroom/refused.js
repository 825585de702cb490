/** A refused form comes back with its entries and the reason; a saved form shows a confirmation. */
import { make } from "latentbook/elements.js";

const KEY = "latentbook-refused";
/** Hidden fields that are new each time. */
const ONCE = ["id", "form"];
/** Pages that can also be the reply to a form, then at a different address. */
const SHOWN_AT = /(\/classroom\/(?:people\/\d+|people|me|settings|platforms))\/.*/;

/** @typedef {{page: string, action: string, entries: [name: string, value: string | boolean][], said?: string}} Sent */

export function keepEntries() {
  const sent = take();
  const refusal = document.querySelector("[data-refused]");
  if (refusal && sent && !sent.said) {
    keep({ ...sent, said: refusal.textContent ?? "" });
    location.replace(sent.page);
  } else if (!refusal && sent) {
    const form = Array.from(document.forms).find((each) => each.action === sent.action && isAlike(each, sent.entries));
    if (form && sent.said) restore(form, sent.entries, sent.said);
    else if (form?.dataset.saved && !document.querySelector("[role=alert]")) form.prepend(make("p", { role: "status", className: "made" }, form.dataset.saved));
  }
  addEventListener("submit", ({ target }) => {
    const form = /** @type {HTMLFormElement} */ (target);
    if (form.method !== "post") return;
    const page = location.pathname.replace(SHOWN_AT, "$1") + location.search;
    keep({ page, action: form.action, entries: fieldsOf(form).map((field) => [field.name, isBox(field) ? field.checked : field.value]) });
  });
}

/** @param {HTMLFormElement} form @param {Sent["entries"]} entries @param {string} said */
function restore(form, entries, said) {
  for (const [i, field] of fieldsOf(form).entries()) {
    const [, value] = /** @type {Sent["entries"][number]} */ (entries[i]);
    if (isBox(field)) field.checked = Boolean(value);
    else field.value = String(value);
  }
  const alert = make("p", { role: "alert", className: "warning", tabIndex: -1 }, said);
  form.prepend(alert);
  for (let box = form.closest("details"); box; box = box.parentElement?.closest("details") ?? null) box.open = true;
  alert.focus();
}

/** Whether a form has the fields that were sent, with the same hidden values: forms may share an address. @param {HTMLFormElement} form @param {Sent["entries"]} entries */
function isAlike(form, entries) {
  const fields = fieldsOf(form);
  /** @param {HTMLInputElement} field @param {number} i */
  const isSame = ({ name, type, value }, i) => name === entries[i]?.[0] && (type !== "hidden" || name === "shown" || value === entries[i][1]);
  return fields.length === entries.length && fields.every(isSame);
}

/** The fields that a reader fills in, except secrets and files. @param {HTMLFormElement} form */
function fieldsOf(form) {
  const fields = /** @type {HTMLInputElement[]} */ (Array.from(form.elements));
  return fields.filter(({ name, type }) => name !== "" && !["password", "file", "submit", "button"].includes(type) && !ONCE.includes(name));
}

/** @param {HTMLInputElement} field */
const isBox = ({ type }) => type === "checkbox" || type === "radio";

/** @param {Sent} sent */
function keep(sent) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(sent));
  } catch {
    // If nothing can be stored, or not as much, the refusal remains on its own page.
  }
}

/** Returns and deletes the form that was sent last. @returns {Sent | null} */
function take() {
  try {
    const text = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
