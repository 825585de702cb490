/**
 * A server with more data than the page computes some instruments again, and its frame replaces the page's. Only the newest
 * setting counts. If anything fails, the page's own frame stays and a sentence gives the reason.
 *
 * @typedef {import("../../python/protocol.js").Controls} Controls
 * @typedef {import("../../python/protocol.js").FrameValue} FrameValue
 * @typedef {import("../state.js").InstrumentSpec} InstrumentSpec
 * @typedef {import("../surroundings.js").Say} Say
 */
import { config } from "../../config.js";
import { YOURS, formatValue } from "../state.js";
import { sayWait } from "./waiting.js";
import { translate } from "../../words.js";

const SETTLE_MS = 250;
const alone = () => translate("What is shown was computed in the page.");

/** A failed request: no server can be reached, there is none, or it refuses. */
class ServerError extends Error {
  /** @param {"offline" | "refused"} state @param {string} why */
  constructor(state, why) {
    super(`${why} ${alone()}`.trim());
    this.state = state;
  }
}

/** @type {Promise<string[]> | null} */
let listed = null;

/** The instruments that the server behind this page computes. */
function servedInstruments() {
  listed ??= ask("").then(
    ({ instruments }) => instruments,
    (error) => {
      listed = null; // the network may come back, and so may the server
      throw error;
    },
  );
  return listed;
}

/** @param {string} place below `api/instruments` @param {AbortSignal} [signal] */
async function ask(place, signal) {
  const address = `${config.root}api/instruments${place}`;
  const response = await fetch(address, { headers: { Accept: "application/json" }, signal }).catch(() => null);
  if (response === null) throw new ServerError("offline", translate("The server cannot be reached."));
  // A static host may answer an address that it does not have with a page.
  const body = await response.json().catch(() => null);
  if (body === null) throw new ServerError("offline", translate("This copy of the book has no server."));
  if (!response.ok) throw new ServerError("refused", body.detail);
  return body;
}

export class ServedFrame {
  #show;
  #say;
  /** @type {AbortController | null} */
  #request = null;

  /** @param {(frame: FrameValue) => void} show @param {Say} say */
  constructor(show, say) {
    this.#show = show;
    this.#say = say;
  }

  /** Cancels the current request. */
  destroy() {
    this.#request?.abort();
    this.#request = null;
  }

  /** Called with the setting of every frame that is shown. @param {InstrumentSpec} spec @param {Controls} values */
  follow(spec, values) {
    this.destroy();
    if (!spec.computed_on_server) return;
    if (Object.values(values).includes(YOURS)) return this.#say("live", `${translate("Your network stays in this browser.")} ${alone()}`);
    const request = new AbortController();
    this.#request = request;
    setTimeout(() => {
      if (request.signal.aborted) return;
      this.#ask(spec, values, request.signal).catch((error) => {
        if (request.signal.aborted) return;
        if (!(error instanceof ServerError)) throw error;
        this.#say(error.state, error.message);
      });
    }, SETTLE_MS);
  }

  /** @param {InstrumentSpec} spec @param {Controls} values @param {AbortSignal} signal */
  async #ask(spec, values, signal) {
    const arrived = sayWait(translate("Asking the server for all data"), (sentence) => this.#say("server", sentence), signal);
    try {
      if (!(await servedInstruments()).includes(spec.name)) throw new ServerError("refused", "");
      const start = performance.now();
      const query = new URLSearchParams(Object.entries(values).map(([name, value]) => [name, formatValue(value)]));
      const body = await ask(`/${spec.name}?${query}`, signal);
      if (signal.aborted) return;
      this.#show(body);
      this.#say("live", translate("All data, by the server in {time} ms", { time: Math.round(performance.now() - start) }));
    } finally {
      arrived();
    }
  }
}
