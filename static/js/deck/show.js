/**
 * A page shown slide by slide. Elements stay in place and those of other slides are hidden, so instruments stay live. A
 * slide is as large as the window allows.
 *
 * @import { Slide } from "./slides.js"
 * @typedef {{go: (id: string) => void, leave: () => void}} Hooks `go` writes the address of a slide, `leave` returns to the page
 */
import { singleKeys } from "../store.js";
import { setText } from "../text.js";
import { DeckBar } from "./bar.js";
import { NotesWindow } from "./notes.js";
import { partsOfPage, slidesOfPage } from "./slides.js";
import { followSwipes } from "./swipe.js";
import { isRightToLeft, translate } from "../words.js";

/** Window size that slides are designed for, in rem of the page; a larger window scales them up. */
const [WIDTH, HEIGHT] = [80, 45];
/** Height of the bar and the margins in rem. */
const AROUND = 6;
/**
 * In a window narrower than this, px, the type keeps its size: there are more slides, and a tall instrument's picture
 * is narrower.
 */
const SMALL = 1000;
/** The minimum share of its width, and the step by which it shrinks. */
const [LEAST_PICTURE, NARROWER] = [0.4, 0.04];
/**
 * Scales: below the first, a slide has its panels side by side; below the second, where an instrument gets a phone's
 * layout, a step is divided; below the third, listings scroll.
 */
const [TIGHT, DIVIDED, LEAST] = [0.82, 0.75, 0.6];
/** Elements that scroll then, and their minimum height, px. */
const [LISTING, LEAST_LISTING] = ["pre, [data-output], .table-scroll, .editor", 160];
/** In automatic mode: reading speed, and the shortest time per slide. */
const [WORDS_A_MINUTE, LEAST_MS] = [170, 9_000];

export class Show {
  /** @type {Slide[]} */
  #slides = [];
  #parts = partsOfPage();
  #at = -1;
  #full = 1;
  #scale = 1;
  #picture = 1;
  #hooks;
  #end = new AbortController();
  #bar;
  #notes = new NotesWindow((event) => this.#onKey(event));
  #timer = 0;
  #fitting = new ResizeObserver(() => requestAnimationFrame(() => this.#fitGrown()));

