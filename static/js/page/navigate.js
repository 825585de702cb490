/**
 * Navigation between pages of the book within one document, so that Python stays warm: the next page is fetched and
 * replaces the current one. The browser's Navigation API manages addresses, history and scroll positions. Without it,
 * and for anything that is not a page of this build, links load normally. A page is fetched and parsed as soon as a
 * pointer rests on its link, a finger touches it or the focus stays there.
 *
 * @typedef {{prepare: (page: Document, search: string) => void, leave: () => void, enter: () => void}} Hooks
 *   `prepare`: called with a page that the reader may open; `leave`, `enter`: called before and after a change of pages
 */
import { BUILD_HEADER, config, configOf, isFrugal } from "../config.js";
import { idle, wait } from "../pauses.js";
import { idInAddress } from "./address.js";

/** Elements that belong to a page, not to the visit. */
const HEAD = ["meta[name=description]", "#latentbook-config"];
const BODY = ["header.bar", ".page", "footer.foot"];
/** Fonts that a page preloads. */
const FONTS = "link[as=font]";
/** Elements inside them that belong to the visit. */
const LASTING = ["[data-python]", "[data-offline-status]"];
/** Marks a navigation that loads its page normally. */
const PLAIN = "plain";
/** Delay before fetching, so that a pointer that only passes over a link fetches nothing. */
const REST_MS = 65;
/** Delay before laying out the rest of the page, so that the first answer comes before it. */
const LATER_MS = 250;

/**
 * The page, fetched ahead, of a link that the reader may follow.
 * @type {{path: string, page: Promise<Document | null>} | null}
 */
let ahead = null;

/** Addresses of the fonts that are loaded or loading. @type {Set<string>} */
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
    // Close dialogs now, so that one that the reader opens while the page loads stays open.
    for (const dialog of document.querySelectorAll("dialog")) dialog.close();
    /** @type {Promise<Document | null> | null} */
    let loading = null;
    const load = async () => {
      loading ??= pageFor(url, event.signal);
      if ((await loading) === null) loadPlainly(url, event.navigationType);
    };
    event.intercept({
      // The address changes when the page has loaded, or at once in browsers without this handler.
      ...(event.cancelable ? { precommitHandler: load } : {}),
      async handler() {
        await load();
        const page = await loading;
        if (page === null) return;
        hooks.leave();
        // Back and forward may lead anywhere on the page, so lay out all of it.
        const arrival = event.navigationType === "traverse" ? null : arrivalOf(page);
        arrival?.classList.add("arrival");
        show(page);
        shown = url.pathname;
        event.scroll(); // first, because a new page checks whether it is at the top
        hooks.enter();
        focusOn();
        wait(LATER_MS).then(idle).then(() => arrival?.classList.remove("arrival"));
      },
      focusReset: "manual",
      scroll: "manual",
    });
  });
}

/**
 * @param {NavigateEvent} event @param {URL} url @returns {boolean} whether it is to a page of this book, in this window
 */
function leadsToPage(event, url) {
  if (!event.canIntercept || event.hashChange || event.downloadRequest !== null || event.formData) return false;
  if (event.info === PLAIN || event.navigationType === "reload") return false;
  if (event.navigationType !== "traverse" && event.destination.sameDocument) return false; // an instrument writes its state
  return isPage(url);
}

/** @param {URL} url @returns {boolean} whether it is the address of a page of this book */
function isPage(url) {
  const place = placeOf(url);
  return place !== null && /(^|\/)(index\.html)?$/.test(place) && !isServed(place);
}

/** @param {URL} url @returns {string | null} its path below the root of the book */
function placeOf(url) {
  return url.href.startsWith(config.root) ? url.href.slice(config.root.length).split(/[?#]/)[0] : null;
}

/** @param {string | null} place @returns {boolean} whether the server generates the page there */
function isServed(place) {
  return place !== null && config.served.includes(place.split("/")[0]);
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
    if (signal.aborted) throw error; // the reader has gone elsewhere
    return null;
  }
}

/**
 * Fetch a page's fonts early: fonts that arrive after the layout cause a second one.
 * @param {Document} page @param {URL} url its address
 */
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
 * The block of the text where the reader arrives. Blocks far below it are laid out later (page.css).
 *
 * @param {Document} page
 * @returns {Element | null} null if the target is outside the text, because all of the text may be above it
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

/** Move the focus to the link's target: the heading of the page, or of the place on it. */
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

/** Make the first page's relative addresses absolute, because they are read again when the address has changed. */
function keepAddresses() {
  for (const link of document.querySelectorAll("link")) {
    if (["icon", "apple-touch-icon", "manifest"].includes(link.rel)) link.setAttribute("href", link.href);
  }
}
