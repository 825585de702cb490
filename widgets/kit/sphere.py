"""Vectors of length 1, and slopes through this normalisation."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def unit(z: Array) -> tuple[Array, Array]:
    """Rows scaled to length 1, and their lengths.

    Parameters
    ----------
    z : ndarray of shape (n, k)

    Returns
    -------
    u : ndarray of shape (n, k)
    length : ndarray of shape (n, 1)
    """
    length = np.sqrt(np.sum(z**2, axis=1, keepdims=True) + 1e-12)
    return z / length, length


def unit_slope(by_u: Array, u: Array, length: Array) -> Array:
    """Convert the slope by u = z / length to the slope by z.

    Parameters
    ----------
    by_u, u : ndarray of shape (n, k)
    length : ndarray of shape (n, 1), of z

    Returns
    -------
    ndarray of shape (n, k)
    """
    by_z: Array = (by_u - u * np.sum(by_u * u, axis=1, keepdims=True)) / length
    return by_z
