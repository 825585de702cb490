/**
 * The packs made by the build (app/latentbook/runtime): the standard library, NumPy and the instruments in few files, and two per
 * package that the course adds.
 *
 * @typedef {[path: string, offset: number, length: number]} Entry a file in a pack
 * @typedef {{folders: string[], files: [path: string, length: number][]}} Places represent a package until it is fetched
 * @typedef {{first: Record<string, Entry[]>, later: Record<string, Entry[]>, packages: Record<string, Places>,
 *   hashes: Record<string, string>}} Index
 *   pack -> its files: those that every start needs, and those that are fetched when something in them is opened;
 *   package -> its places, and the packs NAME.pack and NAME-source.pack; file -> the hash in its name
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
 * The pack of a package contains its index: the length of a JSON text, the text, the files.
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
 * Fetches a pack while Python waits. Only a worker may.
 *
 * @param {import("../download.js").Place} place
 * @returns {(pack: string) => Uint8Array}
 */
export function readNowFrom(place) {
  const { XMLHttpRequest } = globalThis; // the worker removes it from reader's code, and with it this function
  return (pack) => {
    const request = new XMLHttpRequest();
    request.open("GET", addressOf(place, pack), false);
    request.responseType = "arraybuffer";
    sendAndWait(request);
    if (request.status !== 200) throw new Error(`${pack} could not be fetched (status ${request.status})`);
    return new Uint8Array(request.response);
  };
}
