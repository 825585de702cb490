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
 * @returns {{fetch: typeof globalThis.fetch, failure: Promise<never>}} `fetch` counts, and answers for the first files from what is
 *   already on its way; `failure` rejects as soon as one of them cannot be had, for Pyodide would wait for ever
 */
export function countedFetch(base, packages, sizes, report) {
  const plainFetch = globalThis.fetch.bind(globalThis);
  const counts = Object.keys(sizes).filter((name) => !name.endsWith(".mjs")); // modules are imported, not fetched
  const total = counts.reduce((sum, name) => sum + sizes[name], 0);
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

  /** @type {(error: Error) => void} */
  let fail = () => {};
  /** @type {Promise<never>} */
  const failure = new Promise((_, reject) => (fail = reject));
  failure.catch(() => {});

  /** @type {Map<string, Promise<Response>>} */
  const ahead = new Map();
  /** @param {string} name @param {RequestInit} [init] */
  const fetchAhead = (name, init) => {
    const response = plainFetch(base + name, init).then((answer) => counted(answer, name));
    response.then(
      ({ ok, status }) => ok || fail(new Error(`${name} is not there (status ${status})`)),
      () => fail(new Error(`${name} could not be fetched`)),
    );
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

  /** @type {typeof globalThis.fetch} */
  const fetch = async (resource, init) => {
    const url = resource instanceof Request ? resource.url : String(resource);
    const response = ahead.get(url);
    ahead.delete(url);
    return response ?? plainFetch(resource, init);
  };
  return { fetch, failure };
}

/** @param {string} hex */
function base64(hex) {
  const bytes = hex.match(/../g) ?? [];
  return btoa(String.fromCharCode(...bytes.map((byte) => Number.parseInt(byte, 16))));
}
