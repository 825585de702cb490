"""Convert a reader's pictures to text short enough for a link, and back.

A drawing has sixteen greys. Row by row, a pixel with ink is one of ``1 ... f``; a run of n empty
pixels is one letter, ``g`` for 1 up to ``z`` for 20, ``A`` for 21 up to ``Z`` for 46, and longer
runs are written in pieces. static/js/instrument/drawing-text.js has the same format.

A glyph has 64 colours, four levels each of red, green and blue, and one character for each pixel;
static/js/instrument/controls/glyph.js writes it.
"""

from __future__ import annotations

import re
from string import ascii_letters

import numpy as np
from numpy.typing import ArrayLike, NDArray

GREYS = "0123456789abcdef"
RUNS = ascii_letters[6:]  # g ... z, A ... Z
COLOURS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"  # as in base64url
PIECES = re.compile(r"(?:[1-9a-f]|[g-zA-Z])*")


def to_text(image: ArrayLike) -> str:
    """A square image as text.

    Parameters
    ----------
    image : array of shape (side, side), uint8, 255 is ink
    """
    text = "".join(GREYS[round(grey / 17)] for grey in np.asarray(image).ravel().tolist())
    return re.sub("0+", lambda run: runs(len(run[0])), text)


def runs(empty: int) -> str:
    """A run of empty pixels as letters, the longest pieces first.

    Parameters
    ----------
    empty : pixels
    """
    pieces, rest = divmod(empty, len(RUNS))
    return pieces * RUNS[-1] + (RUNS[rest - 1] if rest else "")


def to_pixels(text: str, side: int) -> NDArray[np.uint8]:
    """Decode a text to an image.

    Parameters
    ----------
    text : as :func:`to_text` writes it
    side : pixels along each side

    Returns
    -------
    ndarray of shape (side, side), uint8, 255 is ink

    Raises
    ------
    ValueError
        If a character is not in the format, or the number of pixels is not side * side.
    """
    read = PIECES.match(text)
    if read is None or read.end() < len(text):
        wrong = text[read.end() if read else 0]
        raise ValueError(f"{wrong!r} stands for no pixels; accepted: 1 to 9 and letters")
    greys: list[int] = []
    for character in text:
        if (run := RUNS.find(character)) >= 0:
            greys += [0] * (run + 1)
        else:
            greys.append(17 * int(character, 16))
    if len(greys) != side * side:
        raise ValueError(f"it holds {len(greys)} pixels; accepted: {side * side}")
    return np.array(greys, np.uint8).reshape(side, side)


def to_colours(text: str, side: int) -> NDArray[np.uint8]:
    """Decode a glyph's text to a picture.

    Parameters
    ----------
    text : one character of `COLOURS` per pixel, row by row; its index there is 16 r + 4 g + b
        with levels from 0 to 3
    side : pixels along each side

    Returns
    -------
    ndarray of shape (side, side, 3), uint8

    Raises
    ------
    ValueError
        If a character is not in the format, or the number of pixels is not side * side.
    """
    if wrong := [character for character in text if character not in COLOURS]:
        raise ValueError(f"{wrong[0]!r} stands for no colour; accepted: {COLOURS}")
    if len(text) != side * side:
        raise ValueError(f"it holds {len(text)} pixels; accepted: {side * side}")
    places = np.array([COLOURS.index(character) for character in text], np.uint8)
    levels = np.stack([places >> 4, places >> 2 & 3, places & 3], axis=1)
    return (85 * levels).reshape(side, side, 3)
