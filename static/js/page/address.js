/** What the address of a page says. */
import { config } from "../config.js";

/** The id that its fragment names, empty where it names none. */
export function idInAddress() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return ""; // a broken escape names nothing
  }
}

/**
 * Addresses from when a chapter was one page, `autoencoders/?bottleneck.k=12#bottleneck`, lead to the section where it is now.
 * Called in the head of a page, and when one has come into the frame.
 */
export function leadOn() {
  const [state = ""] = new URLSearchParams(location.search).keys();
  const id = idInAddress() || state.split(".")[0]; // LABEL.CONTROL
  if (!Object.hasOwn(config.moved, id)) return;
  const place = new URL(config.moved[id], location.href);
  place.search = location.search;
  location.replace(place);
}
