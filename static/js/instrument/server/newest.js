/**
 * Asks the server about the newest setting, once the reader rests on it, and says how long that takes. If anything fails, what the
 * page has computed stays, and a sentence gives the reason.
 *
 * @typedef {(state: "server" | "refused" | "offline" | "live", sentence: string) => void} Say
 */
import { wait } from "../../pauses.js";
import { translate } from "../../words.js";

const SETTLE_MS = 250;
const TICK_MS = 1_000;

/** A failed request: no server can be reached, there is none, or it refuses. */
export class ServerError extends Error {
  /** @param {"offline" | "refused"} state @param {string} sentence */
  constructor(state, sentence) {
    super(sentence);
    this.state = state;
  }
}

export class Newest {
  /** @type {AbortController | null} */
  #request = null;

  /** @param {Say} say */
  constructor(say) {
    this.say = say;
  }

  /** Cancels the current request. */
  destroy() {
    this.#request?.abort();
    this.#request = null;
  }

  /**
   * @param {string} sentence said meanwhile, and repeated every second with the seconds so far
   * @param {(signal: AbortSignal) => Promise<void>} run
   */
  async ask(sentence, run) {
    this.destroy();
    const { signal } = (this.#request = new AbortController());
    await wait(SETTLE_MS);
    if (signal.aborted) return;
    const start = performance.now();
    this.say("server", sentence);
    const clock = setInterval(() => {
      const time = Math.floor((performance.now() - start) / 1_000);
      this.say("server", translate("{sentence}, {time} s", { sentence, time }));
    }, TICK_MS);
    signal.addEventListener("abort", () => clearInterval(clock));
    try {
      await run(signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ServerError)) throw error;
      this.say(error.state, error.message);
    } finally {
      clearInterval(clock);
    }
  }
}
