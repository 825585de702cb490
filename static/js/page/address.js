/** Reads the address of a page. */
import { config } from "../config.js";

/** The id in its fragment, or "". */
export function idInAddress() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return ""; // a broken escape is not an id
  }
}

/**
 * Addresses from when a chapter was one page, `autoencoders/?bottleneck.k=12#bottleneck`, lead to its present section.
 * Called in the head of a page, and after a page has been loaded into the frame.
 */
export function leadOn() {
  const [state = ""] = new URLSearchParams(location.search).keys();
  const id = idInAddress() || state.split(".")[0]; // LABEL.CONTROL
  if (!Object.hasOwn(config.moved, id)) return;
  const place = new URL(config.moved[id], location.href);
  place.search = location.search;
  location.replace(place);
}
