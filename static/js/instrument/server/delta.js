/** The delta form of a picture (docs/api.md): each cell minus its neighbours, which two prefix sums undo. */

export const DELTA = "application/vnd.latentbook.delta";

/**
 * Turns the delta form into the picture, in place.
 *
 * @param {Uint8Array} data row after row of pixels; sums are modulo 256, as bytes are
 * @param {[number, number, number, number]} shape rows, columns, height and width of the cells
 */
export function undoDelta(data, [rows, columns, height, width]) {
  const line = columns * width;
  for (let start = 0; start < data.length; start += line) {
    for (let at = start + width; at < start + line; at++) data[at] += data[at - width];
  }
  for (let at = height * line; at < rows * height * line; at++) data[at] += data[at - height * line];
}
