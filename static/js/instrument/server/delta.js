/** The delta form of a picture (docs/api.md): each cell minus its neighbours, which two prefix sums undo. */

export const DELTA = "application/vnd.latentbook.delta";

/**
 * Convert the delta form to cells, in place.
 *
 * @param {Uint8Array} data cell after cell, rows first; sums are modulo 256, as bytes are
 * @param {import("../panels/ramp.js").Cells} shape
 */
export function undoDelta(data, [rows, columns, height, width, channels = 1]) {
  const cell = height * width * channels;
  const row = columns * cell;
  for (let start = 0; start < rows * row; start += row) {
    for (let at = start + cell; at < start + row; at++) data[at] += data[at - cell];
  }
  for (let at = row; at < rows * row; at++) data[at] += data[at - row];
}
