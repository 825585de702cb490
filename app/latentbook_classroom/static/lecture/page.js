/** Shared by the pages of class mode: requests, polling, views. */
import { absolute } from "latentbook/config.js";
import { setText } from "latentbook/text.js";

const EVERY_MS = 2_000;
/** Random spread, so that phones do not all ask at once. */
const SPREAD_MS = 400;
const LONGEST_WAIT_MS = 15_000;

/** A refusal by the server. */
export class Refused extends Error {
  /** @param {number} status @param {string} detail @param {number} wait seconds */
  constructor(status, detail, wait) {
    super(detail);
    this.status = status;
    this.wait = wait;
  }
}

/**
 * @param {string} place below the root of the book
 * @param {{method?: string, body?: unknown, headers?: Record<string, string>}} [options]
 * @returns {Promise<Response>} a success, or 304
 * @throws {Refused} for any other
 */
export async function ask(place, { method = "GET", body, headers = {} } = {}) {
  /** @type {RequestInit} */
  const request = { method, headers, cache: "no-store" };
  if (body !== undefined) {
    request.headers = { ...headers, "Content-Type": "application/json" };
    request.body = JSON.stringify(body);
  }
  const response = await fetch(absolute(place), request);
  if (response.ok || response.status === 304) return response;
  const detail = await response.json().then((problem) => String(problem.detail), () => "");
  throw new Refused(response.status, detail, Number(response.headers.get("Retry-After") ?? 0));
}

/**
 * Runs a function every two seconds, less often while it fails, and at once when the page becomes visible again.
 *
 * @param {() => Promise<void>} run
 * @param {(error: unknown) => boolean} failed whether to go on
 * @returns {() => void} runs it now
 */
export function poll(run, failed) {
  let failures = 0;
  let running = false;
  let over = false;
  let timer = 0;
  const next = async () => {
    if (running || over) return;
    running = true;
    clearTimeout(timer);
    let wait = EVERY_MS + SPREAD_MS * (Math.random() - 0.5);
    try {
      await run();
      failures = 0;
    } catch (error) {
      failures++;
      over = !failed(error);
      wait = Math.min(LONGEST_WAIT_MS, wait * 1.5 ** failures);
      if (error instanceof Refused && error.wait > 0) wait = 1000 * error.wait * (1 + Math.random());
    }
    running = false;
    if (!over) timer = setTimeout(next, wait);
  };
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && next());
  addEventListener("online", next);
  next();
  return next;
}

/** @param {string} selector @param {ParentNode} [within] @returns {HTMLElement} */
export function one(selector, within = document) {
  const found = within.querySelector(selector);
  if (found === null) throw new Error(`The page has no ${selector}.`);
  return /** @type {HTMLElement} */ (found);
}

/** Shows one view of the page. @param {string} name */
export function show(name) {
  document.body.dataset.view = name;
  for (const each of document.querySelectorAll("[data-views]")) {
    /** @type {HTMLElement} */ (each).hidden = /** @type {HTMLElement} */ (each).dataset.views !== name;
  }
}

/** Writes a text unless it is there already: screen readers read out every change. @param {string} selector @param {string} text */
export function say(selector, text) {
  setText(one(selector), text);
}

/** @param {number} since seconds since 1970, by the server's clock @param {number} now as well @returns {string} minutes and seconds */
export function elapsed(since, now) {
  const seconds = Math.max(0, Math.floor(now - since));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
