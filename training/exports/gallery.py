"""A gallery of test digits, and distances between digits by each of the page's encoders."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentbook_decoders.models.cards import Card
from training.data import SIZE, Dataset, load_dataset
from training.exports.decoders import EVERY, sample_of
from training.exports.export import Job, write_export
from widgets.kit.encoders import ENCODERS, NETWORKS, encode_as
from widgets.kit.transforms import stroke_width

NEAREST = 10
PART = 500  # images whose distances to all others are computed at once
SIZES = (100, 300, 1000, 3000, 10_000, 30_000, 60_000)  # labelled images to learn from


def distances(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """Squared Euclidean distances between rows: (m, k) and (n, k) to (m, n)."""
    squares: NDArray[Any] = (a**2).sum(1)[:, None] - 2 * a @ b.T + (b**2).sum(1)
    return squares


def neighbours(codes: NDArray[Any], count: int) -> NDArray[np.int64]:
    """The nearest other rows of each row, nearest first: (n, k) to (n, count)."""
    found = []
    for start in range(0, len(codes), PART):
        gap = distances(codes[start : start + PART], codes)
        own = np.arange(len(gap))
        gap[own, start + own] = np.inf
        some = np.argpartition(gap, count, axis=1)[:, :count]
        order = np.take_along_axis(gap, some, axis=1).argsort(axis=1)
        found.append(np.take_along_axis(some, order, axis=1))
    return np.concatenate(found)


def up_to(values: NDArray[Any]) -> NDArray[np.float32]:
    """Mean over all rows and the first 1, 2, ... columns: (n, count) to (count,)."""
    running: NDArray[np.float64] = values.mean(0).cumsum() / np.arange(1, values.shape[1] + 1)
    return running.astype(np.float32)


def errors_of_nearest(dataset: Dataset) -> NDArray[np.float32]:
    """Share of test images whose nearest training image, by pixels, shows a different digit.

    Returns
    -------
    ndarray of shape (len(SIZES),), by the number of training images
    """
    train = (dataset.train_images.reshape(-1, SIZE**2) / 255).astype(np.float32)
    test = (dataset.test_images.reshape(-1, SIZE**2) / 255).astype(np.float32)
    wrong = np.zeros(len(SIZES))
    for start in range(0, len(test), PART):
        gap, wanted = (
            distances(test[start : start + PART], train),
            dataset.test_labels[start : start + PART],
        )
        for i, size in enumerate(SIZES):
            nearest = gap[:, :size].argmin(1)
            wrong[i] += (dataset.train_labels[nearest] != wanted).sum()
    return (wrong / len(test)).astype(np.float32)


def make_gallery(job: Job) -> Card:
    """Every 16th test image, and codes of the encoders that are slow in the page."""
    dataset = load_dataset("mnist")
    sample = sample_of(dataset)
    x = dataset.test_images[sample]
    arrays: dict[str, NDArray[Any]] = {
        "images": x,
        "labels": dataset.test_labels[sample],
        "width": stroke_width(x / 255).astype(np.float32),
        **{name: encode_as(name, x / 255).astype(np.float16) for name in NETWORKS},
    }
    card = {
        "title": f"MNIST: every {EVERY}th test image, with codes",
        "data": dataset.origin,
        "width": "stroke width, px",
        "codes": f"of the encoders {' and '.join(NETWORKS)}",
        "metrics": {"images": len(x)},
    }
    job.on_step(1, 1, 0.0)
    return write_export("mnist_gallery", arrays, card)


def make_distances(job: Job) -> Card:
    """Distances between digits by each encoder, and common properties of neighbours."""
    dataset = load_dataset("mnist")
    x, labels = dataset.test_images / 255, dataset.test_labels
    width = stroke_width(x)
    # The mean difference of widths between two images, over all pairs, from the sorted widths.
    n = len(width)
    at_random = 2 * np.sort(width) @ (2 * np.arange(n) - n + 1) / (n * (n - 1))
    sample = sample_of(dataset)
    unlike = labels[sample][:, None] != labels[sample]
    alike = ~unlike & ~np.eye(len(unlike), dtype=bool)
    scale, within, same, apart = [], [], [], []
    for i, name in enumerate(ENCODERS):
        codes = np.concatenate([encode_as(name, part) for part in np.array_split(x, 20)])
        gap = np.sqrt(distances(codes[sample], codes[sample]).clip(0))
        scale.append(gap[unlike].mean())
        within.append(gap[alike].mean())
        near = neighbours(codes.astype(np.float32), NEAREST)
        same.append(up_to(labels[near] == labels[:, None]))
        apart.append(up_to(np.abs(width[near] - width[:, None]) / at_random))
        job.on_step(i + 1, len(ENCODERS), 0.0)
    wrong = errors_of_nearest(dataset)
    arrays: dict[str, NDArray[Any]] = {
        "scale": np.array(scale, np.float32),
        "within": np.array(within, np.float32),
        "same": np.stack(same),
        "apart": np.stack(apart),
        "sizes": np.array(SIZES, np.int32),
        "wrong": wrong,
    }
    card = {
        "title": "MNIST: distances by the page's encoders, and what neighbours have in common",
        "data": dataset.origin,
        "encoders": list(ENCODERS),
        "measured": {
            "scale": "mean distance between two images of mnist_gallery with different digits",
            "within": "the same of two that show one digit",
            "same": f"share of the 1, ..., {NEAREST} nearest of all {n:,} test images, the image "
            "itself left out, that show the same digit",
            "apart": "mean difference in stroke width to these neighbours, 1 is two images drawn "
            "at random",
            "wrong": f"share of the {n:,} test images whose nearest of the first `sizes` training "
            "images, by pixels, shows another digit",
        },
        "metrics": {
            "wrong": {str(k): round(float(w), 4) for k, w in zip(SIZES, wrong, strict=True)},
            "published": "3.09 % with all 60,000, LeCun, Cortes & Burges, the MNIST database",
            "same_nearest": by_encoder(same),
            "apart_nearest": by_encoder(apart),
        },
    }
    return write_export("mnist_distances", arrays, card)


def by_encoder(values: list[NDArray[np.float32]]) -> Card:
    """The first value of each encoder, under its name."""
    return {name: round(float(v[0]), 4) for name, v in zip(ENCODERS, values, strict=True)}
