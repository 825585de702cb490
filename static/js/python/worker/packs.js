/**
 * The build's packs (app/latentbook/runtime): the standard library, NumPy and the instruments in a few files, and two
 * files per package that the course adds.
 *
 * @typedef {[path: string, offset: number, length: number]} Entry a file in a pack
 * @typedef {{folders: string[], files: [path: string, length: number][]}} Places represent a package until it is fetched
 * @typedef {{first: Record<string, Entry[]>, later: Record<string, Entry[]>, packages: Record<string, Places>,
 *   hashes: Record<string, string>}} Index
 *   `first`, `later`: pack -> its files, for packs that every start needs, and packs fetched when a file in them is
 *   opened; `packages`: package -> its places, with the packs NAME.pack and NAME-source.pack; `hashes`: file -> the
 *   hash in its name
 */
import { addressOf } from "../download.js";
import { sendAndWait } from "./finalizers.js";

export const INDEX = "index.json";
export const STANDARD_LIBRARY = "std.pack";
/** Needed by most code, but not for the first output. */
export const SOON = "soon.pack";
export const SCRIPT = "pyodide.asm.mjs";
/** The pack of an instrument. @param {string} widget */
export const packOf = (widget) => `widget-${widget}.pack`;

/**
 * Read the index in a package's pack. The pack consists of the length of a JSON text, the text, and the files.
 *
 * @param {Uint8Array} pack
 * @returns {{files: Entry[], sources: Entry[], data: Uint8Array}} `sources` are in the other pack
 */
export function readPackage(pack) {
  const length = new DataView(pack.buffer, pack.byteOffset).getUint32(0, true);
  const { files, sources } = JSON.parse(new TextDecoder().decode(pack.subarray(4, 4 + length)));
  return { files, sources, data: pack.subarray(4 + length) };
}

/**
 * Return a function that fetches a pack while Python waits. Only workers may do this.
 *
 * @param {import("../download.js").Place} place
 * @returns {(pack: string) => Uint8Array}
 */
export function readNowFrom(place) {
  const { XMLHttpRequest } = globalThis; // a copy, because the worker later removes the global
  return (pack) => {
    const request = new XMLHttpRequest();
    request.open("GET", addressOf(place, pack), false);
    request.responseType = "arraybuffer";
    sendAndWait(request);
    if (request.status !== 200) throw new Error(`${pack} could not be fetched (status ${request.status})`);
    return new Uint8Array(request.response);
  };
}
