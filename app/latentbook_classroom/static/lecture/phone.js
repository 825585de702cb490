/** A phone in a class: joins, follows the questions, answers, and resends answers that did not arrive. */
import { read, remove, write } from "latentbook/store.js";
import { translate } from "latentbook/words.js";
import { ask, one, poll, Refused, say, show } from "./page.js";
import { showAsked, showResults } from "./question.js";

/**
 * @typedef {{asking: number | null, round: number, nth: number, phase: "open" | "closed" | "revealed", results?: any[][]}} News
 * @typedef {{round: number, change: number, value: any, sent: boolean}} Mine this phone's answer
 */

/** This many 404s in a row end the class: half a minute of them. */
const MAX_LOST = 15;

class Phone {
  /** @type {News | null} */
  #news = null;
  #etag = "";
  /** @type {number | null} key of the question that the page shows */
  #shown = null;
  /** @type {import("./question.js").Form | null} how the question is answered */
  #answering = null;
  #seat = 0;
  /** @type {Mine | null} */
  #mine = null;
  #sending = false;
  /** The fault of an answer that was not sent. */
  #problem = "";
  /** Number of 404s in a row. */
  #lost = 0;

  /** @param {string} code */
  constructor(code) {
    this.code = code;
    this.place = `api/class/${code}`;
    // If storage is refused, the cookie identifies the seat, and the server has the answer.
    this.token = read("class", `${code}:seat`) ?? newToken();
    write("class", `${code}:seat`, this.token);
    this.#mine = read("class", `${code}:answer`);
    this.form = /** @type {HTMLFormElement} */ (one("[data-question]"));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    show("joining");
    this.pollNow = poll(() => this.#follow(), (error) => this.#trouble(error));
  }

  get #headers() {
    return { "Latentbook-Seat": this.token };
  }

