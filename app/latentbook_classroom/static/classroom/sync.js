/**
 * Synchronises the log of a reader who is signed in to a course between their devices (docs/classroom/classroom.md). Events that
 * cannot be sent stay in this browser's log until they can.
 *
 * @typedef {import("latentbook/study/events.js").StudyEvent} StudyEvent
 * @typedef {{key: string, home: string, words: Record<string, string>}} Reader `key`: identifies the person;
 *   `home`: the course's front page; `words`: messages in the book's language
 * @typedef {{sent: number, after: number}} Position `sent`: the local key up to which the server has everything;
 *   `after`: the server's number up to which this browser has everything
 */
import { button, make } from "latentbook/elements.js";
import { book, read, write } from "latentbook/store.js";
import { isEvent } from "latentbook/study/events.js";
import { eventsAfter, mergeEvents } from "latentbook/study/log.js";
import { Backoff } from "./backoff.js";
import { Outbox } from "./outbox.js";
import { showTimes } from "./times.js";

const MAX_EVENTS = 500;
const MAX_BYTES = 500_000;
/** The most that a browser sends after its page is closed. */
const MAX_KEPT_ALIVE = 60_000;
const SOON_MS = 1_500;
const OFTEN_ENOUGH_MS = 20_000;

/** @param {Reader} reader */
export function start(reader) {
  const sync = new Sync(reader);
  void sync.start();
  if (document.getElementById("assignment") === null) void new Outbox(reader.key, reader.words.answers).run();
}

class SignedOut extends Error {}

class Sync {
  #backoff = new Backoff(15_000, 600_000);
  /** Ids of events from the server since this page was loaded. @type {Set<string>} */
  #pulled = new Set();
  #running = false;
  #again = false;
  #ranAt = 0;
  #timer = 0;
  #tooLarge = false;
  #line = make("p", { role: "status" });

  /** @param {Reader} reader */
  constructor(reader) {
    this.reader = reader;
    this.place = new URL("../api/classroom/events", reader.home).href;
    this.#line.dataset.classroom = "";
  }

  async start() {
    this.#show();
    new MutationObserver(() => this.#show()).observe(document.body, { childList: true }); // navigation replaces the footer
    if (this.position === null) {
      const { stored, lastKey } = await eventsAfter(0).catch(() => ({ stored: [], lastKey: 0 }));
      const takesAlong = stored.length === 0 || (await this.#ask());
      this.#keep({ sent: takesAlong ? 0 : lastKey, after: 0 });
    }
    new BroadcastChannel(`latentbook:${book}`).addEventListener("message", () => this.#later(SOON_MS)); // log.js
    addEventListener("online", () => this.#later(0));
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden" || Date.now() - this.#ranAt > OFTEN_ENOUGH_MS) this.#later(0);
    });
    await this.run();
  }

  /** @returns {Position | null} */
  get position() {
    return read("classroom", this.reader.key);
  }

  /** @param {Partial<Position>} change */
  #keep(change) {
    write("classroom", this.reader.key, { sent: 0, after: 0, ...this.position, ...change });
  }

  /** @param {number} ms */
  #later(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.run(), ms);
  }

