"""Metrics of a report card other than probes: retrieval, clustering, calibration."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BINS = 15  # of the calibration error
ROUNDS = 100  # of k-means at most


def squared_distances(a: NDArray[Any], b: NDArray[Any]) -> Array:
    """Squared Euclidean distances between rows.

    Parameters
    ----------
    a : ndarray of shape (m, k)
    b : ndarray of shape (n, k)

    Returns
    -------
    ndarray of shape (m, n)
    """
    a, b = a.astype(np.float64), b.astype(np.float64)
    gap: Array = np.sum(a**2, axis=1)[:, None] - 2 * a @ b.T + np.sum(b**2, axis=1)
    return gap


def precision_at(
    k: int,
    queries: NDArray[Any],
    labels: NDArray[Any],
    gallery: NDArray[Any],
    gallery_labels: NDArray[Any],
) -> float:
    """Share of the k nearest in a gallery that have the query's label, mean over queries.

    Parameters
    ----------
    k : neighbours of each query
    queries : ndarray of shape (m, d), codes
    labels : ndarray of shape (m,)
    gallery : ndarray of shape (n, d), codes
    gallery_labels : ndarray of shape (n,)

    Returns
    -------
    float, 0 to 1
    """
    gap = squared_distances(queries, gallery)
    near = np.argpartition(gap, k - 1, axis=1)[:, :k]
    return float(np.mean(gallery_labels[near] == labels[:, None]))


def k_means(h: NDArray[Any], k: int, *, starts: int = 5, seed: int = 0) -> NDArray[np.intp]:
    """Assign each row to one of k clusters: the best of several runs of Lloyd's algorithm.

    A run begins with centres drawn among the rows, each with a chance proportional to its squared
    distance to the nearest earlier one (k-means++).

    Parameters
    ----------
    h : ndarray of shape (n, d)
    k : clusters
    starts : runs
    seed : of the generator

    Returns
    -------
    ndarray of shape (n,), 0 to k - 1
    """
    rng = np.random.default_rng(seed)
    best, least = np.zeros(len(h), np.intp), np.inf
    for _ in range(starts):
        member, inertia = lloyd(h, first_centres(h, k, rng))
        if inertia < least:
            best, least = member, inertia
    return best


def first_centres(h: NDArray[Any], k: int, rng: np.random.Generator) -> Array:
    """Draw rows that are probably far apart, as k-means++ does.

    Parameters
    ----------
    h : ndarray of shape (n, d)
    k : rows to draw
    rng : generator

    Returns
    -------
    ndarray of shape (k, d)
    """
    centres = h[[rng.integers(len(h))]].astype(np.float64)
    gap = squared_distances(h, centres)[:, 0].clip(0)
    for _ in range(k - 1):
        chances = gap.cumsum()
        place = int(np.searchsorted(chances, rng.random() * chances[-1], side="right"))
        chosen = h[[min(place, len(h) - 1)]].astype(np.float64)
        centres = np.concatenate([centres, chosen])
        gap = np.minimum(gap, squared_distances(h, chosen)[:, 0].clip(0))
    return centres


def lloyd(h: NDArray[Any], centres: Array) -> tuple[NDArray[np.intp], float]:
    """Move centres to the means of their rows until nothing changes.

    Parameters
    ----------
    h : ndarray of shape (n, d)
    centres : ndarray of shape (k, d), to begin with

    Returns
    -------
    member : ndarray of shape (n,), the cluster of each row
    inertia : sum of the squared distances to their centres
    """
    member = np.full(len(h), -1)
    for _ in range(ROUNDS):
        gap = squared_distances(h, centres)
        nearest = gap.argmin(axis=1)
        if np.array_equal(nearest, member):
            break
        member = nearest
        of = np.eye(len(centres))[member]  # (n, k)
        count = of.sum(axis=0)[:, None]
        centres = np.where(count > 0, of.T @ h / np.maximum(count, 1), centres)
    return member, float(squared_distances(h, centres)[np.arange(len(h)), member].sum())


def mutual_information(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Normalised mutual information of two labellings, 0 to 1: I(a; b) / mean(H(a), H(b)).

    Parameters
    ----------
    a, b : ndarray of shape (n,), whole numbers from 0
    """
    together = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(together, (a, b), 1 / len(a))
    of_a, of_b = together.sum(axis=1), together.sum(axis=0)
    most = (entropy(of_a) + entropy(of_b)) / 2
    return (entropy(of_a) + entropy(of_b) - entropy(together)) / most if most > 0 else 1.0


def entropy(p: Array) -> float:
    """Entropy of probabilities, in nats.

    Parameters
    ----------
    p : ndarray of any shape, of sum 1
    """
    p = p[p > 0]
    return float(-np.sum(p * np.log(p)))


def softmax(scores: Array, sharpness: float = 1.0) -> Array:
    """Probabilities from scores.

    Parameters
    ----------
    scores : ndarray of shape (m, 10)
    sharpness : 1 / temperature, by which the scores are multiplied

    Returns
    -------
    ndarray of shape (m, 10), rows of sum 1
    """
    odds = np.exp(sharpness * (scores - scores.max(axis=1, keepdims=True)))
    chances: Array = odds / odds.sum(axis=1, keepdims=True)
    return chances


def calibration_error(chances: Array, labels: NDArray[Any]) -> float:
    """Expected calibration error: |share right - mean confidence|, mean over images by bins.

    Confidence is the largest chance of an image; its bins are equally wide.

    Parameters
    ----------
    chances : ndarray of shape (m, 10), rows of sum 1
    labels : ndarray of shape (m,), 0 to 9

    Returns
    -------
    float, 0 to 1

    References
    ----------
    Guo et al. 2017, Eq. 5.
    """
    return gap_in_bins(chances.max(axis=1), chances.argmax(axis=1) == labels)


def gap_in_bins(confidence: Array, right: NDArray[np.bool_]) -> float:
    """|share right - mean confidence| in each bin of confidence, mean over images.

    Parameters
    ----------
    confidence : ndarray of shape (m,), 0 to 1
    right : ndarray of shape (m,), bool

    Returns
    -------
    float, 0 to 1
    """
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gap = np.bincount(place, weights=right - confidence, minlength=BINS)
    return float(np.abs(gap).sum() / len(confidence))


def calibration_floor(chances: Array, *, draws: int = 200, seed: int = 0) -> float:
    """Calibration error of perfectly calibrated chances on this many images.

    Each draw counts an image as right with a chance equal to its confidence; mean over draws.

    Parameters
    ----------
    chances : ndarray of shape (m, 10), rows of sum 1
    draws : to take the mean of
    seed : of the generator

    Returns
    -------
    float, 0 to 1
    """
    rng, confidence = np.random.default_rng(seed), chances.max(axis=1)
    found = [
        gap_in_bins(confidence, rng.random(len(confidence)) < confidence) for _ in range(draws)
    ]
    return float(np.mean(found))


SHARPNESS = np.geomspace(1, 100, 95)


def best_sharpness(scores: Array, labels: NDArray[Any]) -> float:
    """1 / temperature for which the labels are most likely: of 95 from 1 to 100, in steps of 5 %.

    Parameters
    ----------
    scores : ndarray of shape (m, 10)
    labels : ndarray of shape (m,), 0 to 9
    """
    losses = [
        -np.mean(np.log(softmax(scores, s)[np.arange(len(labels)), labels] + 1e-300))
        for s in SHARPNESS
    ]
    return float(SHARPNESS[int(np.argmin(losses))])
