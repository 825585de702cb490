/**
 * What the build says of this page: the JSON in `#latentbook-config`.
 *
 * @typedef {{base: string, version: string, sizes: Record<string, number>}} RuntimeConfig `sizes`: what a start takes, name -> bytes
 * @typedef {{root: string, runtime: RuntimeConfig, assets: Record<string, string>, api: boolean, search: string,
 *   slug: string, chapter: string | null, reload: boolean}} Config
 */

const text = document.getElementById("latentbook-config")?.textContent;
if (!text) throw new Error("The page has no #latentbook-config.");

/** @type {Config} */
export const config = JSON.parse(text);

/** The URL of a place given relative to the book's root. @param {string} place */
export const absolute = (place) => new URL(config.root + place, document.baseURI).href;

/** Whether the reader has asked for few bytes. */
export function savesData() {
  return Boolean(Reflect.get(navigator, "connection")?.saveData);
}
