"""Arrays that the instruments read: principal components, small trained networks, codes, images.

Each file `NAME.npz` has a card `NAME.json` that records how it was made. The page fetches a
file when an instrument first loads it, so load the file of a choice only for that choice.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

import widgets
from widgets.contract import YOURS

FILES = {
    name.removesuffix(".npz"): f"{folder}/{name}"
    for folder in widgets.DATA
    if os.path.isdir(folder)  # noqa: PTH112 (a start loads no pathlib)
    for name in sorted(os.listdir(folder))  # noqa: PTH208
    if name.endswith(".npz")
}
"""Every file by its name, a course's after those of its book."""

NAMES = tuple(FILES)

CLASSES = {
    "mnist": tuple("0123456789"),
    "fashion": (
        "T-shirt",
        "trousers",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "boot",
    ),
}
"""The names of labels 0..9. The last part of a model's name is its data set."""


_kept: list[str | None] = [None]


class NothingKept(ValueError):
    """The reader has saved no network, or it cannot be read."""


@contextmanager
def kept(text: str | None) -> Iterator[None]:
    """Make ``load(YOURS)`` return the reader's saved network: an .npz file in base 64."""
    _kept[0] = text
    try:
        yield
    finally:
        _kept[0] = None


@lru_cache(maxsize=1)
def read_kept(text: str) -> Mapping[str, NDArray[Any]]:
    """The arrays of a saved network.

    Raises
    ------
    NothingKept
        If it is not an .npz file.
    """
    import base64  # not needed at the start
    import io

    try:
        with np.load(io.BytesIO(base64.b64decode(text))) as stored:
            return MappingProxyType({key: stored[key] for key in stored.files})
    except Exception as error:
        raise NothingKept(f"What this browser has kept of yours cannot be read: {error}.") from None


def load(name: str) -> Mapping[str, NDArray[Any]]:
    """The arrays of one file, or of the reader's own network, ``YOURS``; read-only.

    Parameters
    ----------
    name : name of a file in widgets/data or in a course's instruments/data, without ``.npz``; or
        `YOURS`

    Returns
    -------
    mapping from str to ndarray; the file's card, NAME.json, states shapes and units

    Raises
    ------
    KeyError
        If there is no file of that name.
    NothingKept
        If the reader has saved no network.
    """
    if name != YOURS:
        return load_file(name)
    if _kept[0] is None:
        raise NothingKept("You have kept no network in this browser yet. Train one, and keep it.")
    return read_kept(_kept[0])


@lru_cache(maxsize=len(NAMES))
def load_file(name: str) -> Mapping[str, NDArray[Any]]:
    """The arrays of one file; float16 becomes float32."""
    if name not in NAMES:
        raise KeyError(f"There is no data {name!r}. Accepted names: {', '.join(NAMES)}.")
    arrays = {}
    with np.load(FILES[name]) as stored:
        for key in stored.files:
            array = stored[key]
            if array.dtype == np.float16:
                array = array.astype(np.float32)
            array.setflags(write=False)
            arrays[key] = array
    return MappingProxyType(arrays)
