/**
 * Sends the newest setting to the server once the reader pauses, and shows the time it takes. If the request fails, the
 * page's own picture stays, and a sentence gives the reason.
 *
 * @typedef {(state: "server" | "refused" | "offline" | "live", sentence: string) => void} Say
 */
import { wait } from "../../pauses.js";
import { translate } from "../../words.js";

const SETTLE_MS = 250;
const TICK_MS = 1_000;

/** A failed request: the server is unreachable, does not exist, or refuses. */
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

  /** Cancel the current request. */
  destroy() {
    this.#request?.abort();
    this.#request = null;
  }

  /**
   * @param {string} sentence shown meanwhile, with the elapsed seconds
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
