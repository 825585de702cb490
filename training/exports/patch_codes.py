"""Digits for learning a table of patch codes, and the errors of the best tables."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from latentbook_decoders.models.cards import Card
from training.data import load_dataset
from training.exports.export import Job, write_export
from training.exports.mnist_pca import principal_components
from training.exports.rate_distortion import price
from widgets import vq_codebook
from widgets.data import load
from widgets.vq_codebook import PIXELS, PLACES

DIGITS = 60  # of the training digits, drawn at random
SIZES = (2, 4, 8, 16, 32, 64)
RUNS, MAX_STEPS = 12, 100  # of k-means for each size
MORE_DIGITS, MORE_SIZES = 1500, (4, 16, 64, 256)  # tables to compare with networks: one run each
CANDIDATES = 6  # patches tried for each initial code
STEPS = (2.0, 1.5, 1.2, 1.0, 0.8, 0.65, 0.5, 0.4)  # of the grid that components are rounded to

Array = NDArray[np.float64]
cut: Callable[[NDArray[np.uint8]], Array] = vq_codebook.cut
nearest: Callable[[Array, Array], NDArray[np.int64]] = vq_codebook.nearest


def make_patch_codes(job: Job) -> Card:
    """k-means from several starts, and rounded components, on the page's patches."""
    dataset = load_dataset("mnist")
    rng = np.random.default_rng(0)
    digits = dataset.train_images[rng.choice(len(dataset.train_images), DIGITS, replace=False)]
    train = cut(digits).astype(np.float64)
    test = cut(load("mnist_images")["images"]).astype(np.float64)
    means, errors = [], []
    for i, size in enumerate(SIZES):
        runs = [k_means(train, size, rng) for _ in range(RUNS)]
        table = min(runs, key=lambda codes: per_digit(train, codes))
        seen, sent = (nearest(x, table)[:, None] for x in (train, test))
        means.append((PLACES * price(seen, sent, size).mean(), per_digit(test, table)))
        errors.append(per_digit(train, table))
        job.on_step(i + 1, len(SIZES), errors[-1])
    more = dataset.train_images[rng.choice(len(dataset.train_images), MORE_DIGITS, replace=False)]
    all_test = cut(dataset.test_images).astype(np.float64)
    left = {
        size: per_digit(all_test, k_means(cut(more).astype(np.float64), size, rng))
        for size in MORE_SIZES
    }
    card = {
        "title": "Patches of digits, and what the best tables of codes leave of them",
        "data": dataset.origin,
        "method": (
            f"{DIGITS} training digits cut into patches of 4 x 4; means: bits and squared error of "
            f"the 40 test digits of mnist_images for {', '.join(map(str, SIZES))} codes, each the "
            f"best on the training patches of {RUNS} runs of k-means, priced by their frequencies "
            "in the training patches; means_train: its squared error on the training digits; "
            "components: bits and squared error of the same test "
            "digits with principal components of the patches rounded to a grid, priced in the same "
            "way; from_more_digits: squared error of the "
            f"{len(dataset.test_images):,} test digits with tables from one run of k-means on "
            f"{MORE_DIGITS:,} training digits"
        ),
        "seed": 0,
        "metrics": {
            "squared_error_by_codes": {
                str(size): {"train": round(seen, 3), "test": round(point[1], 3)}
                for size, seen, point in zip(SIZES, errors, means, strict=True)
            },
            "from_more_digits": {str(size): round(error, 3) for size, error in left.items()},
        },
    }
    arrays = {
        "digits": digits,
        "means": np.array(means),
        "means_train": np.array(errors),
        "components": np.array(components(train, test)),
    }
    return write_export("patch_codes", arrays, card)


def per_digit(x: Array, codes: Array) -> float:
    """Squared error of a digit whose patches are replaced by the nearest codes."""
    return float(PLACES * np.sum((codes[nearest(x, codes)] - x) ** 2) / len(x))


def k_means(x: Array, size: int, rng: np.random.Generator) -> Array:
    """Codes after Lloyd's steps, which start from patches drawn by their squared distance.

    Of a few drawn patches, the one with the least error is chosen.

    References
    ----------
    Arthur & Vassilvitskii 2007, "k-means++".
    """
    codes: Array = x[rng.integers(len(x))][None]
    distance = np.sum((x - codes[0]) ** 2, axis=1)
    while len(codes) < size:
        drawn = x[rng.choice(len(x), CANDIDATES, p=distance / distance.sum())]
        left = [np.minimum(distance, np.sum((x - each) ** 2, axis=1)) for each in drawn]
        best = int(np.argmin([each.sum() for each in left]))
        codes, distance = np.concatenate([codes, drawn[[best]]]), left[best]
    for _ in range(MAX_STEPS):
        which = nearest(x, codes)
        count = np.bincount(which, minlength=size)[:, None]
        sums = np.stack([np.bincount(which, column, size) for column in x.T], axis=1)
        moved = np.where(count > 0, sums / np.maximum(count, 1), codes)
        if np.allclose(moved, codes):
            break
        codes = moved
    return codes


def components(train: NDArray[np.float64], test: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Bits and squared error per digit, for rounded components of its patches."""
    mean, _, rows = principal_components(train)
    assert rows.shape == (PIXELS, PIXELS)
    points = []
    for step in STEPS:
        seen, sent = (np.rint((x - mean) @ rows.T / step).astype(np.int64) for x in (train, test))
        off = mean + step * sent @ rows - test
        bits = PLACES * float(price(seen, sent).mean())
        points.append((bits, float(PLACES * np.mean(np.sum(off**2, axis=1)))))
    return points
