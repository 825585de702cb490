/**
 * Style sheets that few readers need. They are files because the page's security policy blocks rules injected by
 * scripts.
 */
import { absolute, config } from "./config.js";

const SHEETS = "link[rel=stylesheet]";

/**
 * Paths by name: from the page, and those that the build puts in place of `globalThis.LATE_SHEETS`.
 * @type {Record<string, string>}
 */
const places = { ...config.assets, ...JSON.parse(/** @type {any} */ (globalThis).LATE_SHEETS ?? "{}") };

/** @type {Map<string, Promise<void>>} by name */
const loading = new Map();
/** Addresses of the style sheets of all pages so far. @type {Set<string>} */
const applied = new Set([...document.querySelectorAll(SHEETS)].map((link) => /** @type {HTMLLinkElement} */ (link).href));

/**
 * @param {string} name of the file
 * @param {{id?: string, className?: string}} [attributes] of the link
 * @returns {Promise<void>} resolves when its rules apply; rejects if it cannot be loaded, and the next call tries again
 */
export function loadSheet(name, attributes = {}) {
  const sheet = loading.get(name) ?? added(name, attributes);
  loading.set(name, sheet);
  sheet.catch(() => loading.delete(name));
  return sheet;
}

/** @param {string} name @param {{id?: string, className?: string}} attributes @returns {Promise<void>} */
function added(name, attributes) {
  const link = Object.assign(document.createElement("link"), attributes);
  link.rel = "stylesheet";
  link.href = absolute(places[name]);
  return new Promise((resolve, reject) => {
    link.onload = () => resolve();
    link.onerror = () => {
      link.remove();
      reject(new Error(`${name} cannot be loaded.`));
    };
    document.head.append(link);
  });
}

/**
 * Add a fetched page's style sheets that this document lacks. They can stay, because they style only elements of such
 * pages.
 *
 * @param {Document} page
 * @param {URL} url its address
 */
export async function applySheets(page, url) {
  const links = /** @type {NodeListOf<HTMLLinkElement>} */ (page.querySelectorAll(SHEETS));
  const coming = [...links].map((link) => {
    link.href = new URL(link.getAttribute("href") ?? "", url).href;
    if (applied.has(link.href)) return null;
    applied.add(link.href);
    document.head.append(link);
    return new Promise((resolve) => (link.onload = link.onerror = resolve));
  });
  await Promise.all(coming);
}
