"""Arrays that the instruments read: principal components, small trained networks, codes, images.

Each file `NAME.npz` has a card `NAME.json` that says how it was made. In the page a file is fetched
when an instrument first loads it: load the file of a choice when that choice is made.
"""

import os
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

NAMES = (
    "autoencoder_mnist_decoder",
    "autoencoder_mnist_encoder",
    "conv_vae_fashion_decoder",
    "conv_vae_fashion_encoder",
    "conv_vae_mnist_decoder",
    "fashion_mnist_classifier",
    "fashion_mnist_images",
    "mlp_vae_mnist_decoder",
    "mlp_vae_mnist_encoder",
    "mnist_classifier",
    "mnist_images",
    "mnist_pca",
    "strokes",
)

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
"""What the labels 0..9 stand for. The last part of a model's name says which data it is of."""


@lru_cache(maxsize=len(NAMES))
def load(name: str) -> Mapping[str, NDArray[Any]]:
    """The arrays of one file, read-only; float16 comes as float32.

    Parameters
    ----------
    name : str, one of `NAMES`

    Returns
    -------
    mapping from str to ndarray; the card states shapes and units

    Raises
    ------
    KeyError
        If there is no file of that name.
    """
    if name not in NAMES:
        raise KeyError(f"There is no data {name!r}. Accepted names: {', '.join(NAMES)}.")
    arrays = {}
    with np.load(f"{os.path.dirname(__file__)}/{name}.npz") as stored:  # noqa: PTH120 (a start loads no pathlib)
        for key in stored.files:
            array = stored[key]
            if array.dtype == np.float16:
                array = array.astype(np.float32)
            array.setflags(write=False)
            arrays[key] = array
    return MappingProxyType(arrays)
