/**
 * The packs that the build makes (app/runtime/packs.py): the standard library, NumPy and the instruments in few files.
 *
 * @typedef {[path: string, offset: number, length: number]} Entry a file in a pack
 * @typedef {{first: Record<string, Entry[]>, later: Record<string, Entry[]>}} Index
 *   pack -> its files: those that every start needs, and those that are fetched when something in them is opened
 */

export const INDEX = "index.json";

// Kept here, as the worker takes it away from reader's code.
const { XMLHttpRequest } = globalThis;

/**
 * Fetches a pack while Python waits. Only a worker may.
 *
 * @param {string} base URL of the runtime's folder
 * @returns {(pack: string) => Uint8Array}
 */
export function readNowFrom(base) {
  return (pack) => {
    const request = new XMLHttpRequest();
    request.open("GET", base + pack, false);
    request.responseType = "arraybuffer";
    request.send();
    if (request.status !== 200) throw new Error(`${pack} could not be fetched (status ${request.status})`);
    return new Uint8Array(request.response);
  };
}
