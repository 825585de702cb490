/**
 * The speaker's window: what to say at this slide, what comes next, where one is, and the time. It is an empty window of the
 * book's own that this page writes into; keys pressed in it act as they do here.
 *
 * @typedef {import("./slides.js").Slide} Slide
 * @typedef {{slide: Slide, next: string | null, place: string}} Said `next`: title of the slide after it, null after the last
 */

const NAME = "latentbook-notes";
const SIZE = "popup,width=720,height=560";

export class NotesWindow {
  /** @type {Window | null} */
  #window = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #clock;
  #start = Date.now();
  /** @type {(event: KeyboardEvent) => void} */
  #onKey;

  /** @param {(event: KeyboardEvent) => void} onKey */
  constructor(onKey) {
    this.#onKey = onKey;
  }

  /** @returns {boolean} false where the browser allows no new window */
  open() {
    if (this.#window && !this.#window.closed) {
      this.#window.focus();
      return true;
    }
    this.#window = window.open("", NAME, SIZE);
    if (!this.#window) return false;
    this.#furnish(this.#window.document);
    clearInterval(this.#clock);
    this.#clock = setInterval(() => this.#tell(), 1_000);
    this.#tell();
    return true;
  }

  /** @param {Said} said */
  show({ slide, next, place }) {
    const page = this.#document;
    if (!page) return;
    write(page, "place", place);
    write(page, "title", slide.title);
    write(page, "next", next === null ? "This is the last step." : `Next: ${next}`);
    const notes = page.querySelector("[data-part=notes]");
    const copies = [...(slide.notes?.childNodes ?? [])].map((each) => page.importNode(each, true));
    notes?.replaceChildren(...copies);
    if (copies.length === 0) notes?.append("This step has no notes.");
  }

  close() {
    clearInterval(this.#clock);
    this.#window?.close();
    this.#window = null;
  }

  get #document() {
    return this.#window && !this.#window.closed ? this.#window.document : null;
  }

  /** @param {Document} page */
  #furnish(page) {
    const { documentElement: html, head, body } = page;
    html.lang = document.documentElement.lang;
    for (const name of ["js", "theme"]) {
      const value = document.documentElement.dataset[name];
      if (value !== undefined) html.dataset[name] = value;
    }
    page.title = `Notes: ${document.title}`;
    const sheets = /** @type {NodeListOf<HTMLLinkElement>} */ (document.querySelectorAll('link[rel="stylesheet"]'));
    head.replaceChildren(
      ...[...sheets].map(({ href }) => Object.assign(page.createElement("link"), { rel: "stylesheet", href })),
    );
    body.className = "speaker-window";
    body.replaceChildren(
      part(page, "p", "place"),
      part(page, "p", "clock"),
      part(page, "h1", "title"),
      part(page, "div", "notes"),
      part(page, "p", "next"),
    );
    body.querySelector("[data-part=title]")?.setAttribute("aria-live", "polite");
    page.addEventListener("keydown", this.#onKey);
  }

  #tell() {
    const page = this.#document;
    if (!page) return;
    const now = new Date();
    const since = Math.floor((now.getTime() - this.#start) / 1_000);
    const gone = `${Math.floor(since / 60)}:${String(since % 60).padStart(2, "0")}`;
    const time = now.toLocaleTimeString(page.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false });
    write(page, "clock", `${time}, ${gone} since the start`);
  }
}

/** @param {Document} page @param {string} tag @param {string} name */
function part(page, tag, name) {
  const made = page.createElement(tag);
  made.dataset.part = name;
  return made;
}

/** @param {Document} page @param {string} name @param {string} text */
function write(page, name, text) {
  const place = page.querySelector(`[data-part=${name}]`);
  if (place) place.textContent = text;
}
