/**
 * Where a tiles panel names a decoder server, its picture is asked for there and takes the place of the page's own.
 *
 * @import { FrameValue, Panel } from "../../python/protocol.js"
 * @import { Say } from "./newest.js"
 * @typedef {{drawPanel: (panel: Panel) => void}} Shown a picture that takes a panel
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

  /** Called with every frame that is shown. @param {FrameValue} frame */
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