  async #follow() {
    if (this.#seat === 0) await this.#sit();
    const response = await ask(`${this.place}/now`, { headers: { ...this.#headers, "If-None-Match": this.#etag } });
    this.#lost = 0;
    if (response.status === 200) {
      this.#etag = response.headers.get("ETag") ?? "";
      this.#news = await response.json();
    }
    await this.#show();
    await this.#send();
  }

  async #sit() {
    const response = await ask(`${this.place}/seat`, { method: "POST", body: { token: this.token }, headers: this.#headers });
    const { seat, answered } = await response.json();
    this.#seat = seat;
    say("[data-seat-number]", translate("Seat {number}", { number: seat }));
    if (answered && (this.#mine === null || this.#mine.round !== answered.round || this.#mine.change <= answered.change)) this.#remember({ ...answered, sent: true });
  }

  /** @param {Mine} mine */
  #remember(mine) {
    this.#mine = mine;
    write("class", `${this.code}:answer`, mine);
  }

  /** @param {unknown} error */
  #trouble(error) {
    if (error instanceof Refused) {
      if (error.status === 404 && this.#seat > 0 && ++this.#lost < MAX_LOST) {
        say("[data-said]", translate("The class cannot be found. Trying again …"));
        return true; // a proxy may answer while the server restarts
      }
      if (error.status === 410 || (error.status === 404 && this.#seat > 0)) {
        show("ended");
        say("[data-said]", "");
        for (const what of ["seat", "answer"]) remove("class", `${this.code}:${what}`);
        return false;
      }
      if (error.status === 404) {
        show("start");
        say("[data-said]", refusal(error.status));
        return false;
      }
      if (error.status === 403) this.#seat = 0; // new phones may be able to join again
      say("[data-said]", refusal(error.status));
      return true;
    }
    if (!(error instanceof TypeError)) throw error; // a bug, not the network
    const isKept = this.#mine && !this.#mine.sent;
    say("[data-said]", isKept ? translate("No connection. Your answer is saved and will be sent when you are back online.") : translate("No connection. Trying again …"));
    return true;
  }

  /** Shows the present question. */
  async #show() {
    const news = this.#news;
    if (news === null || news.asking === null) {
      this.#leave();
      show("waiting");
      say("[data-said]", "");
      return;
    }
    const key = news.asking * 4 + (news.phase === "revealed" ? 1 : 0);
    if (this.#shown !== key) {
      const asked = await (await ask(`${this.place}/askings/${news.asking}`, { headers: this.#headers })).json();
      this.#leave();
      show("asked");
      say("[data-section]", asked.section);
      one("[data-answering]").hidden = false; // a picture is made for the width of its place
      const form = showAsked(asked, one("[data-text]"), one("[data-answering]"));
      this.#answering = form;
      this.#shown = key;
      const { round } = news;
      if (news.phase === "open") form.compute?.(this.#seat, (value) => this.#news?.round === round && this.#answer(value));
      if (this.#mine?.round === round) form.answer = { value: this.#mine.value };
      one("[data-results]").replaceChildren();
      if (news.results) await showResults(form, asked, news.results, one("[data-results]"));
    }
    this.#say(news);
  }

  #leave() {
    this.#answering?.destroy?.();
    this.#answering = null;
    this.#shown = null;
    this.#problem = "";
  }

  /** @param {News} news */
  #say(news) {
    const mine = this.#mine?.round === news.round ? this.#mine : null;
    const isOpen = news.phase === "open";
    one("[data-acts]").hidden = !isOpen || this.#answering?.compute !== undefined;
    one("[data-answering]").hidden = news.phase === "revealed" && news.results !== undefined;
    for (const input of this.form.querySelectorAll("input")) input.disabled = !isOpen;
    one("[data-answering]").toggleAttribute("data-closed", !isOpen);
    if (!isOpen) {
      const onScreen = news.phase === "revealed" && news.results === undefined;
      if (onScreen) say("[data-said]", translate("Look at the screen: it shows all answers."));
      else say("[data-said]", mine?.sent ? translate("Voting has closed. Your answer has arrived.") : translate("Voting has closed."));
    } else if (mine && this.#problem === "") say("[data-said]", mine.sent ? translate("Your answer has arrived. You can change it until voting closes.") : sending());
    else say("[data-said]", this.#problem);
  }

  #submit() {
    const answer = this.#answering?.answer ?? null;
    if (answer !== null && "value" in answer) return this.#answer(answer.value);
    this.#problem = answer?.problem ?? translate("Answer first.");
    say("[data-said]", this.#problem);
  }

  /** @param {any} value */
  #answer(value) {
    this.#problem = "";
    const round = this.#news?.round ?? 0;
    const before = this.#mine?.round === round ? this.#mine : null;
    if (before && JSON.stringify(before.value) === JSON.stringify(value)) return;
    this.#remember({ round, change: (before?.change ?? 0) + 1, value, sent: false });
    say("[data-said]", sending());
    this.#send().catch((error) => this.#trouble(error));
  }

  /** Sends the newest answer until it has arrived. */
  async #send() {
    if (this.#sending) return;
    this.#sending = true;
    try {
      while (this.#mine && !this.#mine.sent && this.#mine.round === this.#news?.round) {
        const { round, change, value } = this.#mine;
        const options = { method: "PUT", body: { change, value }, headers: this.#headers };
        try {
          await ask(`${this.place}/rounds/${round}/answer`, options);
        } catch (error) {
          if (error instanceof Refused && error.status === 409) return this.#remember({ ...this.#mine, round: 0 }); // too late
          throw error;
        }
        if (this.#mine.change === change) this.#remember({ ...this.#mine, sent: true });
      }
      if (this.#news?.asking) this.#say(this.#news);
    } finally {
      this.#sending = false;
    }
  }
}

const sending = () => translate("Sending …");

/** @param {number} status */
function refusal(status) {
  if (status === 403) return translate("No new phones can join at the moment. Trying again …");
  if (status === 404) return translate("There is no class with this code.");
  if (status === 409) return translate("The question has changed.");
  if (status === 422) return translate("The server does not accept this answer.");
  return translate("The server is busy. Trying again …");
}

function newToken() {
  const bytes = crypto.getRandomValues(new Uint8Array(18));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}

const join = /** @type {HTMLFormElement} */ (one('form[data-views="start"]'));
/** Normalises a code as people type it. @param {string} text */
const codeOf = (text) => text.toUpperCase().replace(/[^0-9A-Z]/g, "");
const pattern = new RegExp(`^[${join.dataset.letters}]{${join.dataset.length}}$`);

join.addEventListener("submit", (event) => {
  event.preventDefault();
  const code = codeOf(/** @type {HTMLInputElement} */ (one("#code")).value);
  if (!pattern.test(code)) return say("[data-said]", translate("That is not a class code. It has six letters and digits."));
  location.assign(code);
});

const named = codeOf(location.pathname.split("/").at(-1) ?? "");
if (pattern.test(named)) new Phone(named);
