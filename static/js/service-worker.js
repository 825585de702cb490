/**
 * Stores one build of the book for reading without a network. The build prepends the list of files to this script
 * (app/latentbook/book/write/offline.py); docs/offline.md explains the change of editions.
 *
 * Links and reloads use the network first, so that online readers see the newest edition. Everything else comes from the
 * cache: names of scripts, styles and Python's files change with their content, so editions cannot mix.
 *
 * @typedef {[place: string, integrity: string, bytes: number]} File `bytes`: its download size
 * @typedef {import("workbox-core/types.js").WorkboxPlugin} Plugin
 * @typedef {{config: Record<string, any>, atOnce: File[], later: File[]}} Site `config`: the part common to all pages
 * @typedef {{type: "missing"} | {type: "keep", place: string} | {type: "tidy"}} Request from a page (offline.js), with a port
 * @typedef {{build: string, total: number, files: File[]}} Missing the answer to `missing`: files still to be stored, and the total
 */
import { PrecacheController, PrecacheRoute } from "workbox-precaching";
import { registerRoute, setCatchHandler } from "workbox-routing";
import { CacheFirst, NetworkFirst } from "workbox-strategies";

import { BUILD_HEADER } from "./build-header.js";

/** @type {any} TypeScript's DOM types lack service workers */
const worker = globalThis;
/** @type {Site} */
const { config, atOnce, later } = worker.latentbook;
const { build } = config;
const scope = worker.registration.scope;

/**
 * Cache of a build's light part. Heavy files are named by content, so all builds share one cache.
 * @param {string} build
 */
const lightOf = (build) => `latentbook ${build} ${scope}`;
const LIGHT = lightOf(build);
const HEAVY = `latentbook files ${scope}`;
/** Python's main module is stored once, in the cache that its start reads (python/main-module.js). */
const MAIN = "latentbook python";
const MAIN_NAME = /\/runtime\/pyodide\.asm-\w+\.wasm$/;
const NETWORK_SECONDS = 3;
/** Matches the configuration in a page. */
const CONFIG = /(?<=<script type="application\/json" id="latentbook-config">).*?(?=<\/script>)/s;
const ANY_PARAMETER = [/./]; // the state of an instrument

