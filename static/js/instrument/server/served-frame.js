/**
 * Recompute some instruments on a server with more data than the page, and show its frame instead of the page's.
 *
 * @import { Controls, FrameValue } from "../../python/protocol.js"
 * @import { InstrumentSpec } from "../spec.js"
 * @import { Say } from "./newest.js"
 */
import { config } from "../../config.js";
import { YOURS, formatValue } from "../spec.js";
import { Newest, ServerError } from "./newest.js";
import { translate } from "../../words.js";

/** @param {string} why */
const alone = (why) => `${why} ${translate("What is shown was computed in the page.")}`.trim();

/** @type {Promise<string[]> | null} */
let listed = null;

/** The instruments that the server behind this page computes. */
function servedInstruments() {
  listed ??= ask("").then(
    ({ instruments }) => instruments,
    (error) => {
      listed = null; // the network or the server may come back
      throw error;
    },
  );
  return listed;
}

/** @param {string} place below `api/instruments` @param {AbortSignal} [signal] */
async function ask(place, signal) {
  const address = `${config.root}api/instruments${place}`;
  const response = await fetch(address, { headers: { Accept: "application/json" }, signal }).catch(() => null);
  if (response === null) throw new ServerError("offline", alone(translate("The server cannot be reached.")));
  // A static host may answer an unknown address with a page.
  const body = await response.json().catch(() => null);
  if (body === null) throw new ServerError("offline", alone(translate("This copy of the book has no server.")));
  if (!response.ok) throw new ServerError("refused", alone(body.detail));
  return body;
}

export class ServedFrame extends Newest {
  #show;

  /** @param {(frame: FrameValue) => void} show @param {Say} say */
  constructor(show, say) {
    super(say);
    this.#show = show;
  }

  /** Called with the setting of every frame on display. @param {InstrumentSpec} spec @param {Controls} values */
  follow(spec, values) {
    this.destroy();
    if (!spec.computed_on_server) return;
    if (Object.values(values).includes(YOURS)) return this.say("live", alone(translate("Your network stays in this browser.")));
    void this.ask(translate("Asking the server for all data"), async (signal) => {
      if (!(await servedInstruments()).includes(spec.name)) throw new ServerError("refused", alone(""));
      const start = performance.now();
      const query = new URLSearchParams(Object.entries(values).map(([name, value]) => [name, formatValue(value)]));
      const body = await ask(`/${spec.name}?${query}`, signal);
      if (signal.aborted) return;
      this.#show(body);
      this.say("live", translate("All data, by the server in {time} ms", { time: Math.round(performance.now() - start) }));
    });
  }
}
