"""Arrays for the instruments that a server computes on more data than the page has.

`latentbook train NAME` stores them in `arrays/`, each with its card. They are not sent to the page.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parent / "arrays"


@lru_cache(maxsize=32)
def read_full_data(name: str) -> Mapping[str, NDArray[Any]]:
    """The arrays of one file, read-only.

    Raises
    ------
    FileNotFoundError
        If there is no file of that name.
    """
    with np.load(FOLDER / f"{name}.npz") as stored:
        arrays = {key: stored[key] for key in stored.files}
    for array in arrays.values():
        array.setflags(write=False)
    return MappingProxyType(arrays)