  async run() {
    if (this.#running) return void (this.#again = true);
    this.#running = true;
    this.#ranAt = Date.now();
    try {
      await this.#push();
      const news = await this.#pull();
      if (news) await this.#push(); // only notes that the server has them
      this.#backoff.reset();
      this.#say(this.#tooLarge ? "large" : news ? "news" : this.#line.dataset.state === "news" ? "news" : "saved");
    } catch (error) {
      if (error instanceof SignedOut) return this.#say("out");
      this.#say("waiting");
      this.#later(this.#backoff.next());
    } finally {
      this.#running = false;
    }
    if (this.#again) this.#later(SOON_MS);
    this.#again = false;
  }

  async #push() {
    const { stored, lastKey } = await eventsAfter(this.position?.sent ?? 0);
    /** @type {string[]} */
    let batch = [];
    let size = 0;
    for (const event of stored.filter((each) => isEvent(each) && each.kind !== "code" && !this.#pulled.has(each.id))) {
      const text = JSON.stringify(event);
      if (batch.length === MAX_EVENTS || size + text.length > MAX_BYTES) {
        await this.#send(batch);
        [batch, size] = [[], 0];
      }
      batch.push(text);
      size += text.length;
    }
    await this.#send(batch);
    if (stored.length > 0) this.#keep({ sent: lastKey });
  }

  /** Sends events. If the server refuses some, only those at fault stay here. @param {string[]} events */
  async #send(events) {
    if (events.length === 0) return;
    const body = `{"events":[${events.join(",")}]}`;
    const headers = { "Content-Type": "application/json" };
    const response = await this.#fetch(this.place, { method: "POST", headers, body, keepalive: body.length < MAX_KEPT_ALIVE });
    if (response.ok) return;
    if (response.status !== 413 && response.status !== 422) throw new Error(`The server answered ${response.status}.`);
    if (events.length === 1) return void (this.#tooLarge = true);
    const half = events.length >> 1;
    await this.#send(events.slice(0, half));
    await this.#send(events.slice(half));
  }

  /** @returns {Promise<boolean>} whether there were events that this browser did not have */
  async #pull() {
    let isNews = false;
    for (;;) {
      const after = this.position?.after ?? 0;
      const response = await this.#fetch(`${this.place}?after=${after}`, {});
      if (!response.ok) throw new Error(`The server answered ${response.status}.`);
      /** @type {{last: number, events: StudyEvent[]}} */
      const { last, events } = await response.json();
      if (events.length === 0) return isNews;
      const { stored } = await eventsAfter(0);
      const known = new Set(stored.map(({ id }) => id));
      const theirs = events.filter((event) => isEvent(event) && !known.has(event.id));
      for (const { id } of theirs) this.#pulled.add(id);
      if (theirs.length > 0) await mergeEvents(theirs);
      isNews ||= theirs.length > 0;
      this.#keep({ after: last });
    }
  }

  /** @param {string} place @param {RequestInit} request */
  async #fetch(place, request) {
    const response = await fetch(place, { ...request, cache: "no-store" });
    if (response.status === 401) throw new SignedOut();
    return response;
  }

  /* The reader's view */

  #show() {
    const own = document.querySelector("footer.foot .own");
    if (own !== null && !own.contains(this.#line)) own.append(this.#line);
    const front = /** @type {HTMLElement | null} */ (document.querySelector("main.front .title-page > div"));
    if (front !== null && !front.hasAttribute("data-due")) void this.#showDue(front);
  }

  /** Shows the assignments that are due on the book's front page. @param {HTMLElement} front */
  async #showDue(front) {
    front.toggleAttribute("data-due", true);
    const response = await fetch(new URL("due", this.reader.home)).catch(() => null);
    if (!response?.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    showTimes(page);
    for (const link of page.links) link.href = new URL(link.getAttribute("href") ?? "", this.reader.home).href;
    front.append(...page.body.childNodes);
  }

  /** @param {"saved" | "news" | "waiting" | "large" | "out"} state */
  #say(state) {
    if (this.#line.dataset.state === state) return;
    this.#line.dataset.state = state;
    const { href } = new URL("me", this.reader.home);
    this.#line.replaceChildren(make("a", { href }, this.reader.words[state]));
    this.#line.style.color = state === "saved" || state === "news" ? "" : "var(--warning)";
  }

  /** Asks, once, whether to take along work from before signing in. @returns {Promise<boolean>} */
  #ask() {
    const { words } = this.reader;
    const question = make("p", { id: "take-along" }, words.ask);
    const answers = make("p");
    const body = make("div", { className: "body" }, question, answers);
    const notice = make("dialog", { className: "embed-code unsaved" }, body);
    notice.setAttribute("aria-labelledby", question.id);
    Object.assign(notice.style, { position: "fixed", inset: "auto 1rem 1rem auto", maxWidth: "min(24rem, calc(100vw - 2rem))", margin: "0", zIndex: "9" });
    return new Promise((resolve) => {
      for (const answer of ["yes", "no"]) {
        const onAnswer = () => {
          notice.remove();
          resolve(answer === "yes");
        };
        answers.append(button(words[answer], onAnswer), " ");
      }
      document.body.append(notice);
      notice.open = true; // show() would take the focus from the text
    });
  }
}
