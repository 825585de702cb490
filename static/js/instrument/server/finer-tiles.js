/**
 * Where a tiles panel names a decoder server, its picture is asked for there and takes the place of the page's own. The
 * newest setting wins; whatever goes wrong, the page's own picture stays and a sentence says why.
 *
 * @typedef {import("../../python/protocol.js").FrameValue} FrameValue
 * @typedef {import("../../python/protocol.js").TilesPanel} TilesPanel
 * @typedef {import("../surroundings.js").Say} Say
 * @typedef {{drawPanel: (panel: import("../../python/protocol.js").Panel) => void}} Shown a picture that takes a panel
 */
import { DecodeError, grid } from "./pictures.js";
import { sayWait } from "./waiting.js";
import { translate } from "../../words.js";

const SETTLE_MS = 250;

export class FinerTiles {
  #picture;
  #say;
  /** @type {AbortController | null} */
  #request = null;

  /** @param {Shown} picture @param {Say} say */
  constructor(picture, say) {
    this.#picture = picture;
    this.#say = say;
  }

  /** Gives up on what has been asked. */
  destroy() {
    this.#request?.abort();
    this.#request = null;
  }

  /** Called with every frame that is shown. @param {FrameValue} frame */
  follow(frame) {
    this.destroy();
    const panel = frame.panels.find((each) => each.kind === "tiles" && each.server !== null);
    if (panel?.kind !== "tiles") return;
    const request = new AbortController();
    this.#request = request;
    setTimeout(() => {
      if (!request.signal.aborted) this.#ask(panel, request.signal);
    }, SETTLE_MS);
  }

  /** @param {TilesPanel} panel @param {AbortSignal} signal */
  async #ask(panel, signal) {
    if (panel.server === null) return;
    const { n } = panel.server;
    const arrived = sayWait(translate("Asking the server for {n} × {n}", { n }), (sentence) => this.#say("server", sentence), signal);
    const start = performance.now();
    try {
      const finer = await grid(panel.server, signal);
      if (signal.aborted) return;
      this.#picture.drawPanel({ ...panel, ...finer });
      this.#say("live", translate("Decoded on the server in {time} ms", { time: Math.round(performance.now() - start) }));
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof DecodeError)) throw error;
      this.#say(error.state, error.message);
    } finally {
      arrived();
    }
  }
}
