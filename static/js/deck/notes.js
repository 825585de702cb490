/**
 * The speaker's window: notes, next slide, position and time. It is a page of the book that this page writes to. Keys
 * have the same effect in both.
 *
 * @import { Slide } from "./slides.js"
 * @typedef {{slide: Slide, next: string | null, place: string}} Said `next`: title of the next slide, null after the last
 */
import { absolute } from "../config.js";
import { setText } from "../text.js";
import { translate } from "../words.js";

const PLACE = "notes/";
const NAME = "latentbook-notes";
const SIZE = "popup,width=720,height=560";
const TICK_MS = 250;

export class NotesWindow {
  /** @type {Window | null} */
  #window = null;
  /** The document in the speaker's window, which may be reloaded. @type {Document | null} */
  #page = null;
  /** @type {Said | null} */
  #said = null;
  #clock = 0;
  #start = Date.now();
  #onKey;

  /** @param {(event: KeyboardEvent) => void} onKey */
  constructor(onKey) {
    this.#onKey = onKey;
  }

  /** @returns {boolean} false if the browser allows no new window */
  open() {
    if (this.#window && !this.#window.closed) {
      this.#window.focus();
      return true;
    }
    this.#window = window.open(absolute(PLACE), NAME, SIZE);
    clearInterval(this.#clock);
    this.#clock = setInterval(() => this.#tick(), TICK_MS);
    return this.#window !== null;
  }

  /** @param {Said} said */
  show(said) {
    this.#said = said;
    this.#write();
  }

  close() {
    clearInterval(this.#clock);
    this.#window?.close();
    this.#window = null;
  }

  #tick() {
    const page = this.#window?.closed === false ? this.#window.document : null;
    if (page !== this.#page && page?.readyState === "complete" && page.querySelector("[data-part]")) {
      this.#page = page;
      page.addEventListener("keydown", this.#onKey);
      this.#write();
    }
    if (page !== null && page === this.#page) write(page, "clock", this.#time(page.documentElement.lang));
  }

  #write() {
    const [page, said] = [this.#page, this.#said];
    if (page === null || said === null) return;
    write(page, "place", said.place);
    write(page, "title", said.slide.title);
    write(page, "next", said.next === null ? translate("This is the last step.") : translate("Next: {title}", { title: said.next }));
    const copies = [...(said.slide.notes?.childNodes ?? [])].map((each) => page.importNode(each, true));
    page.querySelector("[data-part=notes]")?.replaceChildren(...(copies.length > 0 ? copies : [translate("This step has no notes.")]));
  }

  /** @param {string} language */
  #time(language) {
    const now = new Date();
    const since = Math.floor((now.getTime() - this.#start) / 1_000);
    const time = now.toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit", hour12: false });
    const passed = `${Math.floor(since / 60)}:${String(since % 60).padStart(2, "0")}`;
    return translate("{time}, {passed} since the start", { time, passed });
  }
}

/** @param {Document} page @param {string} name @param {string} text */
const write = (page, name, text) => setText(page.querySelector(`[data-part=${name}]`), text);
