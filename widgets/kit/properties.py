"""The six properties of chapter 1, measured for any encoder on the same digits.

An encoder is a function f that maps images of shape (m, 28, 28), in [0, 1], to codes of shape
(m, k). With x' for the shifted digit, the measures are

    compactness        k, and (sum of the variances)^2 / sum of their squares
    invariance         mean |f(x') - f(x)|, relative to the distance of two different digits
    equivariance       share of the variance of f(x') that one matrix predicts from f(x)
    separability       share of the digits that a linear probe gets right
    smoothness         length of the code's path as a digit turns, relative to the direct distance
    compositionality   error of adding turning and thickening, relative to doing both

Matrix and probe are ridge regressions, and each digit is predicted from all others.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from widgets.kit.transforms import shift, thicken, turn

Array = NDArray[np.float64]
Encoder: TypeAlias = Callable[[NDArray[Any]], Array]

CLASSES = 10
RIDGE = 0.1  # in units of the mean squared length of a centred code
SHIFTED = 2  # px to the right
TURNED, THICKER = 15, 0.5  # degrees clockwise, px
ANGLES = range(-20, 21, 5)  # of the path
ON_PATH = 60  # digits that are turned through all angles


def measure(f: Encoder, digits: NDArray[Any], labels: NDArray[Any]) -> dict[str, float]:
    """The six properties of an encoder; compactness is two numbers, k and k_eff.

    Parameters
    ----------
    f : an encoder
    digits : ndarray of shape (n, 28, 28), in [0, 1], 1 is ink
    labels : ndarray of shape (n,), 0 to 9

    Returns
    -------
    dict with k, k_eff; moved; predicted, in %; right, in %; way; off
    """
    h, moved = f(digits), f(shift(digits, SHIFTED))
    centred = h - h.mean(axis=0)
    gram = centred @ centred.T
    variances = np.linalg.eigvalsh(gram)  # times n, which cancels
    squares = np.diag(gram)
    gap = squares[:, None] + squares - 2 * gram  # squared distances
    unit = np.sqrt(gap[labels[:, None] != labels]).mean()  # of two different digits
    off = np.sum((read(h, moved) - moved) ** 2)
    named = read(h, np.eye(CLASSES)[labels]).argmax(axis=1)
    turned, thick = f(turn(digits, TURNED)), f(thicken(digits, THICKER))
    both = f(thicken(turn(digits, TURNED), THICKER))
    path = np.stack([f(turn(digits[:ON_PATH], angle)) for angle in ANGLES])
    steps = length(np.diff(path, axis=0)).sum(axis=0)
    return {
        "k": h.shape[1],
        "k_eff": variances.sum() ** 2 / np.sum(variances**2),
        "moved": np.mean(length(moved - h)) / unit,
        "predicted": 100 - 100 * off / np.sum((moved - moved.mean(axis=0)) ** 2),
        "right": 100 * np.mean(named == labels),
        "way": np.median(steps / length(path[-1] - path[0])),
        "off": np.mean(length(both - turned - thick + h) / length(both - h)),
    }


def read(h: NDArray[Any], wanted: NDArray[Any]) -> Array:
    """Predict each row by ridge regression on all others, without fitting n times.

    Parameters
    ----------
    h : ndarray of shape (n, k), codes
    wanted : ndarray of shape (n, m)

    Returns
    -------
    ndarray of shape (n, m)
    """
    h = h - h.mean(axis=0)
    gram = h @ h.T
    size = np.trace(gram) / len(h)
    gram += RIDGE * size * np.eye(len(h)) + size  # ridge and intercept
    inverse = np.linalg.inv(gram)
    predicted: Array = wanted - inverse @ wanted / np.diag(inverse)[:, None]
    return predicted


def length(h: NDArray[Any]) -> Array:
    """Length of each code, along the last axis.

    Parameters
    ----------
    h : ndarray of shape (..., k)

    Returns
    -------
    ndarray of shape (...)
    """
    return np.asarray(np.linalg.norm(h, axis=-1))
