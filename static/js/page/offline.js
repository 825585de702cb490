/**
 * The book without a network. When the page is idle, the service worker stores the light part of the book, then the
 * heavy files one by one. A sentence in the footer shows the progress. With Save-Data, a button asks the reader first.
 *
 * @import { Request, Missing } from "../service-worker.js"
 */
import { absolute, config, isUnknownHandheld, savesData } from "../config.js";
import { button } from "../elements.js";
import { wait } from "../pauses.js";
import { runtime } from "../python/page/runtime.js";
import { translate } from "../words.js";

/** Delay once Python is idle. Nothing is stored while it starts, or while it makes the snapshot for the next visit. */
const REST_MS = 4_000;

export async function startOffline() {
  const workers = navigator.serviceWorker;
  if (!workers) return; // not a secure origin, or a private window
  if (config.reload) return forget(); // authors want to see the newest build
  for (const type of ["online", "offline"]) addEventListener(type, show);
  const kept = await workers.getRegistration(config.root).catch(() => undefined);
  if ((savesData() || isUnknownHandheld()) && !kept?.active) return offer();
  await rest();
  await keepBook();
}

/** @returns {Promise<void>} resolves when the page has loaded and Python is idle */
async function rest() {
  if (document.readyState !== "complete") await new Promise((resolve) => addEventListener("load", resolve, { once: true }));
  while (!["idle", "ready", "failed"].includes(runtime.state)) await wait(REST_MS / 8);
  await wait(REST_MS);
}

async function keepBook() {
  try {
    const registration = await navigator.serviceWorker.register(absolute("service-worker.js"), { updateViaCache: "none" });
    if (!registration) return; // an automated browser may refuse silently
    await registration.update().catch(() => {}); // so that a new edition's worker is found now, not later
    const worker = registration.installing ?? registration.waiting ?? registration.active;
    if (worker === null) throw new Error(incomplete()); // the installation has already failed
    // An old edition's worker may stay active for minutes. The new one can answer as soon as it is installed.
    await reached(worker, registration.active ? "installed" : "activated");
    const { build, total, files } = /** @type {Missing} */ (await ask(worker, { type: "missing" }));
    const size = megabytes(total);
    let left = files.reduce((sum, [, , bytes]) => sum + bytes, 0);
    for (const [place, , bytes] of files) {
      say(translate("Saving the book for offline reading, {kept} of {size}.", { kept: Math.floor((total - left) / 1e6), size }));
      await ask(worker, { type: "keep", place });
      left -= bytes;
    }
    if (build !== config.build) return say(translate("A newer edition of the book is saved. It appears when you reload the page."));
    say(translate("The book is saved in this browser and can be read offline ({size}).", { size }));
    await reached(worker, "activated");
    await ask(worker, { type: "tidy" });
  } catch (error) {
    if (!navigator.onLine) {
      addEventListener("online", keepBook, { once: true });
      return say(translate("Saving resumes when you are back online."));
    }
    const why = error instanceof Error ? error.message : String(error);
    say(translate("The book could not be saved for offline reading: {why}", { why }));
  }
}

/**
 * @param {ServiceWorker} worker @param {"installed" | "activated"} state
 * @returns {Promise<void>} resolves when it has reached the state
 */
function reached(worker, state) {
  const order = ["installing", "installed", "activating", "activated"];
  return new Promise((resolve, reject) => {
    const look = () => {
      if (worker.state === "redundant") reject(new Error(incomplete()));
      else if (order.indexOf(worker.state) >= order.indexOf(state)) resolve();
    };
    worker.addEventListener("statechange", look);
    look();
  });
}

const incomplete = () => translate("not everything could be fetched. Your next visit will try again.");

/** @param {ServiceWorker} worker @param {Request} request @returns {Promise<any>} */
function ask(worker, request) {
  return new Promise((resolve, reject) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data: { value, error } }) => (error === undefined ? resolve(value) : reject(new Error(error)));
    worker.postMessage(request, [port2]);
  });
}

/** @param {number} bytes */
const megabytes = (bytes) => `${Math.max(1, Math.round(bytes / 1e6))} MB`;

/** Let the reader decide, with Save-Data and on a connection that may be mobile. */
function offer() {
  const size = megabytes(config.offline_bytes);
  say(translate("The book can be saved in this browser for offline reading ({size}).", { size }), " ", button(translate("Save it"), keepBook, { className: "quiet" }));
}

async function forget() {
  for (const registration of await navigator.serviceWorker.getRegistrations()) {
    if (registration.scope === config.root) await registration.unregister();
  }
}

/** @type {(string | HTMLElement)[]} */
let said = [];

/** @param {...(string | HTMLElement)} words */
function say(...words) {
  said = words;
  show();
}

function show() {
  const place = document.querySelector("[data-offline-status]");
  place?.replaceChildren(...(navigator.onLine ? [] : [translate("You are offline."), " "]), ...said);
}
