"""Training data: images of the kind of MNIST, faces, emoji with their names, and text."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from latentbook_decoders.models.cards import Card
from training.data.faces import load_faces
from training.data.images import (
    MAX_CURVATURE,
    MAX_ORIENTATION,
    SIZE,
    STROKE_LENGTH,
    STROKE_WIDTH,
    Dataset,
    load_dataset,
    sample_strokes,
    strokes,
    to_unit,
)
from training.errors import DataUnavailable


class Images(Protocol):
    """Pictures that a model of the registry is trained and tested on, uint8."""

    @property
    def train_images(self) -> NDArray[np.uint8]: ...

    @property
    def test_images(self) -> NDArray[np.uint8]: ...

    @property
    def origin(self) -> Card: ...


def load_images(name: str) -> Images:
    """MNIST, Fashion-MNIST or the faces, fetched or drawn if they are not in `build/data/` yet.

    Raises
    ------
    UnknownData
        If there is no data set of that name.
    DataUnavailable
        If npm or node is missing, or npm cannot reach its registry.
    DataMismatch
        If a file is not the known one, or a portrait cannot be drawn.
    """
    return load_faces() if name == "faces" else load_dataset(name)


__all__ = [
    "MAX_CURVATURE",
    "MAX_ORIENTATION",
    "SIZE",
    "STROKE_LENGTH",
    "STROKE_WIDTH",
    "DataUnavailable",
    "Dataset",
    "Images",
    "load_dataset",
    "load_images",
    "sample_strokes",
    "strokes",
    "to_unit",
]
