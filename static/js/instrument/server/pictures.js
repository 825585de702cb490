/**
 * Client of the decoder server: grids and map tiles of decoded codes, and error sentences. docs/api.md describes the
 * addresses.
 *
 * @typedef {{model: string, n: number, span: number, at: [number, number]}} GridRequest
 * @typedef {{model: string, axes: [number, number], at: number[], zoom: number, x: number, y: number}} AtlasRequest
 * @typedef {{data: Uint8Array<ArrayBuffer>, shape: import("../panels/ramp.js").Cells}} Grid
 *   tile after tile, rows first; in grey, 0 is paper and 255 ink
 */
import { config } from "../../config.js";
import { DELTA, undoDelta } from "./delta.js";
import { isFast } from "./network-speed.js";
import { ServerError } from "./newest.js";
import { translate } from "../../words.js";

const RAW = "application/octet-stream";

/** The reason why there is no picture from the server, for the reader. */
export class DecodeError extends ServerError {
  /** @param {"offline" | "refused"} state @param {string} why */
  constructor(state, why) {
    super(state, `${why} This picture was decoded in the page.`);
  }
}

/** @typedef {Map<string, string>} Weights name of a model -> sha256 of its weights */
/** @typedef {{name: string, sha256: string | null}} ModelSummary */
/** @type {Promise<Weights | null> | null} */
let served = null;

/** The models on this page's server; null if there is no decoder server, as on a static host. */
function servedModels() {
  served ??= listModels().catch((error) => {
    served = null; // the network or the server may come back
    throw error;
  });
  return served;
}

/** @returns {Promise<Weights | null>} */
async function listModels() {
  const address = `${config.root}api/models`;
  const response = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => {
    throw new DecodeError("offline", translate("You are offline."));
  });
  if (response.status === 503) throw new DecodeError("refused", await refusal(response));
  // A static host may answer an unknown address with a page.
  const list = response.ok ? await response.json().catch(() => null) : null;
  if (list === null) return null;
  return new Map(list.models.map((/** @type {ModelSummary} */ { name, sha256 }) => [name, sha256 ?? ""]));
}

/**
 * Requests a picture of decoded codes.
 *
 * @param {string} model
 * @param {string} place below the model's address
 * @param {Record<string, number | string>} query
 * @param {AbortSignal} signal
 * @returns {Promise<Grid>}
 */
async function cells(model, place, query, signal) {
  const models = await servedModels();
  if (models === null) throw new DecodeError("offline", translate("This copy of the book has no decoder server."));
  // With the weights in the address, answers can be cached for a year: a different model has a different address.
  const asked = Object.entries({ ...query, weights: (models.get(model) ?? "").slice(0, 16) });
  const search = new URLSearchParams(asked.map(([name, value]) => [name, String(value)]));
  const address = `${config.root}api/models/${encodeURIComponent(model)}/${place}?${search}`;
  let response;
  try {
    // Raw bytes are fastest on the same machine. Over a network, the delta form is faster, with a quarter of the bytes.
    response = await fetch(address, { headers: { Accept: isFast() ? RAW : DELTA }, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new DecodeError("offline", translate("The decoder server cannot be reached."));
  }
  if (!response.ok) throw new DecodeError("refused", await refusal(response));
  const shape = /** @type {Grid["shape"]} */ ((response.headers.get("Latentbook-Shape") ?? "").split(",").map(Number));
  const data = new Uint8Array(await response.arrayBuffer());
  if (shape.reduce((/** @type {number} */ size, side) => size * Number(side), 1) !== data.length) {
    throw new DecodeError("refused", translate("The decoder server sent a picture of a different size from the one it announced."));
  }
  if (response.headers.get("Content-Type") === DELTA) undoDelta(data, shape);
  return { data, shape };
}

/**
 * Requests a grid of decoded codes.
 *
 * @param {GridRequest} request
 * @param {AbortSignal} signal cancels a request that is no longer needed
 * @returns {Promise<Grid>}
 * @throws {DecodeError} with the reason as a sentence
 */
export async function grid({ model, n, span, at }, signal) {
  return cells(model, "grid", { n, span, at: at.join(",") }, signal);
}

/**
 * Requests one tile of the map of a model's latent plane.
 *
 * @param {AtlasRequest} request axes: the latents that vary, to the right and upwards; at: the code in the
 *   middle of the plane, or [] for the origin; zoom from 0 to 18; x to the right and y downwards, below 2^zoom
 * @param {AbortSignal} signal cancels a request that is no longer needed
 * @returns {Promise<Uint8Array<ArrayBuffer>>} 256 rows of 256 pixels, 0 is paper and 255 ink, or red, green and blue
 * @throws {DecodeError} with the reason as a sentence
 */
export async function atlasTile({ model, axes, at, zoom, x, y }, signal) {
  const plane = { axes: axes.join(","), ...(at.length > 0 ? { at: at.join(",") } : {}) };
  const { data, shape } = await cells(model, `atlas/${zoom}/${x}/${y}`, plane, signal);
  return pictureOf(data, ...shape);
}

/** The reason for a refusal, from the response. @param {Response} response @returns {Promise<string>} */
async function refusal(response) {
  // A 503 without Retry-After is not about load: its detail names what is missing on the server.
  if (response.status === 503 && response.headers.has("Retry-After")) {
    return translate("The decoder server is busy. Move a control to ask again.");
  }
  const problem = await response.json().catch(() => ({}));
  const detail = typeof problem.detail === "string" ? problem.detail : `status ${response.status}`;
  return translate("The decoder server refused: {why}", { why: /[.!?]$/.test(detail) ? detail : `${detail}.` });
}

/**
 * Join tiles into one picture: (rows, columns, height, width) -> (rows * height, columns * width); the same in colour.
 *
 * @param {Uint8Array} tiles
 * @param {number} rows
 * @param {number} columns
 * @param {number} height
 * @param {number} width
 * @param {number} [channels]
 */
export function pictureOf(tiles, rows, columns, height, width, channels = 1) {
  const line = width * channels;
  const picture = new Uint8Array(tiles.length);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      for (let y = 0; y < height; y++) {
        picture.set(tiles.subarray(at, at + line), ((row * height + y) * columns + column) * line);
        at += line;
      }
    }
  }
  return picture;
}
