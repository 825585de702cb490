/**
 * Style sheets that few readers need. They are files, because the page's security policy refuses rules injected by scripts.
 */
import { absolute, config } from "./config.js";

const SHEETS = "link[rel=stylesheet]";

/** Places by name: those in the page, and those with which the build replaces `globalThis.LATE_SHEETS`. @type {Record<string, string>} */
const places = { ...config.assets, ...JSON.parse(/** @type {any} */ (globalThis).LATE_SHEETS ?? "{}") };

/** @type {Map<string, Promise<void>>} by name */
const loading = new Map();
/** Addresses of the sheets of pages. @type {Set<string>} */
const applied = new Set([...document.querySelectorAll(SHEETS)].map((link) => /** @type {HTMLLinkElement} */ (link).href));

/**
 * @param {string} name of the file
 * @param {{id?: string, className?: string}} [attributes] of the link
 * @returns {Promise<void>} once its rules apply; rejected if it cannot be loaded, and tried again by the next call
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
 * Applies the sheets that a fetched page has and this document lacks, and keeps them: they concern only elements of such pages.
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
