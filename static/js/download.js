/**
 * The runtime's files on their way: the large ones are asked for before anyone needs them, and all bytes are counted.
 *
 * @typedef {{fraction: number, bytes: number}} Download how much has come, and how many bytes the network carries in all
 */

/** What Pyodide needs first, but would ask for one after another. */
const LOCK = "pyodide-lock.json";
const FIRST = ["pyodide.asm.wasm", "python_stdlib.zip"];

/**
 * @param {string} base URL of the runtime's folder
 * @param {string[]} packages names in the lock file
 * @param {Record<string, number>} sizes file name -> bytes, unpacked: what a stream delivers, however it was compressed
 * @param {(download: Download) => void} report
 * @returns {typeof fetch} like fetch, but counts, and answers for the first files from what is already on its way
 */
export function countedFetch(base, packages, sizes, report) {
  const plainFetch = globalThis.fetch;
  const total = Object.values(sizes).reduce((sum, size) => sum + size, 0);
  let seen = 0;
  let packed = 0;

  /** @param {Response} response @param {string} name */
  const counted = (response, name) => {
    if (!response.ok || response.body === null) return response;
    packed += Number(response.headers.get("Content-Length") ?? sizes[name]);
    const counter = new TransformStream({
      transform(chunk, controller) {
        seen += chunk.byteLength;
        report({ fraction: Math.min(1, seen / total), bytes: packed });
        controller.enqueue(chunk);
      },
    });
    const { status, statusText, headers } = response;
    return new Response(response.body.pipeThrough(counter), { status, statusText, headers });
  };

  /** @type {Map<string, Promise<Response>>} */
  const ahead = new Map();
  /** @param {string} name @param {RequestInit} [init] */
  const fetchAhead = (name, init) => {
    const response = plainFetch(base + name, init).then((answer) => counted(answer, name));
    response.catch(() => {}); // whoever takes it hears of it
    ahead.set(base + name, response);
    return response;
  };
  const [lock] = [LOCK, ...FIRST].map((name) => fetchAhead(name));
  lock
    .then((response) => response.clone().json())
    .then((contents) => {
      for (const name of packages) {
        const { file_name: file, sha256 } = contents.packages[name];
        fetchAhead(file, { integrity: `sha256-${base64(sha256)}` });
      }
    })
    .catch(() => {}); // Pyodide reads the same lock, and says what is wrong with it

  return async (resource, init) => {
    const url = resource instanceof Request ? resource.url : String(resource);
    const response = ahead.get(url);
    ahead.delete(url);
    return response ?? plainFetch(resource, init);
  };
}

/** @param {string} hex */
function base64(hex) {
  const bytes = hex.match(/../g) ?? [];
  return btoa(String.fromCharCode(...bytes.map((byte) => Number.parseInt(byte, 16))));
}
