/**
 * Downloads files of the runtime and counts their bytes.
 *
 * @typedef {{seen: number, total: number, bytes: number}} Download bytes received and expected, unpacked, and the number of
 *   requested bytes on the network
 * @typedef {{base: string, hashes: Record<string, string>}} Place the URL of the folder, and the hashes in the names of its
 *   files
 */

// A reference of our own, because the worker removes fetch before reader's code runs.
const request = globalThis.fetch.bind(globalThis);

/** The URL of a file. @param {Place} place @param {string} name */
export function addressOf({ base, hashes }, name) {
  return base + name.replace(/\.\w+$/, (ending) => `-${hashes[name]}${ending}`);
}

/**
 * @param {Place} place
 * @param {string} name
 * @returns {Promise<Response>}
 * @throws {Error} if it cannot be downloaded; the message names it
 */
export async function fetched(place, name) {
  const response = await request(addressOf(place, name)).catch(() => null);
  if (response === null) throw new Error(`${name} could not be fetched`);
  if (!response.ok || response.body === null) throw new Error(`${name} is not there (status ${response.status})`);
  return response;
}

export class Downloads {
  #seen = 0;
  #bytes = 0;
  #total = 0;
  #sizes;
  #report;

  /**
   * @param {Record<string, number>} sizes file name -> bytes, unpacked, as a stream delivers them
   * @param {(download: Download) => void} report
   */
  constructor(sizes, report) {
    this.#sizes = sizes;
    this.#report = report;
  }

  /**
   * @param {Place} place
   * @param {string} name
   * @throws {Error} if it cannot be downloaded; the message names it
   */
  async get(place, name) {
    this.#total += this.#sizes[name];
    const response = await fetched(place, name);
    this.#bytes += Number(response.headers.get("Content-Length") ?? this.#sizes[name]);
    const counter = new TransformStream({
      transform: (chunk, controller) => {
        this.#seen += chunk.byteLength;
        this.#report({ seen: this.#seen, total: this.#total, bytes: this.#bytes });
        controller.enqueue(chunk);
      },
    });
    const { status, statusText, headers } = response;
    return new Response(response.body?.pipeThrough(counter), { status, statusText, headers });
  }
}
