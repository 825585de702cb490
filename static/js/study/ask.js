/**
 * Cards asked in the text, at the end of the stretch that they belong to. The page does not contain them: they come
 * from the page of the chapter's cards when the reader scrolls near. Boxes are placed only below the window, so that
 * the text being read does not move.
 *
 * @import { Card } from "./decks.js"
 * @typedef {{card: Card, isAgain: boolean, element: HTMLElement, back: HTMLElement}} Item
 */
import { absolute, config } from "../config.js";
import { button, make } from "../elements.js";
import { loadSheet } from "../sheet.js";
import { read, singleKeys } from "../store.js";
import { translate } from "../words.js";
import { today } from "./day.js";
import { cardsOf, sidesOf } from "./decks.js";
import { dueDays, isOff, isSet, noteDue } from "./due.js";
import { recordReview, setValue, studyState } from "./log.js";

/** Distance below the window at which the cards of a stretch are fetched. */
const NEAR = "0px 0px 150% 0px";

/** Follow the stretches of a section that the reader has begun to read. @param {HTMLElement} article */
export async function followStretches(article) {
  const { place = "" } = article.dataset;
  const response = await fetch(absolute(config.sections)).catch(() => null); // offline
  /** @type {string[]} */
  const stretches = response?.ok ? (await response.json())[place][2] : [];
  const ends = stretches.map((id) => endOf(article, id));
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      void placeBoxes(article, stretches);
    },
    { rootMargin: NEAR },
  );
  for (const end of ends) observer.observe(end);
}

/**
 * The element after a stretch: the next heading, or the element after the text.
 *
 * @param {HTMLElement} article
 * @param {string} id of the heading of the stretch; empty for the one before all headings
 */
function endOf(article, id) {
  const flow = /** @type {HTMLElement} */ (article.querySelector(".section.flow"));
  const blocks = [...flow.children];
  const begin = id === "" ? -1 : blocks.findIndex((block) => block.id === id || block.querySelector(`h2[id="${id}"]`));
  const next = blocks.slice(begin + 1).find((block) => block.matches("h2, :has(> h2)"));
  return next ?? flow.nextElementSibling ?? flow;
}

/** @param {HTMLElement} article @param {string[]} stretches */
async function placeBoxes(article, stretches) {
  const { place = "" } = article.dataset;
  const [chapter] = place.split("/");
  const state = await studyState();
  if (isSet(state, `recall-off-chapter:${chapter}`)) return;
  const cards = await cardsOf(chapter, state.cards).catch(() => []); // offline
  const days = dueDays(state);
  const asked = cards.filter((card) => {
    if (isOff(state, card)) return false;
    const known = state.cards.get(card.key);
    return known === undefined || known.edition < card.edition || (days.get(card.key) ?? Infinity) <= today();
  });
  if (asked.length === 0 || !article.isConnected) return;
  await loadSheet("recall.css");
  /** @type {Box[]} */
  const boxes = [];
  for (const id of stretches) {
    const own = asked.filter(({ after }) => after === `${place}#${id}`);
    const end = endOf(article, id);
    if (own.length === 0 || !isBelow(end)) continue;
    const box = new Box(own, boxes, cards);
    boxes.push(box);
    if (end.parentElement?.matches(".section.flow")) end.before(box.element);
    else article.querySelector(".section.flow")?.append(box.element);
  }
  document.dispatchEvent(new Event("scrollers")); // page/reading.js
}

/**
 * Whether an element is below the window, so that inserting something there moves nothing visible.
 * @param {Element} element
 */
const isBelow = (element) => element.getBoundingClientRect().top >= innerHeight;

/** Shows cards one by one, in a box as high as the highest card. */
class Box {
  /** @type {Item[]} */
  #items = [];
  #at = 0;

