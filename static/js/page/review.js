/**
 * The review page: due cards one by one, with chapters mixed, for ten minutes at a time; the curve of expected recall;
 * settings for the cards.
 *
 * @import { Card } from "../study/decks.js"
 * @import { Grade } from "../study/fsrs.js"
 * @typedef {{key: string, card: Card | null, place: string, isAgain: boolean}} Item a card, or a question at a place in
 *   the book
 */
import { absolute } from "../config.js";
import { button, make, saveFile } from "../elements.js";
import { idle, painted } from "../pauses.js";
import { book, singleKeys } from "../store.js";
import { calendarOf } from "../study/calendar.js";
import { expectedRecall, HORIZON } from "../study/curve.js";
import { dateOf, today } from "../study/day.js";
import { cardsOf, placesOfQuestions, questionAt, sidesOf } from "../study/decks.js";
import { dueDays, isOff, isSet, mixed, noteDue } from "../study/due.js";
import { dueDay, remember, retentionOf, RETENTIONS } from "../study/fsrs.js";
import { isSavedLately, warning } from "../study/lasting.js";
import { record, recordReview, setValue, studyState } from "../study/log.js";
import { inDigits, translate, translateCount } from "../words.js";
import { startBlocks } from "./blocks.js";
import { picture } from "./review-curve.js";

const SESSION_MS = 10 * 60_000;

/** @type {[Grade, string][]} */
const GRADES = [
  [1, translate("Forgot")],
  [2, translate("Hard")],
  [3, translate("Good")],
  [4, translate("Easy")],
];

/** @param {HTMLElement} main */
export function startReview(main) {
  void new Review(main).start();
}

class Review {
  /** @type {Item[]} */
  #queue = [];
  /** @type {Item | null} */
  #item = null;
  /** Graded cards, for undoing. @type {{item: Item, event: Promise<string>, again: Item | null}[]} */
  #done = [];
  /** Number of questions shown and left. */
  #asked = 0;
  /** @type {Card[]} */
  #cards = [];
  /** @type {Map<string, string>} */
  #places = new Map();
  /** Start of the current ten minutes. */
  #began = 0;
  #ended = new AbortController();
  /** Ends the question on display. */
  #leaveQuestion = () => {};

  /** @param {HTMLElement} main */
  constructor(main) {
    this.main = main;
    this.desk = make("section", { className: "review-desk" });
    this.status = make("p", { className: "visually-hidden", role: "status" });
    this.overview = make("div", { className: "review-overview" });
    main.querySelector("header")?.after(this.desk, this.status, this.overview);
    document.addEventListener("keydown", (event) => this.#onKey(event), { signal: this.#ended.signal });
  }

  async start() {
    await this.#load();
    await this.#begin();
    await painted(); // the first card does not wait for the curve
    await this.#describe();
  }

  /** Load the chapters' cards and the places of questions. */
  async #load() {
    const chapters = [.../** @type {NodeListOf<HTMLElement>} */ (this.main.querySelectorAll("[data-chapter]"))].map((each) => each.dataset.chapter ?? "");
    const state = studyState();
    const known = state.then(({ cards }) => cards);
    const isWrong = state.then(({ questions }) => [...questions.values()].some(({ state }) => state === "wrong"));
    const found = isWrong.then((is) => (is ? placesOfQuestions() : new Map()));
    const [places, ...decks] = await Promise.allSettled([found, ...chapters.map((chapter) => cardsOf(chapter, known))]);
    if (places.status === "fulfilled") this.#places = places.value;
    this.#cards = decks.flatMap((deck) => (deck.status === "fulfilled" ? deck.value : []));
    if ([places, ...decks].some(({ status }) => status === "rejected")) this.#say(translate("Some cards cannot be loaded now. They are stored with the book for reading offline."));
  }

