/** Instruments on a page of the book: Python runs in the page, a decoder server may stand behind it, the address says the state. */
import { LiveInstrument } from "./instrument.js";
import { TileOrigin } from "./map/source.js";
import { FinerTiles } from "./server/finer-tiles.js";
import { ServedFrame } from "./server/served-frame.js";
import { writeState } from "./state.js";
import { runtime } from "../python/page/runtime.js";

/** @type {import("./surroundings.js").Server} */
const server = {
  tiles: (picture, say) => new FinerTiles(picture, say),
  frame: (show, say) => new ServedFrame(show, say),
  origin: (onChange) => new TileOrigin(onChange),
};

/** @type {import("./surroundings.js").Address} */
const address = {
  search: () => location.search,
  write: (spec, values) => {
    // A change of the address now would call off the page that the reader is on the way to.
    if ("navigation" in globalThis && navigation.transition) return false;
    const search = writeState(location.search, spec, values);
    history.replaceState(history.state, "", `${location.pathname}${search}${location.hash}`);
    return true;
  },
};

/** @param {HTMLElement} section @returns {() => void} takes the life out of it */
export function mountInstrument(section) {
  const instrument = new LiveInstrument(section, { python: runtime, server, address });
  return () => instrument.destroy();
}
