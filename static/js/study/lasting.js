/**
 * Lifetime of the reader's work in the browser. Safari, and every browser on an iPhone or iPad, deletes data stored by
 * scripts after seven days of use without a visit to the site, except for a site on the Home Screen or in the Dock
 * (https://webkit.org/blog/10218/full-third-party-cookie-blocking-and-more/).
 */
import { isApples } from "../config.js";
import { read, write } from "../store.js";
import { translate } from "../words.js";
import { today } from "./day.js";

/** Days after which a saved file counts as out of date. */
const LATELY = 3;

let asked = false;

/** Ask the browser to retain stored data. Some ask the reader, so do this only after an act that is meant to last. */
export function askToKeep() {
  if (!asked) void navigator.storage?.persist?.();
  asked = true;
}

/** Record that the work has been saved as a file. */
export const noteSaved = () => write("saved", "file", today());

export const isSavedLately = () => today() - (read("saved", "file") ?? -Infinity) < LATELY;

/** A warning for readers whose browser deletes their work; "" for others. */
export function warning() {
  if (!isApples || matchMedia("(display-mode: standalone)").matches || Reflect.get(navigator, "standalone") === true) return "";
  return translate(
    "This browser deletes your work when you have used it on seven days without visiting this site. Save a file before a longer break, or add the book to your Home Screen or Dock and read it there: it begins empty, and takes your file.",
  );
}
