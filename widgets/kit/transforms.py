"""Changes that do not make a digit a different one: shift, turn, dim, thicken.

Images have the shape (m, 28, 28), in [0, 1]; 1 is ink. Each function returns new ones.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from widgets.kit.network import SIDE

Images = NDArray[np.float64]

ROW, COLUMN = np.indices((SIDE, SIDE)) - (SIDE - 1) / 2  # px from the middle
ARMS = ((1, 0), (-1, 0), (0, 1), (0, -1))  # the four neighbours of a pixel


def shift(x: NDArray[Any], right: int, down: int = 0) -> Images:
    """Move by whole pixels, cyclically: pixels that leave on one side return on the other.

    MNIST leaves about 4 blank pixels around a digit. At 4 px some ink does wrap: for 14 % of the
    digits to the right, for 5 % to the left, for 51 % downwards and for 14 % upwards.

    Parameters
    ----------
    x : ndarray of shape (m, 28, 28), in [0, 1], 1 is ink
    right, down : px; below 0 to the left, upwards

    Returns
    -------
    ndarray of shape (m, 28, 28), in [0, 1]
    """
    return np.roll(x.astype(np.float64), (down, right), axis=(-2, -1))


def turn(x: NDArray[Any], degrees: float) -> Images:
    """Turn clockwise around the middle; grey values between pixels are interpolated linearly.

    Parameters
    ----------
    x : ndarray of shape (m, 28, 28), in [0, 1], 1 is ink
    degrees : clockwise

    Returns
    -------
    ndarray of shape (m, 28, 28), in [0, 1]
    """
    angle = np.deg2rad(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    row = cos * ROW - sin * COLUMN + (SIDE - 1) / 2  # where each pixel of the result comes from
    column = sin * ROW + cos * COLUMN + (SIDE - 1) / 2
    top, left = np.floor(row).astype(int), np.floor(column).astype(int)
    wide = np.pad(x.astype(np.float64), ((0, 0), (SIDE, SIDE), (SIDE, SIDE)))  # blank all around

    def at(r: NDArray[Any], c: NDArray[Any]) -> Images:
        return wide[:, r + SIDE, c + SIDE]

    down, right = row - top, column - left  # shares of the pixel below, of the one to the right
    above = (1 - right) * at(top, left) + right * at(top, left + 1)
    below = (1 - right) * at(top + 1, left) + right * at(top + 1, left + 1)
    turned: Images = (1 - down) * above + down * below
    return turned


def dim(x: NDArray[Any], share: float) -> Images:
    """Keep this share of every pixel's ink.

    Parameters
    ----------
    x : ndarray of shape (m, 28, 28), in [0, 1], 1 is ink
    share : 0 to 1

    Returns
    -------
    ndarray of shape (m, 28, 28), in [0, 1]
    """
    return share * x.astype(np.float64)


def thicken(x: NDArray[Any], pixels: float) -> Images:
    """Grow the ink by this many pixels on each side; below 0, grow the blank instead.

    Between whole pixels, interpolate the two nearest results.

    Parameters
    ----------
    x : ndarray of shape (m, 28, 28), in [0, 1], 1 is ink
    pixels : px

    Returns
    -------
    ndarray of shape (m, 28, 28), in [0, 1]
    """
    h, pick = x.astype(np.float64), np.maximum if pixels > 0 else np.minimum
    left = abs(pixels)
    while left > 0:
        grown = h
        for arm in ARMS:
            grown = pick(grown, np.roll(h, arm, axis=(-2, -1)))
        h = h + min(left, 1.0) * (grown - h)
        left -= 1
    return h


def stroke_width(x: NDArray[Any]) -> NDArray[np.float64]:
    """Width of the strokes in px: twice the ink, divided by the length of its outline.

    A stroke of length l and width w has the area l w and an outline of 2 l + 2 w, so a long one
    gives w. The outline is measured as the sum of the grey value's slope over the whole image.

    Parameters
    ----------
    x : ndarray of shape (m, 28, 28), in [0, 1], 1 is ink

    Returns
    -------
    ndarray of shape (m,), px
    """
    h = np.pad(x.astype(np.float64), ((0, 0), (1, 1), (1, 1)))
    down, right = h[:, 1:, :-1] - h[:, :-1, :-1], h[:, :-1, 1:] - h[:, :-1, :-1]
    outline = np.hypot(down, right).sum(axis=(1, 2))
    width: NDArray[np.float64] = 2 * h.sum(axis=(1, 2)) / np.maximum(outline, 1e-9)
    return width
