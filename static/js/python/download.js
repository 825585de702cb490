/**
 * Files of the runtime on their way, with all bytes counted.
 *
 * @typedef {{seen: number, total: number, bytes: number}} Download how much has come of how much, unpacked, and how many bytes
 *   the network carries of what has been asked for
 */

// Kept here, as the worker takes it away from reader's code.
const request = globalThis.fetch.bind(globalThis);

/**
 * @param {string} base URL of the folder
 * @param {string} name
 * @returns {Promise<Response>}
 * @throws {Error} if it cannot be had; the message names it
 */
export async function fetched(base, name) {
  const response = await request(base + name).catch(() => null);
  if (response === null) throw new Error(`${name} could not be fetched`);
  if (!response.ok || response.body === null) throw new Error(`${name} is not there (status ${response.status})`);
  return response;
}

export class Downloads {
  #seen = 0;
  #bytes = 0;
  #total = 0;
  /** @type {Record<string, number>} */
  #sizes;
  /** @type {(download: Download) => void} */
  #report;

  /**
   * @param {Record<string, number>} sizes file name -> bytes, unpacked: what a stream delivers, however it was compressed
   * @param {(download: Download) => void} report
   */
  constructor(sizes, report) {
    this.#sizes = sizes;
    this.#report = report;
  }

  /**
   * @param {string} base URL of the folder
   * @param {string} name
   * @returns {Promise<Response>}
   * @throws {Error} if it cannot be had; the message names it
   */
  async get(base, name) {
    this.#total += this.#sizes[name];
    const response = await fetched(base, name);
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
