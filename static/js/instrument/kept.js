/** The network that the reader has trained and saved: an .npz file as base64 in this browser's storage. */
import { follow, read, write } from "../store.js";

const NAME = "network";
const news = new EventTarget();

/** @returns {string | null} */
export function kept() {
  const text = read("kept", NAME);
  return typeof text === "string" ? text : null;
}

/** @param {string} npz @returns {boolean} whether the browser stored it */
export function keep(npz) {
  const done = write("kept", NAME, npz);
  news.dispatchEvent(new Event("kept"));
  return done;
}

/**
 * Call back on changes, including those from other tabs.
 * @param {() => void} react @param {AbortSignal} signal ends it
 */
export function onKept(react, signal) {
  news.addEventListener("kept", react, { signal });
  follow("kept", NAME, react, signal);
}