  /**
   * @param {Card[]} cards
   * @param {Box[]} boxes all boxes of the page, in order
   * @param {Card[]} ofChapter all cards of the chapter
   */
  constructor(cards, boxes, ofChapter) {
    this.boxes = boxes;
    this.ofChapter = ofChapter;
    this.title = make("p", { className: "label" });
    this.end = make("p", { className: "end", tabIndex: -1 });
    this.cards = make("div", { className: "cards" }, this.end);
    this.show = button(translate("Show answer"), () => this.#showAnswer(), { className: "primary" });
    this.grades = [button(translate("Forgot"), () => this.#grade(1)), button(translate("Remembered"), () => this.#grade(3))];
    const answers = make("div", { className: "answers" }, this.show, ...this.grades);
    const quiet = { className: "quiet" };
    this.offCard = button(translate("Do not ask this card again"), () => void this.#switchOff(), quiet);
    this.offChapter = button(translate("Ask no cards in this chapter"), () => void this.#switchOffChapter(), quiet);
    const aside = make("div", { className: "switches" }, this.offCard, this.offChapter);
    const isGroup = { className: "recall-box", role: "group", ariaLabel: translate("What do you remember?") };
    this.element = make("div", isGroup, this.title, this.cards, answers, aside);
    this.element.dataset.recall = ""; // not prose that readers mark (prose.js)
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
    for (const card of cards) this.add(card, false);
    this.#turn(0);
  }

  /** @param {Card} card @param {boolean} isAgain whether it was forgotten before */
  add(card, isAgain) {
    const { front, back } = sidesOf(card);
    front.className = "front";
    front.id = `ask-${card.label}${isAgain ? "-again" : ""}`;
    back.className = "back";
    back.tabIndex = -1;
    const element = make("div", { className: card.isCloze ? "of-one filled" : "of-one" }, front, back);
    this.cards.append(element);
    this.#items.push({ card, isAgain, element, back });
    this.#turn(this.#at);
  }

  /** Show a card, or that none is left. @param {number} at */
  #turn(at) {
    this.#at = at;
    for (const [i, { element, back }] of this.#items.entries()) {
      element.classList.toggle("off", i !== at);
      back.classList.add("off");
    }
    const item = this.#items[at];
    const count = this.#items.length;
    this.title.textContent = translate("What do you remember? {number} of {count}", { number: Math.min(at + 1, count), count });
    this.end.classList.toggle("off", item !== undefined);
    if (item !== undefined) this.show.setAttribute("aria-describedby", /** @type {HTMLElement} */ (item.element.firstChild).id);
    this.#offer(item === undefined ? [] : [this.show, this.offCard, this.offChapter]);
  }

  /** Show only these buttons; hidden ones still take their space. @param {HTMLElement[]} offered */
  #offer(offered) {
    for (const each of [this.show, ...this.grades, this.offCard, this.offChapter]) each.classList.toggle("off", !offered.includes(each));
  }

  #showAnswer() {
    const { back } = this.#items[this.#at];
    back.classList.remove("off");
    this.#offer([...this.grades, this.offCard, this.offChapter]);
    back.focus();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const isShown = this.grades[0].matches(":not(.off)");
    if (!isShown || !singleKeys() || event.ctrlKey || event.metaKey || event.altKey || !/^[1-4]$/.test(event.key)) return;
    event.preventDefault();
    this.#grade(Number(event.key));
  }

  /** @param {number} grade */
  #grade(grade) {
    const { card, isAgain } = this.#items[this.#at];
    void recordReview(card, grade);
    const next = this.boxes[this.boxes.indexOf(this) + 1] ?? this;
    const box = isBelow(next.element) ? next : this; // in this box it changes no height
    if (grade === 1 && !isAgain) box.add(card, true);
    this.#next(grade === 1 && !isAgain && box !== this ? translate("What you forgot comes again further down.") : "");
  }

  /** @param {string} [said] at the end */
  #next(said = "") {
    this.end.textContent = said || this.end.textContent || translate("That was all here. What you reviewed comes back when it is due.");
    this.#turn(this.#at + 1);
    (this.#at < this.#items.length ? this.show : this.end).focus();
  }

  async #switchOff() {
    await setValue(`recall-off:${this.#items[this.#at].card.key}`, true);
    this.#next();
  }

  async #switchOffChapter() {
    await setValue(`recall-off-chapter:${this.#items[this.#at].card.chapter}`, true);
    const { hidden = [] } = read("due", "days") ?? {};
    noteDue(await studyState(), [...hidden, ...this.ofChapter.map(({ key }) => key)]);
    for (const box of this.boxes) {
      if (isBelow(box.element)) box.element.remove();
      else box.#at = box.#items.length - 1;
    }
    this.#next(translate("Cards of this chapter are no longer asked. The page of what is due can ask them again."));
  }
}
