/**
 * Where an instrument is served, a server that has the whole data set computes its frame again, and that one takes the place
 * of the page's own. The newest setting wins; whatever goes wrong, the page's own stays and a sentence says why.
 *
 * @typedef {import("../../python/protocol.js").Controls} Controls
 * @typedef {import("../../python/protocol.js").FrameValue} FrameValue
 * @typedef {import("../state.js").InstrumentSpec} InstrumentSpec
 * @typedef {import("../surroundings.js").Say} Say
 */
import { config } from "../../config.js";
import { YOURS, formatValue } from "../state.js";
import { translate } from "../../words.js";

const SETTLE_MS = 250;
const alone = () => translate("What is shown was computed in the page.");

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

  /** Gives up on what has been asked. */
  destroy() {
    this.#request?.abort();
    this.#request = null;
  }

  /** Called with the setting of every frame that is shown. @param {InstrumentSpec} spec @param {Controls} values */
  follow(spec, values) {
    this.destroy();
    if (!spec.served) return;
    if (Object.values(values).includes(YOURS)) return this.#say("live", `${translate("Your network stays in this browser.")} ${alone()}`);
    const request = new AbortController();
    this.#request = request;
    setTimeout(() => {
      if (!request.signal.aborted) this.#ask(spec, values, request.signal);
    }, SETTLE_MS);
  }

  /** @param {InstrumentSpec} spec @param {Controls} values @param {AbortSignal} signal */
  async #ask(spec, values, signal) {
    this.#say("server", translate("Asking the server for all images"));
    const start = performance.now();
    const query = new URLSearchParams(Object.entries(values).map(([name, value]) => [name, formatValue(value)]));
    const address = `${config.root}api/instruments/${spec.name}?${query}`;
    const response = await fetch(address, { headers: { Accept: "application/json" }, signal }).catch(() => null);
    if (signal.aborted) return;
    if (response === null) return this.#say("offline", `${translate("The server cannot be reached.")} ${alone()}`);
    const body = await response.json().catch(() => null);
    if (signal.aborted) return;
    if (body === null) return this.#say("offline", `${translate("This copy of the book has no server.")} ${alone()}`);
    if (!response.ok) return this.#say("refused", `${body.detail} ${alone()}`);
    this.#show(body);
    this.#say("live", translate("All images, by the server in {time} ms", { time: Math.round(performance.now() - start) }));
  }
}
