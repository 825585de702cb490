/**
 * The decoder server, as the page sees it: grids of decoded codes, and in sentences why one cannot be had.
 *
 * @typedef {{model: string, n: number, span: number}} GridRequest
 * @typedef {{data: Uint8Array, shape: [number, number, number, number]}} Grid
 *   tile after tile, rows first: shape is (rows, columns, height, width), 0 is paper and 255 ink
 */
import { config } from "./config.js";

/** Why there is no grid, as a sentence for the reader: no server can be reached, or it answered with an error. */
export class DecodeError extends Error {
  /** @param {"offline" | "refused"} state @param {string} why */
  constructor(state, why) {
    super(`${why} This picture was decoded in the page.`);
    this.state = state;
  }
}

/** @type {Promise<boolean> | null} */
let served = null;

/** Whether a decoder server stands behind this page: a plain static host has none. */
function serverAnswers() {
  served ??= fetch(`${config.root}api/models`, { headers: { Accept: "application/json" } }).then(
    (response) => response.ok,
    () => {
      served = null; // the network may come back
      throw new DecodeError("offline", "You are offline.");
    },
  );
  return served;
}

/**
 * Asks for a grid of decoded codes.
 *
 * @param {GridRequest} request
 * @param {AbortSignal} signal gives up on an answer that is no longer wanted
 * @returns {Promise<Grid>}
 * @throws {DecodeError} with the reason as a sentence
 */
export async function grid({ model, n, span }, signal) {
  if (!(await serverAnswers())) {
    throw new DecodeError("offline", "This copy of the book has no decoder server.");
  }
  const query = new URLSearchParams({ n: String(n), span: String(span) });
  const address = `${config.root}api/models/${encodeURIComponent(model)}/grid?${query}`;
  let response;
  try {
    response = await fetch(address, { headers: { Accept: "application/octet-stream" }, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new DecodeError("offline", "The decoder server cannot be reached.");
  }
  if (!response.ok) throw new DecodeError("refused", await refusal(response));
  const shape = (response.headers.get("Latentbook-Shape") ?? "").split(",").map(Number);
  const mosaic = new Uint8Array(await response.arrayBuffer());
  if (shape.length !== 4 || shape.reduce((a, b) => a * b, 1) !== mosaic.length) {
    throw new DecodeError("refused", "The decoder server sent a picture whose size is not what it says.");
  }
  const [rows, columns, height, width] = shape;
  return { data: tilesOf(mosaic, rows, columns, height, width), shape: [rows, columns, height, width] };
}

/** What the server said when it refused. @param {Response} response @returns {Promise<string>} */
async function refusal(response) {
  // Without Retry-After a 503 is no matter of load: its detail says what the server lacks.
  if (response.status === 503 && response.headers.has("Retry-After")) {
    return "The decoder server is busy. Move a control to ask again.";
  }
  const problem = await response.json().catch(() => ({}));
  const detail = typeof problem.detail === "string" ? problem.detail : `status ${response.status}`;
  return `The decoder server refused: ${detail}${/[.!?]$/.test(detail) ? "" : "."}`;
}

/**
 * Cuts one big picture into its tiles: (rows * height, columns * width) -> (rows, columns, height, width).
 *
 * @param {Uint8Array} mosaic
 * @param {number} rows
 * @param {number} columns
 * @param {number} height
 * @param {number} width
 */
export function tilesOf(mosaic, rows, columns, height, width) {
  const tiles = new Uint8Array(mosaic.length);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      for (let y = 0; y < height; y++) {
        const from = ((row * height + y) * columns + column) * width;
        tiles.set(mosaic.subarray(from, from + width), at);
        at += width;
      }
    }
  }
  return tiles;
}
