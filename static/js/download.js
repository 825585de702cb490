/**
 * The runtime's files on their way: the large ones are asked for before anyone needs them, and all bytes are counted.
 *
 * @typedef {{fraction: number, bytes: number}} Download how much has come, and how many bytes the network carries in all
 */

/** What Pyodide needs first, but would ask for one after another. */
const FIRST = ["pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json"];

/**
 * @param {string} base URL of the runtime's folder
 * @param {Record<string, number>} sizes file name -> bytes, unpacked: what a stream delivers, however it was compressed
 * @param {(download: Download) => void} report
 * @returns {typeof fetch} like fetch, but counts, and answers for the first files from what is already on its way
 */
export function countedFetch(base, sizes, report) {
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
  for (const name of FIRST) {
    const response = plainFetch(base + name).then((answer) => counted(answer, name));
    response.catch(() => {}); // whoever takes it hears of it
    ahead.set(base + name, response);
  }

  return async (resource, init) => {
    const url = resource instanceof Request ? resource.url : String(resource);
    const response = ahead.get(url);
    ahead.delete(url);
    if (response) return response;
    const name = url.startsWith(base) ? url.slice(base.length) : "";
    const answer = await plainFetch(resource, init);
    return name in sizes ? counted(answer, name) : answer;
  };
}
