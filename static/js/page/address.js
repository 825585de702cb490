import { config } from "../config.js";

/** The id in the page's fragment, or "". */
export function idInAddress() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return ""; // a broken escape is not an id
  }
}

/**
 * Redirect old addresses: from when a chapter was one page, `autoencoders/?bottleneck.k=12#bottleneck`, to the current
 * section, and from a page that has moved to its new address. Called in the head of a page, and after a page has been
 * loaded into the frame.
 */
export function leadOn() {
  const [state = ""] = new URLSearchParams(location.search).keys();
  const id = idInAddress() || state.split(".")[0]; // LABEL.CONTROL
  const from = [id, ""].find((each) => Object.hasOwn(config.moved, each));
  if (from === undefined) return;
  const place = new URL(config.moved[from], location.href);
  place.search = location.search;
  if (from !== id) place.hash = location.hash;
  location.replace(place);
}