  /** @param {Hooks} hooks */
  constructor(hooks) {
    this.#hooks = hooks;
    this.#bar = new DeckBar({
      previous: () => this.step(-1),
      next: () => this.step(1),
      play: () => (this.playing ? this.pause() : this.play()),
      notes: () => this.#openNotes(),
      full: toggleFullScreen,
      leave: hooks.leave,
    });
    const { signal } = this.#end;
    document.documentElement.dataset.presented = "";
    this.#fill();
    const isSmall = innerWidth < SMALL;
    const high = (HEIGHT - AROUND) * 16 * this.#full;
    this.#slides = isSmall ? slidesOfPage(innerHeight - AROUND * 16, 0) : slidesOfPage(high / TIGHT, high / DIVIDED);
    document.addEventListener("keydown", (event) => this.#onKey(event), { signal });
    document.addEventListener("fullscreenchange", () => this.#bar.showFull(isFullScreen()), { signal });
    document.addEventListener("input", () => this.pause(), { signal }); // the reader has taken over
    addEventListener("resize", () => this.#fit(), { signal });
    followSwipes((way) => this.step(way), signal);
    const page = document.querySelector(".page");
    if (page) this.#fitting.observe(page);
    this.#bar.showFull(isFullScreen());
  }

  /** The first element of the slide on the page. */
  get element() {
    return this.#slides[this.#at]?.elements[0];
  }

  get playing() {
    return this.#timer !== 0;
  }

  /** @param {string} id of a slide, of something on one, or nothing */
  showAt(id) {
    const target = id && document.getElementById(id);
    let at = this.#slides.findIndex((slide) => slide.id === id);
    if (at < 0 && target) at = this.#slides.findIndex(({ elements }) => elements.some((each) => each.contains(target)));
    this.#show(Math.max(0, at));
  }

  /** @param {number} way number of slides, negative for backwards */
  step(way) {
    this.pause();
    this.#goTo(this.#at + way);
  }

  play() {
    if (this.#at === this.#slides.length - 1) this.#goTo(0);
    this.#bar.showPlaying(true);
    this.#wait();
  }

  pause() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#bar.showPlaying(false);
  }

  end() {
    this.pause();
    this.#end.abort();
    this.#fitting.disconnect();
    this.#bar.remove();
    this.#notes.close();
    const html = document.documentElement;
    delete html.dataset.presented;
    delete html.dataset.tight;
    for (const name of ["slide", "listing", "window", "picture"]) html.style.removeProperty(`--${name}`);
    for (const part of this.#parts) for (const name of ["data-off", "data-divided"]) part.removeAttribute(name);
    if (isFullScreen()) void document.exitFullscreen();
  }

  /** @param {number} at */
  #goTo(at) {
    if (at < 0 || at >= this.#slides.length || at === this.#at) return;
    this.#hooks.go(this.#slides[at].id);
    this.#show(at);
  }

  /** @param {number} at */
  #show(at) {
    if (at === this.#at) return;
    this.#at = at;
    const slide = this.#slides[at];
    const isOn = (/** @type {Element} */ part) => slide.elements.some((each) => each.contains(part) || part.contains(each));
    for (const part of this.#parts) part.toggleAttribute("data-off", !isOn(part));
    scrollTo(0, 0);
    this.#fit();
    this.#bar.showPlace(at + 1, this.#slides.length, slide.elements[0].matches("[data-slide], .step-head") ? "" : slide.title);
    this.#notes.show(this.#said());
    setText(document.querySelector("[data-page-status]"), translate("Step {number} of {count}: {title}", { number: at + 1, count: this.#slides.length, title: slide.title }));
    // Unless the bar has the focus, move it to the beginning of the new slide.
    if (!this.#bar.hasFocus()) document.getElementById("main")?.focus({ preventScroll: true });
  }

  /** Wait for the next slide in automatic mode. */
  #wait() {
    const { elements } = this.#slides[this.#at];
    const words = elements.map((each) => /** @type {HTMLElement} */ (each).innerText.split(/\s+/).length);
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) for (const each of elements) playIn(each);
    const reading = (60_000 * words.reduce((sum, count) => sum + count, 0)) / WORDS_A_MINUTE;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#at === this.#slides.length - 1) return this.pause();
      this.#goTo(this.#at + 1);
      this.#wait();
    }, Math.max(LEAST_MS, reading));
  }

  /** Make the slide as large as the window allows; shrink it if it is then too high. */
  #fit() {
    const { dataset, style } = document.documentElement;
    style.removeProperty("--listing");
    style.removeProperty("--picture");
    this.#picture = 1;
    for (const tight of innerWidth < SMALL ? [false] : [false, true]) {
      if (tight) dataset.tight = "";
      else delete dataset.tight;
      this.#fill();
      this.#shrink();
      if (this.#scale >= TIGHT * this.#full) return;
    }
    this.#foldListings();
  }

  /** Fit the slide again: a block that has started may be higher. */
  #fitGrown() {
    this.#shrink();
    this.#foldListings();
  }

  /** If a slide is too high at the minimum scale, make its listings and tables scroll, at a readable size. */
  #foldListings() {
    const root = document.documentElement;
    if (innerWidth < SMALL || root.scrollHeight <= innerHeight) return;
    this.#scale = TIGHT * this.#full;
    this.#write();
    const listings = this.#slides[this.#at].elements.flatMap((each) => [...each.querySelectorAll(LISTING)]);
    let height = Math.max(...listings.map((each) => each.clientHeight));
    while (root.scrollHeight > innerHeight && height > LEAST_LISTING) {
      height = Math.max(LEAST_LISTING, height - Math.ceil((root.scrollHeight - innerHeight) / listings.length));
      root.style.setProperty("--listing", `${height}px`);
    }
    this.#shrink();
  }

  /** Scale up a slide that has room. */
  #fill() {
    this.#full = innerWidth < SMALL ? 1 : Math.min(innerWidth / (WIDTH * 16), innerHeight / (HEIGHT * 16));
    this.#scale = this.#full;
    document.documentElement.style.setProperty("--window", String(this.#full));
    this.#write();
  }

  #shrink() {
    if (innerWidth < SMALL) return this.#narrow();
    for (let tries = 0; tries < 4; tries++) {
      const { scrollHeight } = document.documentElement;
      if (scrollHeight <= innerHeight || this.#scale <= LEAST * this.#full) return;
      this.#scale = Math.max(LEAST * this.#full, this.#scale * Math.min(0.985, innerHeight / scrollHeight));
      this.#write();
    }
  }

  #narrow() {
    const root = document.documentElement;
    while (root.scrollHeight > innerHeight && this.#picture > LEAST_PICTURE) {
      this.#picture -= NARROWER;
      root.style.setProperty("--picture", this.#picture.toFixed(2));
    }
  }

  #write() {
    document.documentElement.style.setProperty("--slide", this.#scale.toFixed(4));
  }

  /** Content of the speaker's window. */
  #said() {
    const [slide, next] = [this.#slides[this.#at], this.#slides[this.#at + 1]];
    return { slide, next: next?.title ?? null, place: `${this.#at + 1} / ${this.#slides.length}` };
  }

  #openNotes() {
    const opened = this.#notes.open();
    this.#bar.say(opened ? "" : translate("The browser has blocked the window with the notes. Allow pop-ups for this page, then press N again."));
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = this.#actionOf(event);
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** @param {KeyboardEvent} event @returns {(() => void) | null} */
  #actionOf({ key, target }) {
    const at = target instanceof Element ? target : null; // also null for elements of the speaker's window
    if (at?.closest("dialog, [contenteditable], textarea, .cm-editor")) return null;
    // A clicker sends these keys, whatever has the focus.
    if (key === "PageDown") return () => this.step(1);
    if (key === "PageUp") return () => this.step(-1);
    if (key === "Escape") return this.#hooks.leave;
    if (at?.closest("input, select, [data-draggable], .map, .pad")) return null;
    switch (key) {
      case "ArrowRight":
      case "ArrowLeft":
        return () => this.step((key === "ArrowLeft") === isRightToLeft() ? 1 : -1);
      case "Home":
        return () => this.step(-this.#at);
      case "End":
        return () => this.step(this.#slides.length - 1 - this.#at);
      case " ":
        return at?.closest("button, summary, a") ? null : () => (this.playing ? this.pause() : this.play());
      case "n":
        return singleKeys() ? () => this.#openNotes() : null;
      case "f":
        return singleKeys() ? toggleFullScreen : null;
    }
    return null;
  }
}

/** Start the instruments that can play. @param {Element} element */
function playIn(element) {
  const choices = /** @type {NodeListOf<HTMLElement>} */ (element.querySelectorAll(".control:not([data-plays]) > [data-action=play]"));
  for (const button of choices) button.click();
}

const isFullScreen = () => document.fullscreenElement !== null;

function toggleFullScreen() {
  if (isFullScreen()) void document.exitFullscreen();
  else void document.documentElement.requestFullscreen?.();
}