  /** Due items by chapter, earliest first. @param {number} [until] the last day that matters */
  async #due(until) {
    const state = await studyState();
    const days = dueDays(state, until);
    /** @type {{chapter: string, item: Item, day: number}[]} */
    const found = [];
    for (const card of this.#cards) {
      const { key, chapter, edition } = card;
      if (isOff(state, card)) continue;
      const known = state.cards.get(key);
      const isNew = known === undefined ? isSet(state, `learn:${chapter}`) : known.edition < edition;
      const day = isNew ? today() : days.get(key);
      if (day !== undefined) found.push({ chapter, item: { key, card, place: "", isAgain: false }, day });
    }
    for (const [key, place] of this.#places) {
      const day = days.get(key);
      if (day !== undefined) found.push({ chapter: place.split("/")[0], item: { key, card: null, place, isAgain: false }, day });
    }
    return [...Map.groupBy(found, ({ chapter }) => chapter).values()].map((items) => items.sort((a, b) => a.day - b.day));
  }

  /** Begin with everything that is due. */
  async #begin() {
    const due = await this.#due(today());
    this.#queue = mixed(due.map((items) => items.filter(({ day }) => day <= today()))).map(({ item }) => item);
    [this.#done, this.#asked] = [[], 0];
    this.#began = Date.now();
    this.#next(false);
    void idle().then(() => this.#note());
  }

  /** Store the due items for the bar of every page. */
  async #note() {
    const state = await studyState();
    const due = dueDays(state);
    const asked = new Set([...this.#cards.filter((card) => !isOff(state, card)).map(({ key }) => key), ...this.#places.keys()]);
    noteDue(state, [...due.keys()].filter((label) => !asked.has(label)), due);
  }

  /** @param {boolean} [takesFocus] */
  #next(takesFocus = true) {
    this.#leaveQuestion();
    this.#item = null;
    if (this.#queue.length === 0) void this.#showEnd(takesFocus);
    else if (Date.now() - this.#began > SESSION_MS) this.#showPause();
    else {
      this.#item = /** @type {Item} */ (this.#queue.shift());
      if (this.#item.card === null) void this.#showQuestion(this.#item, takesFocus);
      else this.#showCard(this.#item.card, takesFocus);
    }
  }

  /**
   * @param {string} title
   * @param {boolean} takesFocus
   * @param {(Node | string)[]} content
   */
  #show(title, takesFocus, ...content) {
    const heading = make("h2", { id: "review-title", textContent: title, tabIndex: -1 });
    this.desk.setAttribute("aria-labelledby", heading.id);
    this.desk.replaceChildren(heading, ...content);
    if (takesFocus) heading.focus();
  }

  #title() {
    const number = this.#done.length + this.#asked + 1;
    return translate("{number} of {count}", { number, count: number + this.#queue.length });
  }

  /** @param {Card} card @param {boolean} takesFocus */
  #showCard(card, takesFocus) {
    const { front, back } = sidesOf(card);
    front.className = "front flow";
    back.className = "back flow";
    back.tabIndex = -1;
    back.hidden = true;
    const answer = action(translate("Show answer"), () => void this.#showAnswer(), "Space");
    answer.className = "primary";
    const buttons = row("grades", answer);
    const off = button(translate("Do not ask this card again"), () => void this.#switchOff(`recall-off:${card.key}`));
    this.#show(this.#title(), takesFocus, front, back, buttons, this.#aside(off));
  }

  async #showAnswer() {
    const back = /** @type {HTMLElement | null} */ (this.desk.querySelector(".back[hidden]"));
    const { card } = this.#item ?? {};
    if (back === null || !card) return;
    back.hidden = false;
    if (card.isCloze) this.desk.querySelector(".front")?.remove(); // its answer has the same words
    const state = await studyState();
    if (!back.isConnected) return; // a key has already graded it
    const known = state.cards.get(card.key);
    const before = known?.edition === card.edition ? known : null;
    const buttons = GRADES.map(([grade, name]) => {
      const after = { ...remember(before, today(), grade), edition: card.edition, count: (before?.count ?? 0) + 1 };
      const days = dueDay(card.key, after, retentionOf(state)) - today();
      const made = action(name, () => this.#grade(grade), String(grade));
      made.append(make("small", {}, translateCount(days, "in {number} day", "in {number} days")));
      return made;
    });
    this.desk.querySelector(".grades")?.replaceChildren(...buttons);
    back.focus();
  }

  /** @param {Grade} grade */
  #grade(grade) {
    const item = this.#item;
    if (!item?.card) return;
    const event = recordReview(item.card, grade);
    const again = grade === 1 && !item.isAgain ? { ...item, isAgain: true } : null;
    if (again) this.#queue.push(again);
    this.#done.push({ item, event, again });
    this.#next();
    this.#say(again ? translate("Forgotten. It comes again at the end.") : GRADES[grade - 1][1]);
  }

  async #undo() {
    const last = this.#done.pop();
    if (last === undefined) return;
    await record("undo", { of: [await last.event] });
    this.#queue = this.#queue.filter((item) => item !== last.again);
    if (this.#item !== null) this.#queue.unshift(this.#item);
    this.#queue.unshift(last.item);
    this.#began = Math.max(this.#began, Date.now() - SESSION_MS); // show the card even if the time is over
    this.#next();
    this.#say(translate("Undone."));
  }

  /** @param {Item} item @param {boolean} takesFocus */
  async #showQuestion(item, takesFocus) {
    const question = await questionAt(item.key, item.place).catch(() => null);
    if (this.#item !== item) return;
    if (question === null) return this.#next(takesFocus); // no longer in the book
    const link = make("a", { href: absolute(`${item.place}#${item.key}`) }, translate("Open it in the text"));
    const go = button(translate("Next"), () => void this.#leave(item));
    this.#show(this.#title(), takesFocus, make("p", { className: "asks" }, translate("You answered this question wrongly.")), question, row("grades", go), this.#aside(link));
    this.#leaveQuestion = startBlocks(null, false);
  }

  /** @param {Item} item a question */
  async #leave(item) {
    const { questions } = await studyState();
    if (this.#item !== item) return;
    this.#asked += 1;
    this.#next();
    if (questions.get(item.key)?.state === "wrong") this.#say(translate("The question comes back tomorrow."));
  }

  /** @param {string} name of a setting */
  async #switchOff(name) {
    await setValue(name, true);
    this.#next();
    this.#say(translate("It is not asked again."));
    await this.#describe();
  }

  #showPause() {
    const left = translateCount(this.#queue.length, "Ten minutes are over. {number} is left.", "Ten minutes are over. {number} are left.");
    const onGo = () => {
      this.#began = Date.now();
      this.#next();
    };
    this.#show(left, true, row("grades", button(translate("Go on"), onGo, { className: "primary" })), this.#aside());
    void this.#describe();
  }

  /** @param {boolean} takesFocus */
  async #showEnd(takesFocus) {
    const days = (await this.#due()).flat().map(({ day }) => day);
    const next = Math.min(...days.filter((day) => day > today()));
    const title = this.#done.length + this.#asked > 0 ? translate("Done for today.") : translate("Nothing is due.");
    const date = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "full", timeZone: "UTC" });
    const sentence = Number.isFinite(next)
      ? translate("The next is due on {date}.", { date: date.format(dateOf(next)) })
      : translate("A card comes here once you have answered it in the text, or if you learn all cards of its chapter.");
    this.#show(title, takesFocus, make("p", {}, sentence), this.#aside());
    if (this.#done.length > 0) await this.#describe();
  }

  /** @param {HTMLElement[]} others */
  #aside(...others) {
    const undo = action(translate("Undo"), () => void this.#undo(), "u");
    return row("aside", ...(this.#done.length > 0 ? [undo] : []), ...others);
  }

  /** @param {string} sentence */
  #say(sentence) {
    this.status.textContent = sentence;
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (!this.main.isConnected) return this.#ended.abort(); // the reader has gone to another page
    const target = event.composedPath()[0];
    if (!(target instanceof HTMLElement) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (target.isContentEditable || target.matches("input, textarea, select")) return;
    if ((event.key === " " || event.key === "Enter") && target.matches("body, main, #review-title") && this.desk.querySelector(".back[hidden]")) {
      event.preventDefault();
      void this.#showAnswer();
    } else if (singleKeys() && event.key === "u") {
      void this.#undo();
    } else if (singleKeys() && ["1", "2", "3", "4"].includes(event.key) && this.desk.querySelector(".back:not([hidden])")) {
      this.#grade(/** @type {Grade} */ (Number(event.key)));
    }
  }

  /* Overview below: recall, settings, chapters */

  async #describe() {
    const state = await studyState();
    const retention = retentionOf(state);
    const known = this.#cards.flatMap((each) => {
      const card = state.cards.get(each.key);
      return card === undefined || isOff(state, each) ? [] : [/** @type {[string, import("../study/fsrs.js").Card]} */ ([each.key, card])];
    });
    const parts = known.length === 0 ? [] : [picture(expectedRecall(known, today(), retention), known.length), this.#settings(retention)];
    const off = this.#cards.filter(({ key }) => isSet(state, `recall-off:${key}`));
    if (off.length > 0) parts.push(this.#switchedOff(off));
    if (warning() !== "" && !isSavedLately()) parts.push(make("p", {}, warning()), row("settings", button(translate("Save as a file"), () => void this.#saveWork())));
    this.overview.replaceChildren(...parts);
    for (const chapter of /** @type {NodeListOf<HTMLElement>} */ (this.main.querySelectorAll("[data-chapter]"))) this.#describeChapter(chapter, state);
    this.main.dataset.described = "";
  }

  /** @param {number} retention */
  #settings(retention) {
    const options = RETENTIONS.map((each) => new Option(inDigits(each, { style: "percent" }), String(each), false, each === retention));
    const select = make("select", {}, ...options);
    select.addEventListener("change", async () => {
      await setValue("retention", Number(select.value));
      await this.#describe();
      this.overview.querySelector("select")?.focus();
    });
    const label = make("label", {}, translate("Ask when recall has fallen to"), " ", select);
    return row("settings", label, button(translate("Save the days as a calendar file"), () => void this.#saveCalendar()));
  }

  async #saveWork() {
    const { saveWork } = await import("./work.js");
    this.#say(translate("Saved as {file}.", { file: await saveWork() }));
    await this.#describe();
  }

  async #saveCalendar() {
    const counts = new Map();
    for (const { day } of (await this.#due()).flat()) {
      const date = Math.max(day, today());
      if (date <= today() + HORIZON) counts.set(date, (counts.get(date) ?? 0) + 1);
    }
    const title = document.querySelector(".bar .brand")?.textContent?.trim() ?? book;
    const days = [...counts].sort(([a], [b]) => a - b).map(([day, count]) => {
      return { day, summary: `${title}: ${translateCount(count, "{number} due", "{number} due")}` };
    });
    const file = `${book}-review.ics`;
    saveFile(file, new Blob([calendarOf({ book, url: absolute("review/"), days, now: new Date() })], { type: "text/calendar" }));
    this.#say(translate("Saved as {file}.", { file }));
  }

  /** @param {Card[]} off */
  #switchedOff(off) {
    const lines = off.map((card) => {
      const again = button(translate("Ask again"), () => void this.#set(`recall-off:${card.key}`, null));
      return make("li", {}, sidesOf(card).front, again);
    });
    const summary = make("summary", {}, translateCount(off.length, "{number} card is switched off", "{number} cards are switched off"));
    return make("details", { className: "switched-off" }, summary, make("ul", {}, ...lines));
  }

  /** @param {HTMLElement} line @param {import("../study/events.js").State} state */
  #describeChapter(line, state) {
    const { chapter = "" } = line.dataset;
    const cards = this.#cards.filter((card) => card.chapter === chapter);
    if (cards.length === 0) return;
    const asked = cards.filter(({ key }) => state.cards.has(key)).length;
    const about = translate("{asked} of {count} cards asked", { asked: inDigits(asked), count: inDigits(cards.length) });
    const [learn, off] = [`learn:${chapter}`, `recall-off-chapter:${chapter}`];
    const change = isSet(state, off)
      ? button(translate("Ask its cards again"), () => void this.#set(off, null))
      : button(translate("Do not ask its cards"), () => void this.#set(off, true));
    const buttons = isSet(state, off) || isSet(state, learn) || asked === cards.length ? [change] : [button(translate("Learn all its cards"), () => void this.#set(learn, true)), change];
    const controls = row("of-chapter", make("span", {}, about), ...buttons);
    for (const button of buttons) button.setAttribute("aria-describedby", `cards-of-${chapter}`);
    line.querySelector(".of-chapter")?.remove();
    line.append(controls);
  }

  /** @param {string} name of a setting @param {unknown} value */
  async #set(name, value) {
    await setValue(name, value);
    await this.#describe();
    await this.#begin();
    this.desk.querySelector("h2")?.focus();
  }
}

/* Elements */

/** A button. @param {string} name @param {() => void} act @param {string} key that does the same */
function action(name, act, key) {
  const made = button(name, act);
  if (key === "Space" || singleKeys()) {
    made.append(" ", make("kbd", { ariaHidden: "true" }, key === "Space" ? translate("Space") : key.toUpperCase()));
  }
  return made;
}

/** @param {string} className @param {HTMLElement[]} parts */
const row = (className, ...parts) => make("p", { className }, ...parts);