/** @param {string} place */
const urlOf = (place) => new URL(place, scope).href;
/** @param {string} url @returns {string} without parameters and `index.html` */
const pageOf = (url) => url.replace(/[?#].*$/, "").replace(/\/index\.html$/, "/");

const integrities = new Map([...atOnce, ...later].map(([place, integrity]) => [urlOf(place), integrity]));
const heavy = new Map(later.map((file) => [urlOf(file[0]), file]));

/** Fetches missing or damaged files from the network and stores them again. @type {Plugin} */
const heal = {
  async cachedResponseWillBeUsed({ cacheName, cachedResponse, request, event }) {
    const url = pageOf(request.url);
    const integrity = integrities.get(url);
    if (integrity === undefined || (cachedResponse && (await integrityOf(cachedResponse.clone())) === integrity)) {
      return cachedResponse;
    }
    if (event?.type === "install") {
      const before = await keptBefore(url, integrity);
      if (before) await (await caches.open(cacheName)).put(request, before.clone());
      return before; // if null, workbox fetches the file
    }
    const response = await fetch(new Request(url, { integrity })).catch(() => null);
    if (!response?.ok) return null;
    await (await caches.open(cacheName)).put(request, response.clone());
    return response;
  },
};

const light = new PrecacheController({ cacheName: LIGHT, plugins: [heal] });
light.addToCacheList(
  atOnce.map(([place, integrity]) => ({ url: urlOf(place), integrity, revision: /-\w{8,}\.\w+$/.test(place) ? null : integrity })),
);

/**
 * Find a file in a different edition's cache. Most pages differ between editions only in their configuration.
 *
 * @param {string} url
 * @param {string} integrity
 */
async function keptBefore(url, integrity) {
  for (const name of await editionsKept()) {
    const response = await (await caches.open(name)).match(url, { ignoreSearch: true });
    if (response === undefined) continue;
    if ((await integrityOf(response.clone())) === integrity) return response;
    if (!response.headers.get("Content-Type")?.startsWith("text/html")) continue;
    const page = new Response(renewed(await response.text()), { headers: response.headers });
    if ((await integrityOf(page.clone())) === integrity) return page;
  }
  return null;
}

/** A page with this edition's configuration. @param {string} html */
function renewed(html) {
  return html.replace(CONFIG, (json) => {
    const text = JSON.stringify({ ...JSON.parse(json), ...config });
    return text.replace(/[<>&\u2028\u2029]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
  });
}

/** Names of the caches of other editions. */
async function editionsKept() {
  const names = await caches.keys();
  return names.filter((name) => name.startsWith("latentbook ") && name.endsWith(` ${scope}`) && name !== LIGHT && name !== HEAVY);
}

/**
 * Does not store pages from the network, because they may belong to a different build. If the server fails, pages of
 * the book come from the cache; for any other page, the reader gets the server's own response.
 *
 * @type {Plugin}
 */
const fromLight = {
  cacheKeyWillBeUsed: async ({ request }) => light.getCacheKeyForURL(pageOf(request.url)) ?? request,
  cacheWillUpdate: async () => null,
  fetchDidSucceed: async ({ response, state = {} }) => {
    if (response.status < 500) return response;
    state.failed = response;
    throw new Error(`The server answered ${response.status}.`);
  },
  handlerDidError: async ({ state }) => state?.failed,
};

registerRoute(
  ({ request }) => request.mode === "navigate",
  new NetworkFirst({ cacheName: LIGHT, networkTimeoutSeconds: NETWORK_SECONDS, plugins: [fromLight, heal] }),
);
// An open page stays in its own edition.
registerRoute(
  ({ request }) => ![null, build].includes(request.headers.get(BUILD_HEADER)),
  async ({ request }) => {
    const cacheName = lightOf(request.headers.get(BUILD_HEADER) ?? "");
    return (await caches.match(pageOf(request.url), { cacheName, ignoreSearch: true })) ?? fetch(request);
  },
);
registerRoute(new PrecacheRoute(light, { ignoreURLParametersMatching: ANY_PARAMETER, cleanURLs: false }));
registerRoute(({ url }) => heavy.has(url.href) && MAIN_NAME.test(url.pathname), new CacheFirst({ cacheName: MAIN, plugins: [heal] }));
registerRoute(({ url }) => heavy.has(url.href), new CacheFirst({ cacheName: HEAVY, plugins: [heal] }));
// It also stays with its own scripts.
registerRoute(({ url }) => isNamedByContent(url.href), async ({ request }) => (await caches.match(request)) ?? fetch(request));
setCatchHandler(async ({ request }) => {
  const missing = request.mode === "navigate" ? await light.matchPrecache(urlOf("404.html")) : undefined;
  return missing ? new Response(missing.body, { status: 404, headers: missing.headers }) : Response.error();
});

worker.addEventListener("install", (/** @type {any} */ event) => {
  light.install(event);
  worker.skipWaiting();
  const below = (/** @type {string} */ folder) => ({ urlPattern: { pathname: `${new URL(scope).pathname}${folder}/*` } });
  const race = "race-network-and-fetch-handler";
  // Requests need not wait for this script to start: the network or the HTTP cache answers if it is faster.
  event.addRoutes?.([
    { condition: below("api"), source: "network" },
    { condition: { requestMode: "navigate" }, source: race },
    { condition: { or: [below("assets"), below("runtime")] }, source: race },
  ]);
});

worker.addEventListener("activate", (/** @type {any} */ event) => {
  light.activate(event);
  event.waitUntil(worker.clients.claim());
  // Earlier editions enabled preloads, and browsers remember this. Firefox answers a failed preload with an error, and
  // workbox would mistake that, or a failing server's page, for the network's answer.
  event.waitUntil(worker.registration.navigationPreload?.disable() ?? Promise.resolve());
});

worker.addEventListener("message", (/** @type {any} */ event) => {
  const [port] = event.ports;
  event.waitUntil(
    answer(event).then(
      (value) => port.postMessage({ value }),
      (error) => port.postMessage({ error: String(error?.message ?? error) }),
    ),
  );
});

/** @param {{data: Request, source: any}} event */
function answer({ data, source }) {
  if (data.type === "missing") return missing();
  if (data.type === "keep") return keep(data.place);
  return tidy(source);
}

/** @returns {Promise<Missing>} */
async function missing() {
  const all = [...atOnce, ...later]; // the browser may have dropped some of the light part
  const kept = await Promise.all(
    all.map(([place]) => {
      const { cacheName, key } = homeOf(urlOf(place));
      return caches.match(key, { cacheName });
    }),
  );
  return { build, total: all.reduce((sum, [, , bytes]) => sum + bytes, 0), files: all.filter((_, i) => !kept[i]) };
}

/** The cache of a file. @param {string} url */
function homeOf(url) {
  if (MAIN_NAME.test(url)) return { cacheName: MAIN, key: url };
  return heavy.has(url) ? { cacheName: HEAVY, key: url } : { cacheName: LIGHT, key: light.getCacheKeyForURL(url) ?? url };
}

/** @param {string} place */
async function keep(place) {
  const url = urlOf(place);
  const response = await fetch(new Request(url, { integrity: integrities.get(url) }));
  if (!response.ok) throw new Error(`${place} is not there (status ${response.status})`);
  const { cacheName, key } = homeOf(url);
  await (await caches.open(cacheName)).put(key, response);
}

/** Remove the caches of other builds if the requesting page is the only open one. @param {{id: string}} page */
async function tidy({ id }) {
  const open = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  if (open.some((/** @type {{id: string}} */ each) => each.id !== id)) return;
  for (const name of await editionsKept()) await caches.delete(name);
  const cache = await caches.open(HEAVY);
  for (const request of await cache.keys()) if (!heavy.has(request.url)) await cache.delete(request);
}

/** @param {string} url */
function isNamedByContent(url) {
  return [urlOf("assets/"), urlOf("runtime/"), urlOf("search-")].some((start) => url.startsWith(start));
}

/** @param {Response} response */
async function integrityOf(response) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await response.arrayBuffer()));
  return `sha256-${btoa(String.fromCharCode(...digest))}`;
}
