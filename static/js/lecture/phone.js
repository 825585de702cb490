/** A phone in a class: comes in, follows what is asked, answers, and sends again what did not arrive. */
import { readNumber } from "../number.js";
import { read, remove, write } from "../store.js";
import { translate } from "../words.js";
import { ask, one, poll, Refused, say, show } from "./page.js";
import { guessText, showAsked } from "./question.js";
import { showResults } from "./results.js";
import { startSketch } from "./sketch.js";

/**
 * @typedef {import("./question.js").Asked} Asked
 * @typedef {{asking: number | null, round: number, nth: number, phase: "open" | "closed" | "revealed", results?: any[][]}} News
 * @typedef {{round: number, change: number, value: any, sent: boolean}} Mine what this phone answers
 */

class Phone {
  /** @type {News | null} */
  #news = null;
  #etag = "";
  /** @type {number | null} what the page shows */
  #shown = null;
  /** @type {Asked | null} */
  #asked = null;
  #seat = 0;
  /** @type {Mine | null} */
  #mine = null;
  /** What stands in the page, not sent. @type {any} */
  #draft = null;
  #sending = false;
  /** @type {() => void} */
  #stopComputing = () => {};

  /** @param {string} code */
  constructor(code) {
    this.code = code;
    this.place = `api/class/${code}`;
    // Where storage is refused the cookie knows the seat, and the server the answer.
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
      if (error.status === 403) this.#seat = 0; // perhaps the doors open again
      say("[data-said]", refusal(error.status));
      return true;
    }
    if (!(error instanceof TypeError)) throw error; // a fault of ours, and not of the network
    const isKept = this.#mine && !this.#mine.sent;
    say("[data-said]", isKept ? translate("No connection. Your answer is saved and will be sent when you are back online.") : translate("No connection. Trying again …"));
    return true;
  }

  /** Brings the page to where the class is. */
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
      this.#asked = asked;
      show("asked");
      say("[data-section]", asked.section);
      one("[data-answering]").hidden = false; // a picture is made for the width of its place
      showAsked(asked, one("[data-text]"), one("[data-answering]"));
      this.#shown = key;
      this.#start(asked);
      if (this.#mine && this.#mine.round === news.round) this.#fill(this.#mine.value);
      one("[data-results]").replaceChildren();
      if (news.results) showResults(asked, news.results, one("[data-results]"), null);
    }
    this.#say(news);
  }

  #leave() {
    this.#stopComputing();
    this.#stopComputing = () => {};
    this.#shown = null;
    this.#draft = null;
  }

  /** @param {News} news */
  #say(news) {
    const mine = this.#mine?.round === news.round ? this.#mine : null;
    const isOpen = news.phase === "open";
    one("[data-acts]").hidden = !isOpen || this.#computes;
    one("[data-answering]").hidden = news.phase === "revealed" && news.results !== undefined;
    for (const input of this.form.querySelectorAll("input")) input.disabled = !isOpen;
    one("[data-answering]").toggleAttribute("data-closed", !isOpen);
    if (!isOpen) {
      const atFront = news.phase === "revealed" && news.results === undefined;
      if (atFront) say("[data-said]", translate("Look at the screen: it shows all curves."));
      else say("[data-said]", mine?.sent ? translate("Voting has closed. Your answer has arrived.") : translate("Voting has closed."));
    } else if (mine) say("[data-said]", mine.sent ? translate("Your answer has arrived. You can change it until voting closes.") : sending());
    else if (one("[data-said]").textContent !== answerFirst()) say("[data-said]", "");
  }

  get #computes() {
    return this.#asked?.kind === "readout" || this.#asked?.kind === "panel";
  }

  /** Lets an answer be given. @param {Asked} asked */
  #start(asked) {
    const place = one("[data-answering]");
    if (asked.kind === "guess") {
      const input = /** @type {HTMLInputElement} */ (one("input", place));
      input.addEventListener("input", () => this.#guessed(Number(input.value)));
    }
    if (asked.kind === "draw") {
      const draw = startSketch(place, (curve) => (this.#draft = curve));
      this.fillSketch = draw;
    }
    if (this.#computes && this.#news?.phase === "open") {
      const round = this.#news.round;
      import("./seeded.js").then(({ computeMine }) => {
        if (this.#asked !== asked) return;
        this.#stopComputing = computeMine(asked, this.#seat, place, (value) => {
          if (this.#news?.round === round) this.#answer(value);
        });
      });
    }
  }

  /** @param {number} value */
  #guessed(value) {
    const asked = /** @type {Asked} */ (this.#asked);
    const [low, high] = [asked.low ?? 0, asked.high ?? 1];
    this.#draft = value;
    one(".guess").style.setProperty("--value", String((value - low) / (high - low)));
    say("[data-guessed]", translate("Your guess: {guess}", { guess: guessText(asked, value) }));
    one("[data-answering] input").setAttribute("aria-valuetext", guessText(asked, value));
  }

  /** Shows an answer given before. @param {any} value */
  #fill(value) {
    const kind = this.#asked?.kind;
    for (const input of this.form.querySelectorAll("input")) {
      if (input.type === "radio") input.checked = Number(input.value) === value;
      else input.value = String(value);
    }
    if (kind === "guess") this.#guessed(value);
    if (kind === "draw") {
      this.#draft = value;
      this.fillSketch?.(value);
    }
  }

  /** @type {((curve: number[]) => void) | undefined} */
  fillSketch;

  #submit() {
    const value = this.#value();
    if (value === null) return say("[data-said]", answerFirst());
    if (typeof value === "string") return say("[data-said]", value);
    this.#answer(value);
  }

  /** What stands in the page: null where nothing does, a sentence where it cannot be read. */
  #value() {
    if (this.#asked?.kind === "guess" || this.#asked?.kind === "draw") return this.#draft;
    if (this.#asked?.kind === "number") {
      const typed = readNumber(/** @type {HTMLInputElement} */ (one("#answer")).value, this.#asked.unit);
      return "value" in typed ? typed.value : typed.problem;
    }
    const picked = /** @type {HTMLInputElement | null} */ (this.form.querySelector("input:checked"));
    return picked === null ? null : Number(picked.value);
  }

  /** @param {any} value */
  #answer(value) {
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

const answerFirst = () => translate("Answer first.");
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
/** A code as people write it. @param {string} text */
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
