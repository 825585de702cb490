/**
 * The page of an assignment: answers go to the server, which judges them. The server renders the part of a question
 * that shows the verdict and the remaining tries, also for readers without scripts.
 *
 * @typedef {import("./outbox.js").Attempt} Attempt
 * @typedef {{person: string, words: Record<"waiting" | "answers" | "empty" | "sending", string>}} Given by the server, in the page
 * @typedef {import("latentbook/quiz/types.js").Kind & {field?: import("latentbook/cell/code-field.js").CodeField, key: {check?: string}}} Kind `field`: of a question about code
 */
import { make } from "latentbook/elements.js";
import { painted, wait } from "latentbook/pauses.js";
import { translate } from "latentbook/words.js";
import { Outbox, refusalIn } from "./outbox.js";
import { showTimes } from "./times.js";

const FIRST_POLL_MS = 2_000;
/** While a class waits for its code to be judged, its browsers must not all poll every two seconds. */
const LONGEST_POLL_MS = 16_000;
/** Parts of a question that a verdict changes. */
const PARTS = ["[data-acts]", "[data-feedback]", "[data-standing]"];

/** @type {Given} */
const given = JSON.parse(document.getElementById("assignment")?.textContent ?? "");
/** By kind of question. A question's own HTML does not name its script, whose name changes with every release. @type {Record<string, string>} */
const scripts = JSON.parse(document.getElementById("question-scripts")?.textContent ?? "");
/** The questions by the address to which answers go. @type {Map<string, Asked>} */
const asked = new Map();

class Asked {
  /** Stops the running check. @type {AbortController | null} */
  #stop = null;
  #pause = FIRST_POLL_MS;

  /** @param {HTMLFormElement} form @param {Kind} kind */
  constructor(form, kind) {
    this.form = form;
    this.kind = kind;
    this.section = /** @type {HTMLElement} */ (form.querySelector("section.quiz"));
    this.feedback = /** @type {HTMLElement} */ (form.querySelector("[data-feedback]"));
    this.place = form.action;
    this.#recall(form.dataset.last ?? "");
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("click", ({ target }) => {
      const { action } = /** @type {HTMLElement} */ (target).closest("button")?.dataset ?? {};
      if (action === "check") this.#handIn();
      if (action === "try") void this.#try();
    });
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement) || !event.target.name.endsWith(".answer")) return;
      event.preventDefault();
      this.#handIn();
    });
    this.section.addEventListener("check-answer", () => void this.#try());
    this.section.toggleAttribute("data-answers", true);
    this.#settle();
  }

  /** Restores the answer that was handed in last, unless this browser has a newer one. @param {string} last */
  #recall(last) {
    const { field } = this.kind;
    if (last === "") return;
    if (field && !field.edited) void field.takeLinked({ base: field.bookPrint, code: last });
    else if (!field && this.kind.answer === "") this.kind.answer = last;
  }

  get #button() {
    return /** @type {HTMLButtonElement | null} */ (this.form.querySelector('[data-action="check"]'));
  }

  /** Prepares the parts that the server has rendered. */
  #settle() {
    // Enter in a field of an instrument would press a button that submits.
    for (const button of this.form.querySelectorAll("button")) button.type = "button";
    this.form.querySelector('[data-action="try"]')?.toggleAttribute("hidden", !this.kind.key.check);
    if (this.form.querySelector("[data-waits]")) this.#pollLater();
  }

  #handIn() {
    const button = this.#button;
    if (button === null || button.ariaDisabled === "true") return;
    const answer = this.kind.field?.text ?? this.kind.answer;
    if (answer.trim() === "") return this.say(given.words.empty);
    this.say(given.words.sending);
    this.#pause = FIRST_POLL_MS;
    button.ariaDisabled = "true"; // a disabled button would lose the focus
    void outbox.add({ place: this.place, id: newId(), answer, made_at: new Date().toISOString() });
  }

  /** Runs the public check of code in the page, or stops it. This does not count as a try. */
  async #try() {
    if (this.#stop !== null) return this.#stop.abort();
    this.#stop = new AbortController();
    this.say(this.kind.doing ?? "");
    const { state, said } = await this.kind.check(this.#stop.signal);
    this.#stop = null;
    const verdict = { right: translate("Right."), wrong: translate("Not yet."), unread: "" }[state];
    this.feedback.replaceChildren(make("strong", {}, verdict), " ", ...said);
  }

  #pollLater() {
    void wait(this.#pause).then(() => this.#poll());
    this.#pause = Math.min(2 * this.#pause, LONGEST_POLL_MS);
  }

  async #poll() {
    const response = await fetch(this.place, { cache: "no-store" }).catch(() => null);
    if (response?.ok) this.show(await response.text());
    else this.#pollLater();
  }

  /** @param {string} sentence */
  say(sentence) {
    this.feedback.replaceChildren(sentence);
    if (this.#button) this.#button.ariaDisabled = null;
  }

  /** @param {string} html the server's part of this question */
  show(html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    showTimes(page);
    const isPressed = this.form.querySelector("[data-acts]")?.contains(document.activeElement);
    for (const part of PARTS) this.form.querySelector(part)?.replaceChildren(...(page.querySelector(part)?.childNodes ?? []));
    this.section.dataset.state = /** @type {HTMLElement | null} */ (page.querySelector("[data-answering]"))?.dataset.answering ?? "open";
    this.#settle();
    if (isPressed) this.#button?.focus();
  }
}

/** @param {Attempt} attempt @param {Response | null} response */
async function tell(attempt, response) {
  const question = asked.get(attempt.place);
  if (response === null) return question?.say(given.words.waiting);
  if (response.ok) question?.show(await response.text());
  else question?.say(await refusalIn(response));
}

const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** @param {HTMLFormElement} form */
async function mount(form) {
  const section = /** @type {HTMLElement} */ (form.querySelector("section.quiz"));
  const { default: KindOf } = await import(new URL(scripts[section.dataset.quiz ?? ""], document.baseURI).href);
  asked.set(form.action, new Asked(form, new KindOf(section, JSON.parse(section.dataset.key ?? "{}"))));
}

showTimes(document);
const outbox = new Outbox(given.person, given.words.answers, tell);
await painted();
await Promise.all([.../** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form.asked"))].map(mount));
void outbox.run();
