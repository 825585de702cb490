"""The codes of all images of MNIST, computed once by each encoder and kept in the build folder."""

from __future__ import annotations

import io
import threading
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from latentbook.kept import replace_file
from latentbook.models.cards import read_card
from training.data import DATA_DIR, MNIST, Dataset, load_dataset
from training.exports.export import WIDGET_DATA
from training.judged import encode_judged

Everything: TypeAlias = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]

FOLDER = DATA_DIR / "codes"
LOCK = threading.Lock()  # one encoder at a time: each takes all there is of a core


class DataMissing(Exception):
    """This server has no MNIST."""


def everything_of(code: str) -> Everything:
    """Codes and labels of the 60,000 training images, then of the 10,000 test images.

    Raises
    ------
    DataMissing
        If the images are not on this server.
    """
    with LOCK:
        data = mnist()
        shown, test = (
            codes_of(code, part, images)
            for part, images in (("train", data.train_images), ("test", data.test_images))
        )
    return shown, data.train_labels, test, data.test_labels


@lru_cache(maxsize=1)
def mnist() -> Dataset:
    """The data set, if it has been fetched: a server downloads nothing."""
    if not all((DATA_DIR / MNIST.name / file).exists() for file in MNIST.sha256):
        raise DataMissing(
            "This server has no images of MNIST. `latentbook reproduce pca-30` fetches them."
        )
    return load_dataset(MNIST.name)


def codes_of(code: str, part: str, images: NDArray[np.uint8]) -> NDArray[Any]:
    """Codes (n, k) of images, from the file that an earlier call has left where there is one.

    Its name tells which weights of the encoder it was made with.
    """
    if code == "pixels":
        return images.reshape(len(images), -1)  # a probe is blind to the scale of a code
    in_page = read_card(WIDGET_DATA / f"mnist_as_{code}.json")  # codes by the same encoder
    path = FOLDER / f"{code}-{in_page['file']['sha256'][:12]}-{part}.npy"
    if not path.exists():
        file = io.BytesIO()
        np.save(file, encode_judged(code, images / 255))
        replace_file(path, file.getvalue())
    found: NDArray[Any] = np.load(path, mmap_mode="r")
    return found
