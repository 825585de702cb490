/**
 * Positions on a map: codes, map pixels, tiles. No DOM.
 *
 * The plane extends from -limit to limit in x and y, y upwards. At zoom k it is TILE * 2^k map pixels wide. A panel
 * shows ACROSS map pixels at any real size, so that a link shows the same part of the plane on a phone and on a
 * projector.
 *
 * @typedef {[number, number, number]} View x and y of the code at the centre, and the zoom
 * @typedef {{zoom: number, x: number, y: number}} Address a tile: x counts to the right, y downwards, from 0
 * @typedef {{limit: number, max_zoom: number}} Plane
 */

export const TILE = 256; // map pixels along each side of a tile
export const ACROSS = 400; // map pixels along each side of a panel, as in app/latentbook/book/compose/map_still.py

/** @param {number} value @param {number} low @param {number} high */
const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

/** Map pixels per unit of the plane. @param {Plane} plane @param {number} zoom */
export const pixelsPerUnit = ({ limit }, zoom) => (TILE * 2 ** zoom) / (2 * limit);

/** The level of the tiles drawn at a zoom. @param {Plane} plane @param {number} zoom */
export const levelOf = ({ max_zoom }, zoom) => Math.min(max_zoom, Math.round(zoom));

/** Map pixels from the panel's centre to a code. @param {Plane} plane @param {View} view @param {number} x @param {number} y */
export function placeOf(plane, [centreX, centreY, zoom], x, y) {
  const unit = pixelsPerUnit(plane, zoom);
  return { x: (x - centreX) * unit, y: (centreY - y) * unit };
}

/**
 * The code at an offset in map pixels from the panel's centre.
 * @param {Plane} plane @param {View} view @param {{x: number, y: number}} at
 */
export function codeAt(plane, [centreX, centreY, zoom], at) {
  const unit = pixelsPerUnit(plane, zoom);
  return { x: centreX + at.x / unit, y: centreY - at.y / unit };
}

/**
 * A view within the plane, with just enough decimals for half a map pixel.
 * @param {Plane} plane @param {View} view @returns {View}
 */
export function tidy(plane, [x, y, zoom]) {
  const near = clamp(Number(zoom.toFixed(2)), 0, plane.max_zoom);
  const decimals = Math.ceil(Math.log10(2 * pixelsPerUnit(plane, near)));
  const round = (/** @type {number} */ value) => Number(clamp(value, -plane.limit, plane.limit).toFixed(decimals)) + 0;
  return [round(x), round(y), near];
}

/**
 * The view after moving the picture by map pixels.
 * @param {Plane} plane @param {View} view @param {number} right @param {number} down
 */
export function panned(plane, view, right, down) {
  const { x, y } = codeAt(plane, view, { x: -right, y: -down });
  return tidy(plane, [x, y, view[2]]);
}

/**
 * The view after zooming, with the code at `at` in the same place.
 * @param {Plane} plane
 * @param {View} view
 * @param {number} by levels
 * @param {{x: number, y: number}} [at] map pixels from the centre
 */
export function zoomed(plane, view, by, at = { x: 0, y: 0 }) {
  const zoom = clamp(view[2] + by, 0, plane.max_zoom);
  const held = codeAt(plane, view, at);
  const unit = pixelsPerUnit(plane, zoom);
  return tidy(plane, [held.x - at.x / unit, held.y + at.y / unit, zoom]);
}

/** The tiles that a view shows, from the centre outward. @param {Plane} plane @param {View} view @returns {Address[]} */
export function visibleTiles(plane, [x, y, zoom]) {
  const level = levelOf(plane, zoom);
  const side = (2 * plane.limit) / 2 ** level; // of a tile, in units of the plane
  const half = ACROSS / 2 / (TILE * 2 ** (zoom - level)); // of the panel, in tiles
  const [column, row] = [(x + plane.limit) / side, (plane.limit - y) / side];
  const last = 2 ** level - 1;
  const range = (/** @type {number} */ place) => {
    const first = clamp(Math.floor(place - half), 0, last);
    const count = clamp(Math.ceil(place + half) - 1, 0, last) - first + 1;
    return Array.from({ length: count }, (_, i) => first + i);
  };
  const far = (/** @type {Address} */ tile) => Math.hypot(tile.x + 0.5 - column, tile.y + 0.5 - row);
  return range(row)
    .flatMap((each) => range(column).map((other) => ({ zoom: level, x: other, y: each })))
    .sort((a, b) => far(a) - far(b));
}

/** The tile one level up that contains a tile. @param {Address} address @returns {Address} */
export const parentOf = ({ zoom, x, y }) => ({ zoom: zoom - 1, x: x >> 1, y: y >> 1 });

/** The four tiles one level down. @param {Address} address @returns {Address[]} */
export const childrenOf = ({ zoom, x, y }) =>
  [0, 1, 2, 3].map((i) => ({ zoom: zoom + 1, x: 2 * x + (i & 1), y: 2 * y + (i >> 1) }));

/** The view centred on a tile. @param {Plane} plane @param {Address} address @returns {View} */
export function viewOf({ limit }, { zoom, x, y }) {
  const side = (2 * limit) / 2 ** zoom;
  return [(x + 0.5) * side - limit, limit - (y + 0.5) * side, zoom];
}

/**
 * The position and size of a tile.
 *
 * @param {Plane} plane
 * @param {View} view
 * @param {Address} address
 * @returns {{left: number, top: number, side: number}} map pixels from the panel's centre
 */
export function boxOf(plane, view, { zoom, x, y }) {
  const side = (2 * plane.limit) / 2 ** zoom;
  const corner = placeOf(plane, view, x * side - plane.limit, plane.limit - y * side);
  return { left: corner.x, top: corner.y, side: TILE * 2 ** (view[2] - zoom) };
}

/**
 * A round length for a scale bar, and its size in map pixels.
 * @param {Plane} plane @param {number} zoom @param {number} about map pixels
 */
export function scaleBar(plane, zoom, about) {
  const unit = pixelsPerUnit(plane, zoom);
  const power = 10 ** Math.floor(Math.log10(about / unit));
  const length = [5, 2, 1].map((times) => times * power).find((each) => each * unit <= about) ?? power;
  return { length, pixels: length * unit };
}
