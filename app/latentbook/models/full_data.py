"""Codes and labels of all 70,000 images of MNIST, written by `latentbook train full_data`.

With them, a server needs neither the images nor torch to compute an instrument.
"""

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from latentbook.models.cards import read_card
from latentbook.models.errors import FullDataMissing
from latentbook.settings import WIDGETS

FullData: TypeAlias = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]

TRAINING = 60_000
"""Images of the training set. The test set follows them in each file."""


def read_full_data(folder: Path, code: str) -> FullData:
    """Codes and labels of the training images, then of the test images.

    Parameters
    ----------
    code : a key of widgets.kit.benchmark_codes.JUDGED

    Returns
    -------
    ndarrays of shape (60000, k), (60000,), (10000, k) and (10000,), memory-mapped

    Raises
    ------
    FullDataMissing
        If they are missing or belong to other weights than the page's codes.
    """
    try:
        codes = np.load(codes_file(folder, code), mmap_mode="r")
        labels = np.load(labels_file(folder), mmap_mode="r")
    except FileNotFoundError:
        raise FullDataMissing(
            "This server has no codes of all images of MNIST. `latentbook train full_data` makes "
            "them."
        ) from None
    return codes[:TRAINING], labels[:TRAINING], codes[TRAINING:], labels[TRAINING:]


def codes_file(folder: Path, code: str) -> Path:
    """The file of one code. Its name changes with the encoder behind the page's codes."""
    if code == "pixels":
        return folder / "pixels.npy"
    in_page = read_card(WIDGETS / "data" / f"mnist_as_{code}.json")
    return folder / f"{code}-{in_page['file']['sha256'][:12]}.npy"


def labels_file(folder: Path) -> Path:
    """The file of the labels, uint8 of shape (70000,)."""
    return folder / "labels.npy"
