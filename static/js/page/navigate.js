/**
 * Navigation between pages of the book within one document, so that Python stays warm: the next page is fetched and replaces
 * the current one. The browser's Navigation API manages addresses, history and scroll positions. Without it, and for anything
 * that is not a page of this build, links load normally. A page is fetched and parsed as soon as a pointer rests on its link, a
 * finger touches it or the focus stays there.
 *
 * @typedef {{prepare: (page: Document, search: string) => void, leave: () => void, enter: () => void}} Hooks
 *   `prepare`: the reader may go to this page; `leave`, `enter`: around the change of pages
 */
import { BUILD_HEADER, config, configOf, isFrugal } from "../config.js";
import { idle, wait } from "../pauses.js";
import { idInAddress } from "./address.js";

/** Elements that belong to a page and not to the visit. */
const HEAD = ["meta[name=description]", "#latentbook-config"];
const BODY = ["header.bar", ".page", "footer.foot"];
/** Fonts that a page preloads. */
const FONTS = "link[as=font]";
/** Elements inside those that belong to the visit. */
const LASTING = ["[data-python]", "[data-offline-status]"];
/** Marks a navigation that loads its page normally. */
const PLAIN = "plain";
/** A pointer that only passes over a link fetches nothing. */
const REST_MS = 65;
/** The first answer comes before the rest of the page is laid out. */
const LATER_MS = 250;

/** The page behind the link that the reader may follow. @type {{path: string, page: Promise<Document | null>} | null} */
let ahead = null;

/** Addresses of the fonts that are there or on their way. @type {Set<string>} */
const fonts = new Set([...document.querySelectorAll(FONTS)].map((link) => /** @type {HTMLLinkElement} */ (link).href));

/** @param {Hooks} hooks */
export function startNavigation(hooks) {
  if (!("navigation" in globalThis) || isServed(placeOf(new URL(location.href)))) return;
  keepAddresses();
  foresee(hooks.prepare);
  let shown = location.pathname;
  navigation.addEventListener("navigate", (event) => {
    const url = new URL(event.destination.url);
    if (!leadsToPage(event, url) || (event.destination.sameDocument && url.pathname === shown)) return;
    // Now: one that the reader opens while the page is on its way stays open.
    for (const dialog of document.querySelectorAll("dialog")) dialog.close();
    /** @type {Promise<Document | null> | null} */
    let loading = null;
    const load = async () => {
      loading ??= pageFor(url, event.signal);
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
        // Back and forward lead to any place of the page, so all of it is laid out.
        const arrival = event.navigationType === "traverse" ? null : arrivalOf(page);
        arrival?.classList.add("arrival");
        show(page);
        shown = url.pathname;
        event.scroll(); // first, because a new page checks whether it is at its beginning
        hooks.enter();
        focusOn();
        wait(LATER_MS).then(idle).then(() => arrival?.classList.remove("arrival"));
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
  return isPage(url);
}

/** @param {URL} url @returns {boolean} whether it is that of a page of this book */
function isPage(url) {
  const place = placeOf(url);
  return place !== null && /(^|\/)(index\.html)?$/.test(place) && !isServed(place);
}

/** @param {URL} url @returns {string | null} its path below the root of the book */
function placeOf(url) {
  return url.href.startsWith(config.root) ? url.href.slice(config.root.length).split(/[?#]/)[0] : null;
}

/** @param {string | null} place @returns {boolean} whether the server makes the page there */
function isServed(place) {
  return place !== null && /^(api|class|classroom|j)\//.test(place);
}

/** @param {Hooks["prepare"]} prepare */
function foresee(prepare) {
  let timer = 0;
  /** @param {EventTarget | null} target @param {number} ms */
  const fetchAfter = (target, ms) => {
    clearTimeout(timer);
    const link = target instanceof Element ? target.closest("a[href]") : null;
    if (link) timer = window.setTimeout(() => fetchAhead(/** @type {HTMLAnchorElement} */ (link), prepare), ms);
  };
  document.addEventListener("pointerover", ({ target, pointerType }) => pointerType === "mouse" && fetchAfter(target, REST_MS));
  document.addEventListener("focusin", ({ target }) => fetchAfter(target, REST_MS));
  document.addEventListener("pointerdown", ({ target }) => fetchAfter(target, 0));
}

/** @param {HTMLAnchorElement} link @param {Hooks["prepare"]} prepare */
async function fetchAhead(link, prepare) {
  const url = new URL(link.href);
  if (isFrugal() || !isPage(url) || url.pathname === location.pathname || url.pathname === ahead?.path) return;
  if (link.hasAttribute("download") || link.target !== "") return;
  const loading = { path: url.pathname, page: pageAt(url, new AbortController().signal) };
  ahead = loading;
  const page = await loading.page;
  if (page !== null && ahead === loading) prepare(page, url.search);
}

/** @param {URL} url @param {AbortSignal} signal @returns {Promise<Document | null>} as pageAt */
async function pageFor(url, signal) {
  const early = ahead?.path === url.pathname ? ahead.page : null;
  ahead = null;
  return (await early) ?? pageAt(url, signal);
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
    if (configOf(page).build !== config.build) return null;
    fetchFonts(page, url);
    await (await import("../sheet.js")).applySheets(page, url);
    return page;
  } catch (error) {
    if (signal.aborted) throw error; // the reader goes elsewhere
    return null;
  }
}

/** Those that come after the layout cost a second one. @param {Document} page @param {URL} url its address */
function fetchFonts(page, url) {
  for (const link of /** @type {NodeListOf<HTMLLinkElement>} */ (page.querySelectorAll(FONTS))) {
    link.href = new URL(link.getAttribute("href") ?? "", url).href;
    if (fonts.has(link.href)) continue;
    fonts.add(link.href);
    document.head.append(link);
  }
}

/** @param {URL} url @param {NavigationType} type */
function loadPlainly(url, type) {
  if (location.href === url.href) location.reload();
  else navigation.navigate(url.href, { info: PLAIN, history: type === "replace" ? "replace" : "push" });
}

/**
 * The block of the text at which the reader arrives. What is far below it is laid out later (page.css).
 *
 * @param {Document} page
 * @returns {Element | null} null if it is elsewhere: all of the text may be above it
 */
function arrivalOf(page) {
  const id = idInAddress();
  if (id === "") return page.querySelector(".flow > *");
  return page.getElementById(id)?.closest(".flow > *") ?? null;
}

/** @param {Document} page */
function show(page) {
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
