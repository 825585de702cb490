/**
 * Navigation between pages of the book within one document, so that Python stays warm: the next page is fetched and replaces
 * the current one. The browser's Navigation API manages addresses, history and scroll positions. Without it, and for anything
 * that is not a page of this build, links load normally.
 *
 * @typedef {{leave: () => void, enter: () => void}} Hooks around the change of pages
 */
import { BUILD_HEADER } from "../build-header.js";
import { config, configOf } from "../config.js";
import { idInAddress } from "./address.js";

/** Elements that belong to a page and not to the visit. */
const HEAD = ["meta[name=description]", "#latentbook-config"];
const BODY = ["header.bar", ".page", "footer.foot"];
/** Elements inside those that belong to the visit. */
const LASTING = ["[data-python]", "[data-offline-status]"];
/** Marks a navigation that loads its page normally. */
const PLAIN = "plain";

/** @param {Hooks} hooks */
export function startNavigation(hooks) {
  if (!("navigation" in globalThis)) return;
  keepAddresses();
  let shown = location.pathname;
  navigation.addEventListener("navigate", (event) => {
    const url = new URL(event.destination.url);
    if (!leadsToPage(event, url) || (event.destination.sameDocument && url.pathname === shown)) return;
    /** @type {Promise<Document | null> | null} */
    let loading = null;
    const load = async () => {
      loading ??= pageAt(url, event.signal);
      if ((await loading) === null) loadPlainly(url, event.navigationType);
    };
    event.intercept({
      // The address changes when the page has arrived, or at once in browsers without this handler.
      ...(event.cancelable ? { precommitHandler: load } : {}),
      async handler() {
        await load();
        const page = await loading;
        if (page === null) return;
        hooks.leave();
        show(page);
        shown = url.pathname;
        event.scroll(); // first, because a new page checks whether it is at its beginning
        hooks.enter();
        focusOn();
      },
      focusReset: "manual",
      scroll: "manual",
    });
  });
}

/** @param {NavigateEvent} event @param {URL} url @returns {boolean} whether it is for a page of this book, in this window */
function leadsToPage(event, url) {
  if (!event.canIntercept || event.hashChange || event.downloadRequest !== null || event.formData) return false;
  if (event.info === PLAIN || event.navigationType === "reload") return false;
  if (event.navigationType !== "traverse" && event.destination.sameDocument) return false; // an instrument writes its state
  const place = url.href.startsWith(config.root) ? url.href.slice(config.root.length).split(/[?#]/)[0] : null;
  return place !== null && /(^|\/)(index\.html)?$/.test(place) && !place.startsWith("api/");
}

/**
 * @param {URL} url
 * @param {AbortSignal} signal
 * @returns {Promise<Document | null>} null if it cannot be loaded or belongs to a different build
 */
async function pageAt(url, signal) {
  try {
    const response = await fetch(url, { headers: { Accept: "text/html", [BUILD_HEADER]: config.build }, signal });
    if (!response.ok || response.redirected) return null;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return configOf(page).build === config.build ? page : null;
  } catch (error) {
    if (signal.aborted) throw error; // the reader goes elsewhere
    return null;
  }
}

/** @param {URL} url @param {NavigationType} type */
function loadPlainly(url, type) {
  if (location.href === url.href) location.reload();
  else navigation.navigate(url.href, { info: PLAIN, history: type === "replace" ? "replace" : "push" });
}

/** @param {Document} page */
function show(page) {
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
  document.title = page.title;
  document.documentElement.dataset.root = page.documentElement.dataset.root;
  for (const selector of HEAD) {
    const next = page.querySelector(selector);
    document.querySelector(selector)?.remove();
    if (next) document.head.append(next);
  }
  for (const selector of LASTING) {
    const kept = document.querySelector(selector);
    if (kept) page.querySelector(selector)?.replaceWith(kept);
  }
  for (const selector of BODY) {
    const next = page.querySelector(selector);
    if (next) document.querySelector(selector)?.replaceWith(next);
  }
  Object.assign(config, configOf(document), { root: config.root });
}

/** Moves the focus to the link's target: the heading of the page, or of the place in it. */
function focusOn() {
  const place = document.getElementById(idInAddress());
  const heading = /** @type {HTMLElement | null} */ ((place ?? document.getElementById("main"))?.querySelector("h1, h2, h3") ?? place);
  if (heading) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
  const said = document.querySelector("[data-page-status]");
  if (said) said.textContent = document.title;
}

/** Makes the first page's relative addresses absolute, because they are read again later at other addresses. */
function keepAddresses() {
  for (const link of document.querySelectorAll("link")) {
    if (["icon", "apple-touch-icon", "manifest"].includes(link.rel)) link.setAttribute("href", link.href);
  }
}
