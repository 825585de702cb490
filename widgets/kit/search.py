"""Finding the vectors nearest to a question: all of them, some clusters, or short codes of them."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

LISTS = 64
"""Clusters of the index."""
ENTRIES = 256
"""Codewords for each part of a vector, so that a part takes one byte."""
PARTS = (5, 10, 25)
"""Into how many parts a vector is cut."""


def largest(scores: Floats, k: int) -> NDArray[np.int64]:
    """The places of the k largest scores, the largest first.

    Parameters
    ----------
    scores : ndarray of shape (n,)
    k : how many

    Returns
    -------
    ndarray of shape (min(k, n),)
    """
    some = np.argpartition(-scores, k - 1)[:k] if k < len(scores) else np.arange(len(scores))
    return some[np.argsort(-scores[some], kind="stable")]


def in_nearest_lists(
    question: Floats, centres: Floats, member: NDArray[np.integer], probes: int
) -> NDArray[np.int64]:
    """The vectors of the clusters whose centres fit a question best: an inverted file.

    Parameters
    ----------
    question : ndarray of shape (d,)
    centres : ndarray of shape (lists, d)
    member : ndarray of shape (n,), the list of each vector
    probes : how many lists are searched

    Returns
    -------
    ndarray of shape (found,), places of vectors
    """
    searched = largest(centres @ question, probes)
    return np.flatnonzero(np.isin(member, searched))


def scores_by_codes(question: Floats, books: Floats, codes: NDArray[np.integer]) -> Floats:
    """Inner products with vectors that are stored as one codeword for each of their parts.

    The product of each part with each codeword is computed once; then a vector costs a sum of
    what its codewords look up (Jégou et al. 2011, the asymmetric distance).

    Parameters
    ----------
    question : ndarray of shape (d,)
    books : ndarray of shape (parts, entries, d / parts)
    codes : ndarray of shape (n, parts), the codeword of each part

    Returns
    -------
    ndarray of shape (n,)
    """
    parts = len(books)
    table = np.einsum("jew,jw->je", books, question.reshape(parts, -1))
    found: Floats = table[np.arange(parts), codes].sum(axis=1)
    return found
