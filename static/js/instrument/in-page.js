/**
 * Instruments on a page of the book: Python runs in the page, a decoder server may be available, and the address has
 * the state.
 */
import { LiveInstrument } from "./instrument.js";
import { TileOrigin } from "./map/source.js";
import { FinerTiles } from "./server/finer-tiles.js";
import { ServedFrame } from "./server/served-frame.js";
import { readState, tooLong, writeState } from "./state.js";
import { runtime } from "../python/page/runtime.js";

export { readState };

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
    // Changing the address would cancel a navigation in progress.
    if ("navigation" in globalThis && navigation.transition) return false;
    const search = writeState(location.search, spec, values);
    const problem = tooLong(search);
    if (problem !== "") return problem;
    history.replaceState(history.state, "", `${location.pathname}${search}${location.hash}`);
    return true;
  },
};

/** The page's instruments, for quiz questions about their states. @type {WeakMap<HTMLElement, LiveInstrument>} */
export const live = new WeakMap();

/** @param {HTMLElement} section @returns {() => void} its cleanup function */
export function mountInstrument(section) {
  const instrument = new LiveInstrument(section, { python: runtime, server, address });
  live.set(section, instrument);
  section.dispatchEvent(new Event("mounted"));
  return () => instrument.destroy();
}
