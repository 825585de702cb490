/**
 * How long a browser keeps the reader's work. Safari, and with it every browser on an iPhone or iPad, deletes what scripts have stored
 * after seven days on which it was used without a visit to the site, except for a site on the Home Screen or in the Dock
 * (https://webkit.org/blog/10218/full-third-party-cookie-blocking-and-more/).
 */
import { isApples } from "../config.js";
import { read, write } from "../store.js";
import { translate } from "../words.js";
import { today } from "./day.js";

/** Days after which a saved file no longer has what matters. */
const LATELY = 3;

let asked = false;

/** Asks the browser to keep what is stored when space is short. Some ask the reader, so only after an act that is meant to last. */
export function askToKeep() {
  if (!asked) void navigator.storage?.persist?.();
  asked = true;
}

/** The work has been saved as a file. */
export const noteSaved = () => write("saved", "file", today());

export const isSavedLately = () => today() - (read("saved", "file") ?? -Infinity) < LATELY;

/** What a reader must know whose browser deletes the work; "" in others. */
export function warning() {
  if (!isApples || matchMedia("(display-mode: standalone)").matches || Reflect.get(navigator, "standalone") === true) return "";
  return translate(
    "This browser deletes your work when you have used it on seven days without visiting this site. Save a file before a longer break, or add the book to your Home Screen or Dock and read it there: it begins empty, and takes your file.",
  );
}
