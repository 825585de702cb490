"""The emoji that `emoji_words` stores: pictures, codes, names and tags.

Pictures: Noto Emoji, Google Inc, Apache 2.0; Fluent Emoji, Microsoft Corporation, MIT.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from widgets.data import load
from widgets.kit.two_encoders import unit

CREDITS = {
    "new_artist": "Fluent Emoji, Microsoft, MIT",
    "unseen": "Noto Emoji, Google, Apache 2.0",
    "seen": "Noto Emoji, Google, Apache 2.0",
}
"""Credits, by gallery: emoji of the training, others, and the others by a new artist."""


@lru_cache(maxsize=len(CREDITS))
def codes_of(among: str) -> NDArray[np.float64]:
    """Codes of all pictures of a gallery, of length 1.

    Parameters
    ----------
    among : a key of `CREDITS`

    Returns
    -------
    ndarray of shape (n, 64)
    """
    return unit(load("emoji_words")[f"{among}_codes"].astype(float))


@lru_cache(maxsize=2)
def texts_of(which: str) -> list[list[list[str]]]:
    """For each emoji and language: its name, then its tags.

    Parameters
    ----------
    which : ``seen`` or ``unseen``

    Returns
    -------
    list by emoji of lists by language of texts
    """
    text = load("emoji_words")[f"{which}_texts"].tobytes().decode()
    return [[part.split("|") for part in emoji.split("\t") if part] for emoji in text.split("\n")]


def name_of(place: int, among: str) -> str:
    """The English name of a picture, ``nothing`` for -1.

    Parameters
    ----------
    place : in its gallery
    among : a key of `CREDITS`
    """
    if place < 0:
        return "nothing"
    return texts_of("seen" if among == "seen" else "unseen")[place][0][0]


def pictures(places: Sequence[int] | NDArray[Any], among: str) -> NDArray[np.float64]:
    """Pictures of a gallery in [0, 1]; white for -1.

    Parameters
    ----------
    places : of shape (n,), places in the gallery
    among : a key of `CREDITS`

    Returns
    -------
    ndarray of shape (n, 32, 32, 3)
    """
    arrays = load("emoji_words")
    palette, indices = arrays[f"{among}_palette"] / 255, arrays[f"{among}_pictures"]
    return np.stack([palette[indices[i]] if i >= 0 else np.ones((32, 32, 3)) for i in places])
