"""Training data: images of the kind of MNIST, emoji with their names, and text."""

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

__all__ = [
    "MAX_CURVATURE",
    "MAX_ORIENTATION",
    "SIZE",
    "STROKE_LENGTH",
    "STROKE_WIDTH",
    "DataUnavailable",
    "Dataset",
    "load_dataset",
    "sample_strokes",
    "strokes",
    "to_unit",
]
