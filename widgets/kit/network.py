"""Trained networks in NumPy: a few dense layers with SiLU between them.

The files of :mod:`widgets.data` store their weights as ``w0, b0, w1, b1, ...``.
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
    x : ndarray of shape (m, 28, 28), in [0, 1], 1 is ink; an encoder of 14 x 14 pixels gets the
        mean of each 2 x 2
    weights : w0, b0, ... of an encoder, as for :func:`dense`

    Returns
    -------
    ndarray of shape (m, 2)
    """
    side = math.isqrt(len(weights["w0"]))
    block = SIDE // side
    pixels = x.reshape(len(x), side, block, side, block).mean(axis=(2, 4))
    return dense(pixels.reshape(len(x), -1), weights)


def decode(z: NDArray[Any], weights: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """Images of codes: the linear output is clipped to [0, 1], or goes through a sigmoid.

    The images of a decoder of 14 x 14 pixels are enlarged.

    Parameters
    ----------
    z : ndarray of shape (m, 2)
    weights : w0, b0, ... of a decoder, as for :func:`dense`, and `sigmoid` if it ends in one

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
    """The outputs of the layers, in order: SiLU after each but the last.

    Parameters
    ----------
    h : ndarray of shape (m, n_in)
    weights : as for :func:`dense`

    Returns
    -------
    list of ndarray of shape (m, n_i)
    """
    last = sum(name.startswith("w") for name in weights) - 1
    h = h.astype(np.float64)  # so that all machines agree to nine digits
    out = []
    for i in range(last + 1):
        h = h @ weights[f"w{i}"] + weights[f"b{i}"]
        if i < last:
            h = silu(h)
        out.append(h)
    return out


def silu(h: NDArray[Any]) -> NDArray[Any]:
    """h sigmoid(h), written so that no exponential overflows.

    Parameters
    ----------
    h : ndarray of any shape

    Returns
    -------
    ndarray of that shape
    """
    out: NDArray[Any] = 0.5 * h * (1 + np.tanh(0.5 * h))
    return out


def silu_slope(h: NDArray[Any]) -> NDArray[Any]:
    """The derivative of :func:`silu`.

    Parameters
    ----------
    h : ndarray of any shape

    Returns
    -------
    ndarray of that shape
    """
    sigmoid = 0.5 * (1 + np.tanh(0.5 * h))
    slope: NDArray[Any] = sigmoid * (1 + h * (1 - sigmoid))
    return slope


def convolution(h: NDArray[Any], weights: NDArray[Any], stride: int = 1) -> NDArray[np.float64]:
    """Apply each kernel wherever it fits completely: no flipping, no zeros, no bias.

    Parameters
    ----------
    h : ndarray of shape (m, channels, height, width)
    weights : ndarray of shape (channels_out, channels, n, n)
    stride : pixels from one place of the kernel to the next

    Returns
    -------
    ndarray of shape (m, channels_out, height - n + 1, width - n + 1), at stride 1
    """
    n = weights.shape[-1]
    windows = np.lib.stride_tricks.sliding_window_view(h, (n, n), axis=(2, 3))  # (m, c, h, w, n, n)
    windows = windows[:, :, ::stride, ::stride]
    summed = np.tensordot(windows, weights.astype(np.float64), axes=((1, 4, 5), (1, 2, 3)))
    return np.moveaxis(summed, 3, 1)


def pool(h: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest value of each square of 2 x 2.

    Parameters
    ----------
    h : ndarray of shape (m, channels, 2 a, 2 b)

    Returns
    -------
    ndarray of shape (m, channels, a, b)
    """
    m, channels, height, width = h.shape
    largest: NDArray[np.float64] = h.reshape(m, channels, height // 2, 2, width // 2, 2).max((3, 5))
    return largest


def layers_of(x: NDArray[Any], weights: Mapping[str, NDArray[Any]]) -> list[NDArray[np.float64]]:
    """The image, and the output of each layer of a convolutional network.

    Parameters
    ----------
    x : ndarray of shape (m, 28, 28), in [0, 1], 1 is ink
    weights : mapping with the kernels w0 (8, 1, 5, 5) and w1 (16, 8, 5, 5), the matrices
        w2 (256, k) and w3 (k, out), and the biases b0, ..., b3; a classifier has k = 32 features
        and 10 classes

    Returns
    -------
    list of ndarray of shapes (m, 1, 28, 28), (m, 8, 12, 12), (m, 16, 4, 4), (m, k), (m, out)
    """
    layers = [x[:, None].astype(np.float64)]
    for i in (0, 1):
        h = convolution(layers[-1], weights[f"w{i}"]) + weights[f"b{i}"][:, None, None]
        layers.append(pool(h.clip(0)))
    hidden = layers[-1].reshape(len(x), -1) @ weights["w2"] + weights["b2"]
    layers.append(hidden.clip(0))
    layers.append(layers[-1] @ weights["w3"] + weights["b3"])
    return layers


def grey_levels(x: NDArray[Any]) -> NDArray[np.uint8]:
    """Convert images to grey levels for display.

    Parameters
    ----------
    x : ndarray of any shape, in [0, 1], 1 is ink

    Returns
    -------
    ndarray of that shape, uint8, 255 is ink
    """
    levels: NDArray[np.uint8] = np.rint(255 * x).astype(np.uint8)
    return levels


def convolve(
    x: NDArray[Any], kernel: NDArray[Any], bias: NDArray[Any], stride: int = 1
) -> NDArray[np.float64]:
    """A convolution of one image as in most networks: zeros around the edges, and a bias.

    Parameters
    ----------
    x : ndarray of shape (height, width, maps in)
    kernel : ndarray of shape (k, k, maps in, maps out), k odd, (k - 1) / 2 zeros on each side
    bias : ndarray of shape (maps out,)
    stride : pixels from one place of the kernel to the next

    Returns
    -------
    ndarray of shape (height / stride, width / stride, maps out), rounded up
    """
    edge = (len(kernel) - 1) // 2
    padded = np.pad(x, ((edge, edge), (edge, edge), (0, 0))).transpose(2, 0, 1)
    maps = convolution(padded[None], kernel.transpose(3, 2, 0, 1), stride)[0]
    out: NDArray[np.float64] = maps.transpose(1, 2, 0) + bias
    return out


def convolve_transposed(
    x: NDArray[Any], kernel: NDArray[Any], bias: NDArray[Any]
) -> NDArray[np.float64]:
    """A transposed convolution of stride 2: each value of x adds a scaled kernel, two apart.

    Parameters
    ----------
    x : ndarray of shape (height, width, maps in)
    kernel : ndarray of shape (k, k, maps in, maps out), k = 3 or 4
    bias : ndarray of shape (maps out,)

    Returns
    -------
    ndarray of shape (2 height, 2 width, maps out)
    """
    height, width, _ = x.shape
    k, _, _, maps = kernel.shape
    laid = np.zeros((2 * height + 2, 2 * width + 2, maps))
    for t in range(k):
        for u in range(k):
            laid[t : t + 2 * height : 2, u : u + 2 * width : 2] += x @ kernel[t, u]
    out: NDArray[np.float64] = laid[1:-1, 1:-1] + bias  # crop one row and column on each side
    return out


def twice(x: NDArray[Any]) -> NDArray[Any]:
    """Repeat every value as a block of 2 x 2.

    Parameters
    ----------
    x : ndarray of shape (height, width, maps)

    Returns
    -------
    ndarray of shape (2 height, 2 width, maps)
    """
    return x.repeat(2, axis=0).repeat(2, axis=1)
