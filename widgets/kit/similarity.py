"""Similarity of two codes, by how each relates every pair of the same images.

The numbers of two codes cannot be compared one by one: they have no common order, and may be more
in one code than in the other. Each code is turned into a table of all pairs of images instead, and
two tables are compared by their cosine. The measures differ in the table:

    CKA             products of centred codes, h_i . h_j
    CKA, debiased   the same without its diagonal, and centred so that its mean is 0 by chance
    RSA             ranks of the distances |h_i - h_j|, centred
    neighbours      1 if j is among the 10 nearest of i

None of them changes if a code is shifted, turned, mirrored or multiplied by a number.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from widgets.kit.metrics import squared_distances

Array = NDArray[np.float64]

NEAREST = 10  # neighbours of an image
MEASURES = {
    "cka": "CKA",
    "debiased": "CKA, debiased",
    "rsa": "RSA",
    "neighbours": "Shared neighbours",
}


def alike(a: NDArray[Any], b: NDArray[Any], measure: str = "cka") -> float:
    """How alike two codes of the same n images are, at most 1.

    Parameters
    ----------
    a : ndarray of shape (n, k)
    b : ndarray of shape (n, m)
    measure : a key of MEASURES
    """
    return float(table(a, measure) @ table(b, measure))


def table(h: NDArray[Any], measure: str) -> Array:
    """The table that a measure compares: one number per pair of images, scaled to length 1.

    Parameters
    ----------
    h : ndarray of shape (n, k), codes
    measure : a key of MEASURES

    Returns
    -------
    ndarray of one dimension

    Raises
    ------
    KeyError
        If there is no measure of that name.
    """
    match measure:
        case "cka":
            pairs = products(h).ravel()
        case "debiased":
            pairs = upper(u_centred(products(h)))
        case "rsa":
            order = upper(levelled(squared_distances(h, h))).argsort(kind="stable")
            pairs = np.empty(len(order))
            pairs[order] = np.arange(len(order)) - (len(order) - 1) / 2
        case "neighbours":
            gaps = levelled(squared_distances(h, h))
            np.fill_diagonal(gaps, np.inf)
            nearest = gaps.argsort(axis=1, kind="stable")[:, :NEAREST]
            near = np.zeros(gaps.shape)
            np.put_along_axis(near, nearest, 1, axis=1)
            pairs = near.ravel()
        case _:
            names = ", ".join(MEASURES)
            raise KeyError(f"There is no measure {measure!r}. Accepted names: {names}.")
    length = float(np.linalg.norm(pairs))
    unit: Array = pairs / max(length, 1e-300)
    return unit


def by_chance(a: NDArray[Any], b: NDArray[Any], measure: str) -> float:
    """The mean of `alike` over all orders of the images of one code: its value for unrelated codes.

    Exact: for CKA it is sqrt(k_a k_b) / (n - 1), with the effective numbers of directions k.

    Parameters
    ----------
    a : ndarray of shape (n, k)
    b : ndarray of shape (n, m)
    measure : a key of MEASURES
    """
    n = len(a)
    match measure:
        case "cka":
            return float(np.sqrt(directions(a) * directions(b)) / (n - 1))
        case "neighbours":
            return NEAREST / (n - 1)
    return 0.0


def directions(h: NDArray[Any]) -> float:
    """Effective number of directions: (sum of the variances)^2 / sum of their squares.

    Parameters
    ----------
    h : ndarray of shape (n, k), codes
    """
    h = h - h.mean(axis=0, dtype=np.float64)
    size = h.T @ h if h.shape[1] < len(h) else h @ h.T
    return float(np.trace(size) ** 2 / max(np.sum(size**2), 1e-300))


def products(h: NDArray[Any]) -> Array:
    """Inner products of all pairs of centred codes.

    Parameters
    ----------
    h : ndarray of shape (n, k), codes

    Returns
    -------
    ndarray of shape (n, n)
    """
    h = h - h.mean(axis=0, dtype=np.float64)
    inner: Array = h @ h.T
    return inner


def levelled(gaps: Array) -> Array:
    """Gaps as shares of the largest, to ten digits.

    Equal gaps differ by rounding, in a different order on each processor.

    Parameters
    ----------
    gaps : ndarray of any shape, from 0

    Returns
    -------
    ndarray of that shape, 0 to 1
    """
    return (gaps / max(float(gaps.max()), 1e-300)).round(10)


def u_centred(inner: Array) -> Array:
    """Products without those of an image with itself, centred over the others.

    The sum of the products of two such tables is n (n - 3) times the unbiased estimate of HSIC by
    Song et al. (2012).

    Parameters
    ----------
    inner : ndarray of shape (n, n), n > 3

    Returns
    -------
    ndarray of shape (n, n), 0 on the diagonal
    """
    n = len(inner)
    off = inner - np.diag(np.diag(inner))
    sums = off.sum(axis=1)
    centred: Array = off - (sums[:, None] + sums) / (n - 2) + sums.sum() / ((n - 1) * (n - 2))
    np.fill_diagonal(centred, 0)
    return centred


def upper(pairs: Array) -> Array:
    """Each pair of different images once.

    Parameters
    ----------
    pairs : ndarray of shape (n, n)

    Returns
    -------
    ndarray of shape (n (n - 1) / 2,)
    """
    return pairs[np.triu_indices(len(pairs), 1)]
