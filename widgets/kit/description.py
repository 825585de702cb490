"""Cost of labels, given their codes, in bits: usable information and online code length.

The probe is least squares with a ridge chosen on left-out labels. A softmax with one temperature,
chosen likewise, turns its sums into chances.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from widgets.kit.metrics import best_sharpness, softmax
from widgets.kit.probe import CLASSES, chosen_ridge, fit, left_out, scores

Array = NDArray[np.float64]

FIRST = 16  # labels sent without a probe


def predictor(h: NDArray[Any], labels: NDArray[Any]) -> Callable[[NDArray[Any]], Array]:
    """Fit a probe to labelled codes; it maps codes to chances.

    Parameters
    ----------
    h : ndarray of shape (n, k), codes
    labels : ndarray of shape (n,), 0 to 9

    Returns
    -------
    function from ndarray of shape (m, k) to ndarray of shape (m, 10), rows of sum 1
    """
    ridge = chosen_ridge(h, labels)
    sharpness = best_sharpness(left_out(h, labels, ridge), labels)
    probe = fit(h, labels, ridge)
    return lambda asked: softmax(scores(asked, probe), sharpness)


def bits(chances: Array, labels: NDArray[Any]) -> Array:
    """Cost of each label, by the chance that was predicted for it.

    Parameters
    ----------
    chances : ndarray of shape (m, 10), rows of sum 1
    labels : ndarray of shape (m,), 0 to 9

    Returns
    -------
    ndarray of shape (m,), in bits
    """
    cost: Array = -np.log2(chances[np.arange(len(labels)), labels])
    return cost


def code_length(h: NDArray[Any], labels: NDArray[Any]) -> Array:
    """The online code: bits for the first 16 labels, the next 16, the next 32, and so on.

    A probe of all earlier labels encodes each block. The sum is the length of the code.

    Parameters
    ----------
    h : ndarray of shape (16 * 2^b, k), codes
    labels : ndarray of shape (16 * 2^b,), 0 to 9

    Returns
    -------
    ndarray of shape (b + 1,), in bits
    """
    blocks, n = [FIRST * np.log2(CLASSES)], FIRST
    while n < len(labels):
        chances = predictor(h[:n], labels[:n])(h[n : 2 * n])
        blocks.append(float(bits(chances, labels[n : 2 * n]).sum()))
        n *= 2
    return np.array(blocks)
