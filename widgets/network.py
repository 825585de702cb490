"""Trained networks in NumPy: a few dense layers with SiLU between them.

The files of :mod:`widgets.data` hold their weights as ``w0, b0, w1, b1, ...``.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE = 28  # pixels of an image


def encode(x: NDArray[Any], weights: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """Codes of images.

    Parameters
    ----------
    x : ndarray of shape (m, 28, 28), in [0, 1], 1 is ink
        An encoder of 14 x 14 pixels gets the mean of each 2 x 2.
    weights : mapping with w0, b0, ... of an encoder

    Returns
    -------
    ndarray of shape (m, 2)
    """
    side = math.isqrt(len(weights["w0"]))
    block = SIDE // side
    pixels = x.reshape(len(x), side, block, side, block).mean(axis=(2, 4))
    return dense(pixels.reshape(len(x), -1), weights)


def decode(z: NDArray[Any], weights: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """Images of codes: the linear output is cut to [0, 1], or goes through a sigmoid.

    What a decoder of 14 x 14 pixels draws is enlarged.

    Parameters
    ----------
    z : ndarray of shape (m, 2)
    weights : mapping with w0, b0, ... of a decoder, and `sigmoid` where one closes it

    Returns
    -------
    ndarray of shape (m, 28, 28), in [0, 1], 1 is ink
    """
    out = dense(z, weights)
    x_hat = 0.5 * (1 + np.tanh(0.5 * out)) if "sigmoid" in weights else out.clip(0, 1)
    side = math.isqrt(x_hat.shape[1])
    images = x_hat.reshape(-1, side, side)
    return images.repeat(SIDE // side, axis=1).repeat(SIDE // side, axis=2)


def dense(h: NDArray[Any], weights: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """Linear layers with SiLU after each but the last.

    Parameters
    ----------
    h : ndarray of shape (m, n_in)
    weights : mapping with w0 of shape (n_in, n_1), b0 (n_1,), w1 (n_1, n_2), ...

    Returns
    -------
    ndarray of shape (m, n_out)
    """
    return layers(h, weights)[-1]


def layers(h: NDArray[Any], weights: Mapping[str, NDArray[Any]]) -> list[NDArray[np.float64]]:
    """What each layer puts out, in order: SiLU after each but the last.

    Parameters
    ----------
    h : ndarray of shape (m, n_in)
    weights : as of :func:`dense`

    Returns
    -------
    list of ndarray of shape (m, n_i)
    """
    last = sum(name.startswith("w") for name in weights) - 1
    h = h.astype(np.float64)  # so that every machine says the same to nine digits
    out = []
    for i in range(last + 1):
        h = h @ weights[f"w{i}"] + weights[f"b{i}"]
        if i < last:
            h = silu(h)
        out.append(h)
    return out


def silu(h: NDArray[np.float64]) -> NDArray[np.float64]:
    """h sigmoid(h), written so that no exponential overflows."""
    out: NDArray[np.float64] = 0.5 * h * (1 + np.tanh(0.5 * h))
    return out


def grey_levels(x: NDArray[Any]) -> NDArray[np.uint8]:
    """Images in [0, 1] as they are shown: 255 is ink."""
    levels: NDArray[np.uint8] = np.rint(255 * x).astype(np.uint8)
    return levels
