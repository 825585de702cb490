/**
 * Answers on their way to the course. Each stays in this browser until the server has it, even if the page is closed:
 * the next page of the book that is opened online sends it. The server counts each id once, however often it arrives.
 *
 * @typedef {{person: string, place: string, id: string, answer: string, made_at: string}} Attempt `place`: the address it is sent to
 */
import { make } from "latentbook/elements.js";
import { labelsOf, read, remove, write } from "latentbook/store.js";
import { Backoff } from "./backoff.js";

const NAME = "answer ";
/** Statuses that do not concern the answer itself: it is sent again. Nobody is signed in; too many at once. */
const LATER = [401, 408, 425, 429];

export class Outbox {
  /** @type {Map<string, Attempt>} */
  #waiting = new Map();
  #backoff = new Backoff(5_000, 300_000);
  #timer = 0;
  #running = false;
  #line = make("p", { role: "status" });
  /** Why the server refused the last answer, if it did. */
  #refusal = "";

  /**
   * @param {string} person whose answers are sent: others may have used this browser
   * @param {string} words text to show while an answer waits
   * @param {(attempt: Attempt, response: Response | null) => void} tell null: it could not be sent now
   */
  constructor(person, words, tell = () => {}) {
    this.person = person;
    this.words = words;
    this.tell = tell;
    this.#line.style.color = "var(--warning)";
    addEventListener("online", () => void this.run());
  }

  /** @param {Omit<Attempt, "person">} made */
  add(made) {
    const attempt = { person: this.person, ...made };
    const isKept = write("classroom", NAME + attempt.id, attempt);
    this.#waiting.set(attempt.id, attempt); // a browser that stores nothing still sends it
    if (!isKept) addEventListener("beforeunload", (event) => this.#waiting.has(attempt.id) && event.preventDefault());
    return this.run();
  }

  /** Sends all answers in the order in which they were made. */
  async run() {
    if (this.#running) return;
    this.#running = true;
    clearTimeout(this.#timer);
    this.#collect();
    for (const attempt of this.#waiting.values()) {
      if (!(await this.#send(attempt))) {
        this.#timer = setTimeout(() => void this.run(), this.#backoff.next());
        break;
      }
      this.#backoff.reset();
    }
    this.#running = false;
    this.#show();
  }

  /** Adds answers that another tab or an earlier visit has left. */
  #collect() {
    const names = labelsOf("classroom").filter((name) => name.startsWith(NAME));
    const kept = [...this.#waiting.values(), ...names.map((name) => read("classroom", name))];
    const own = kept.filter(({ person }) => person === this.person).toSorted((a, b) => a.made_at.localeCompare(b.made_at));
    this.#waiting = new Map(own.map((attempt) => [attempt.id, attempt]));
  }

  /** @param {Attempt} attempt @returns {Promise<boolean>} whether the server has it or has refused it */
  async #send(attempt) {
    const { place, id, answer, made_at } = attempt;
    const response = await fetch(place, { method: "POST", body: new URLSearchParams({ id, answer, made_at }), headers: { Accept: "text/x-part" } }).catch(() => null);
    const isFinal = response !== null && response.status < 500 && !LATER.includes(response.status);
    const arrived = isFinal && (await isFromCourse(response.clone()).catch(() => false));
    if (arrived) {
      remove("classroom", NAME + id);
      this.#waiting.delete(id);
    }
    if (arrived) this.#refusal = response.ok ? "" : await refusalIn(response.clone());
    this.tell(attempt, arrived ? response : null);
    return arrived;
  }

  #show() {
    this.#line.textContent = this.#waiting.size > 0 ? this.words : this.#refusal;
    if (this.#line.textContent === "") this.#line.remove();
    else document.querySelector("footer.foot .own")?.append(this.#line);
  }
}

/** Whether it is a verdict or a refusal, not a proxy's page after its sign-in expired. @param {Response} response */
async function isFromCourse(response) {
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return page.querySelector(response.ok ? "[data-answering]" : "[data-refused]") !== null;
}

/** The error text on the page of a refusal. @param {Response} response */
export async function refusalIn(response) {
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return page.querySelector("[role=alert]")?.textContent ?? `${response.status} ${response.statusText}`;
}
