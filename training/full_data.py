"""The codes of all 70,000 images of MNIST, for the instruments that a server computes."""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentbook.cache import replace_file
from latentbook.models.full_data import codes_file, labels_file
from training.benchmark_codes import encode_benchmark
from training.data import load_dataset
from training.fit import OnStep
from widgets.kit.benchmark_codes import JUDGED

NAME = "full_data"
TITLE = "Codes of all 70,000 digits, for servers"


def write_full_data(folder: Path, on_step: OnStep, codes: Iterable[str] = JUDGED) -> None:
    """Write the labels, and each of the codes that is not there yet.

    Raises
    ------
    DataUnavailable
        If MNIST cannot be fetched.
    """
    data = load_dataset("mnist")
    images = np.concatenate([data.train_images, data.test_images])
    save(labels_file(folder), np.concatenate([data.train_labels, data.test_labels]))
    missing = [code for code in codes if not codes_file(folder, code).exists()]
    for i, code in enumerate(missing):
        save(codes_file(folder, code), codes_of(code, images))
        on_step(i + 1, len(missing), 0.0)


def codes_of(code: str, images: NDArray[np.uint8]) -> NDArray[Any]:
    """Codes (n, k) of images (n, 28, 28)."""
    if code == "pixels":
        return images.reshape(len(images), -1)  # a probe is blind to the scale of a code
    return encode_benchmark(code, images / 255)


def save(path: Path, array: NDArray[Any]) -> None:
    """Write one file, whole or not at all: a server may be reading it."""
    file = io.BytesIO()
    np.save(file, array)
    replace_file(path, file.getvalue())
