"""The first picture of a map: its tiles at the state of the block, and the rings on them."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from widgets.engine.panels import TILE

ACROSS = 400
"""Pixels along each side of the picture; static/js/instrument/map/geometry.js has the same."""

FINER = 4  # oversampling factor, for smooth lines
RING_INK = 150  # of 255
RING_COLOUR = 84, 81, 74, 255  # on pictures in colour

TileAt = Callable[[float, float, int], NDArray[np.uint8]]
"""Returns the tile that contains a point at an integer zoom."""


def map_picture(view: Sequence[float], limit: float, tile_at: TileAt) -> NDArray[np.uint8]:
    """The part of a map in a view.

    Parameters
    ----------
    view : x, y, zoom
    limit : half the side of the plane
    tile_at : returns each visible tile

    Returns
    -------
    ndarray of shape (ACROSS, ACROSS), uint8, 255 is ink; or (ACROSS, ACROSS, 4) in colour, which is
    transparent outside the plane
    """
    x, y, zoom = view
    level = math.floor(zoom + 0.5)
    side = 2 * limit / 2**level  # of a tile, in units of the plane
    half = ACROSS / 2 / (TILE * 2 ** (zoom - level))  # of the picture, in tiles
    middle = ((x + limit) / side, (limit - y) / side)  # in tiles, from the top left
    low = [math.floor(place - half) for place in middle]
    high = [math.ceil(place + half) for place in middle]
    size = ((high[1] - low[1]) * TILE, (high[0] - low[0]) * TILE)
    wall = np.zeros(size, np.uint8)
    for row in range(max(low[1], 0), min(high[1], 2**level)):
        for column in range(max(low[0], 0), min(high[0], 2**level)):
            tile = tile_at((column + 0.5) * side - limit, limit - (row + 0.5) * side, level)
            top, left = (row - low[1]) * TILE, (column - low[0]) * TILE
            if tile.ndim == 3:
                tile = np.insert(tile, 3, 255, axis=2)
                wall = np.zeros((*size, 4), np.uint8) if wall.ndim == 2 else wall
            wall[top : top + TILE, left : left + TILE] = tile
    left, top = (TILE * (place - half - first) for place, first in zip(middle, low, strict=True))
    box = (left, top, left + 2 * half * TILE, top + 2 * half * TILE)
    seen = Image.fromarray(wall).resize((ACROSS, ACROSS), Image.Resampling.BILINEAR, box)
    return np.asarray(seen)


def with_rings(
    picture: NDArray[np.uint8], view: Sequence[float], limit: float, rings: Mapping[str, float]
) -> NDArray[np.uint8]:
    x, y, zoom = view
    unit = FINER * TILE * 2**zoom / (2 * limit)  # pixels of the finer picture
    centre = (FINER * ACROSS / 2 - x * unit, FINER * ACROSS / 2 + y * unit)
    lines = Image.new("L", (FINER * ACROSS, FINER * ACROSS))
    draw = ImageDraw.Draw(lines)
    for radius in rings.values():
        box = [place + sign * radius * unit for sign in (-1, 1) for place in centre]
        draw.ellipse(box, outline=RING_INK, width=FINER)
    drawn = np.asarray(lines.resize((ACROSS, ACROSS), Image.Resampling.BOX))
    if picture.ndim == 3:
        share = drawn[..., None] / RING_INK
        return np.rint(picture * (1 - share) + np.array(RING_COLOUR) * share).astype(np.uint8)
    both: NDArray[np.uint8] = np.maximum(picture, drawn)
    return both // 17 * 17  # sixteen greys: half the bytes
