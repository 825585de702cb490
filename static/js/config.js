/**
 * The build's data about the current page: the JSON in `#latentbook-config`.
 *
 * @typedef {{base: string, version: string, sizes: Record<string, number>, hashes: Record<string, string>}} RuntimeConfig
 *   `sizes`: files that Python needs to start, name -> bytes; `hashes`: the hashes in their names
 * @typedef {{root: string, build: string, runtime: RuntimeConfig, assets: Record<string, string>, search: string, sections: string,
 *   chapter: string | null, moved: Record<string, string>, reload: boolean, offline_bytes: number, served: string[]}} Config
 *   `root`: of the book, made absolute below. `build`: identifier of the site's build.
 *   `sections`: path of the digests of all sections. `moved`: new addresses of everything that was on this page before
 *   it was split, by id; under "", that of the page. `offline_bytes`: approximate download size of the complete book.
 *   `served`: the first parts of addresses where the server generates the pages.
 */

export { BUILD_HEADER } from "./build-header.js";

const LEAST_MEMORY_GB = 2;

/** @param {Document} page @returns {Config} unchanged, with `root` relative to the page */
export function configOf(page) {
  const text = page.getElementById("latentbook-config")?.textContent;
  if (!text) throw new Error("The page has no #latentbook-config.");
  return JSON.parse(text);
}

/** The current page's configuration (navigate.js updates it). @type {Config} */
export const config = configOf(document);
// The address of the document changes from page to page; the root of the book does not.
config.root = new URL(config.root, document.baseURI).href;

/** The URL of a path relative to the book's root. @param {string} place */
export const absolute = (place) => new URL(place, config.root).href;

/** Whether the reader has asked to save data. */
export function savesData() {
  return Boolean(Reflect.get(navigator, "connection")?.saveData);
}

/** Whether text loads before Python: on a phone the two share a slow connection and a slow processor. */
export function textGoesFirst() {
  return isFrugal() || matchMedia("(pointer: coarse)").matches;
}

/** Whether the engine is Safari's: no other has this. */
export const isApples = "GestureEvent" in globalThis;

/** Whether this is a phone or tablet that reveals neither its memory nor its connection, like Apple's. */
export function isUnknownHandheld() {
  return !("deviceMemory" in navigator || "connection" in navigator) && matchMedia("(pointer: coarse)").matches;
}

/** Whether there is memory for a second Python. */
export const hasRoom = () => !isFrugal() && !isUnknownHandheld();

/** Whether to avoid fetching or storing in advance: the reader saves data, or memory is small. */
export function isFrugal() {
  return savesData() || (Reflect.get(navigator, "deviceMemory") ?? Infinity) < LEAST_MEMORY_GB;
}
