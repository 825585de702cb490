/**
 * Replace the page's picture with one from the decoder server, if a tiles panel asks for it.
 *
 * @import { FrameValue, Panel } from "../../python/protocol.js"
 * @import { Say } from "./newest.js"
 * @typedef {{drawPanel: (panel: Panel) => void}} Shown a picture that can draw a panel
 */
import { Newest } from "./newest.js";
import { grid } from "./pictures.js";
import { translate } from "../../words.js";

export class FinerTiles extends Newest {
  #picture;

  /** @param {Shown} picture @param {Say} say */
  constructor(picture, say) {
    super(say);
    this.#picture = picture;
  }

  /** Called with every frame on display. @param {FrameValue} frame */
  follow(frame) {
    const panel = frame.panels.find((each) => each.kind === "tiles" && each.server !== null);
    if (panel?.kind !== "tiles" || panel.server === null) return this.destroy();
    const request = panel.server;
    void this.ask(translate("Asking the server for {n} × {n}", { n: request.n }), async (signal) => {
      const start = performance.now();
      const finer = await grid(request, signal);
      if (signal.aborted) return;
      this.#picture.drawPanel({ ...panel, ...finer });
      this.say("live", translate("Decoded on the server in {time} ms", { time: Math.round(performance.now() - start) }));
    });
  }
}
