"""Noise on images, and ways to take it off that need no training but principal components."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def gaussian(x: Floats, sigma: float, rng: np.random.Generator) -> Floats:
    """Images with white noise.

    Parameters
    ----------
    x : ndarray of shape (n, 784), in [0, 1]
    sigma : standard deviation of the noise of a pixel
    rng : draws it

    Returns
    -------
    ndarray of shape (n, 784), not cut to [0, 1]
    """
    noisy: Floats = x + sigma * rng.normal(size=x.shape)
    return noisy


def salt_and_pepper(x: Floats, share: float, rng: np.random.Generator) -> Floats:
    """Images of which a share of the pixels is lost, to ink or to paper with equal chances.

    Parameters
    ----------
    x : ndarray of shape (n, 784), in [0, 1]
    share : of the pixels, 0 to 1
    rng : draws which

    Returns
    -------
    ndarray of shape (n, 784)
    """
    lost, ink = rng.random((2, *x.shape))
    return np.where(lost < share, np.where(ink < 0.5, 1.0, 0.0), x)


def median_of_nine(x: Floats) -> Floats:
    """Each pixel replaced by the median of the 3 x 3 around it; edges are repeated.

    Parameters
    ----------
    x : ndarray of shape (n, 784)

    Returns
    -------
    ndarray of shape (n, 784)
    """
    images = np.pad(x.reshape(-1, 28, 28), ((0, 0), (1, 1), (1, 1)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(images, (3, 3), axis=(1, 2))
    medians: Floats = np.median(windows, axis=(3, 4))
    return medians.reshape(x.shape)


def projected(x: Floats, pca: Mapping[str, NDArray[np.floating]], count: int) -> Floats:
    """Images from their first principal components.

    Parameters
    ----------
    x : ndarray of shape (n, 784)
    pca : ``mean``, (784,), and ``components``, (k, 784), orthonormal
    count : how many are kept, at most k

    Returns
    -------
    ndarray of shape (n, 784)
    """
    mean = pca["mean"].astype(np.float64)
    axes = pca["components"][:count].astype(np.float64)
    return mean + (x - mean) @ axes.T @ axes
