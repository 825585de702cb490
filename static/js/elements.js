/** Helpers: elements, the clipboard and file downloads. */
import { translate } from "./words.js";

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Partial<HTMLElementTagNameMap[K]>} [properties]
 * @param {(Node | string)[]} contents
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(name, properties, ...contents) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...contents);
  return made;
}

/** @param {string} text @param {() => void} act @param {Partial<HTMLButtonElement>} [properties] */
export function button(text, act, properties) {
  const made = make("button", { type: "button", ...properties }, text);
  made.addEventListener("click", act);
  return made;
}

/**
 * Put a text on the clipboard. Safari allows this only during a click, so a text that takes time is passed as a
 * promise.
 *
 * @param {Promise<string>} text
 */
export function writeClipboard(text) {
  const blob = text.then((text) => new Blob([text], { type: "text/plain" }));
  blob.catch(() => {}); // the caller handles it
  return navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
}

/** Copy a text, and confirm this on the button for two seconds. @param {string} text @param {HTMLElement} button */
export async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = translate("Copied");
  } catch {
    button.textContent = translate("Not allowed");
  }
  setTimeout(() => (button.textContent = translate("Copy")), 2_000);
}

/** Save a file. @param {string} name @param {Blob} content */
export function saveFile(name, content) {
  const link = make("a", { href: URL.createObjectURL(content), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
