"""Linear probes of a code with only ten labelled digits per class."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentbook_decoders.models.cards import Card
from training.exports.networks import CLASSES

LABELS = 10  # per class
DRAWS = 20  # of these labels
RIDGES = (0.01, 0.1, 1.0, 10.0, 100.0)  # as shares of the mean variance of a unit


@dataclass(frozen=True)
class Labelled:
    """Codes (n, k) and their digits, (n,)."""

    codes: NDArray[Any]
    labels: NDArray[Any]


def probe_of_few(some: Labelled, ridge: float) -> tuple[Any, Any]:
    """Ridge regression from a few codes to their classes.

    Returns
    -------
    matrix : ndarray of shape (k, 10)
    intercept : ndarray of shape (10,)
    """
    h, wanted = some.codes.astype(float), np.eye(CLASSES)[some.labels]
    mean, middle = h.mean(0), wanted.mean(0)
    centred = h - mean
    gram = centred.T @ centred
    gram += ridge * np.trace(gram) / len(gram) * np.eye(len(gram))
    matrix = np.linalg.solve(gram, centred.T @ (wanted - middle))
    return matrix, middle - mean @ matrix


def read_of_few(train: Labelled, held: Labelled, test: Labelled) -> Card:
    """Share of test codes that probes of a few labels get right, over DRAWS draws.

    The ridge is the best on held-out codes, over the same draws.
    """
    chosen = [draw(train, seed) for seed in range(DRAWS)]
    ridge = max(RIDGES, key=lambda each: np.mean(shares_right(chosen, each, held)))
    right = shares_right(chosen, ridge, test)
    return {
        "mean": round(float(np.mean(right)), 4),
        "standard_deviation_over_draws": round(float(np.std(right, ddof=1)), 4),
        "ridge": ridge,
    }


def draw(train: Labelled, seed: int) -> Labelled:
    """LABELS codes of each class."""
    rng = np.random.default_rng(seed)
    places = [
        rng.choice(np.flatnonzero(train.labels == k), LABELS, replace=False) for k in range(CLASSES)
    ]
    some = np.concatenate(places)
    return Labelled(train.codes[some], train.labels[some])


def shares_right(chosen: list[Labelled], ridge: float, asked: Labelled) -> list[float]:
    """Share of codes that the probe of each draw gets right."""
    shares = []
    for some in chosen:
        matrix, intercept = probe_of_few(some, ridge)
        shares.append(float(np.mean((asked.codes @ matrix + intercept).argmax(1) == asked.labels)))
    return shares
