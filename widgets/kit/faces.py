"""Faces in colour: the encoder and decoder of a convolutional VAE, and directions among its codes.

A direction is the mean code of faces with a property minus that of faces without. The same is
computed among principal components and among pixels, to compare.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from widgets.data import load

DIRECTIONS = {
    "smile": "Smile",
    "laugh": "Laugh",
    "glasses": "Glasses",
    "beard": "Beard",
    "closed_eyes": "Close the eyes",
    "blond": "Blond hair",
    "dark": "Dark skin",
}
METHODS = {"code": "in the code", "pca": "in PCA", "pixels": "in pixels"}
AMOUNTS = np.arange(0, 3.01, 0.25)  # multiples of a direction that were judged
SHOWN, STRANGERS = 12, 4  # faces: of those held out, and by another artist
SIDE = 64  # px


def decode_faces(z: NDArray[Any], weights: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    """Draw the face of each code.

    Parameters
    ----------
    z : ndarray of shape (n, 64)
    weights : mapping that :func:`decode_face` reads

    Returns
    -------
    ndarray of shape (n, 64, 64, 3), in [0, 1]
    """
    return np.stack([decode_face(each, weights) for each in z])


def decode_face(z: NDArray[Any], weights: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    """Draw the face of one code: a dense layer, then three transposed convolutions.

    Parameters
    ----------
    z : ndarray of shape (64,)
    weights : mapping with `w0`, (8192, 64), and the kernels `w1`, (4, 4, 64, 128), `w2`,
        (4, 4, 32, 64), `w3`, (4, 4, 3, 32): rows, columns, maps out, maps in; biases `b0` to `b3`

    Returns
    -------
    ndarray of shape (64, 64, 3), in [0, 1]
    """
    maps = weights["w1"].shape[3]
    h = weights["w0"] @ z.astype(np.float32) + weights["b0"]
    h = h.reshape(maps, 8, 8).transpose(1, 2, 0)  # torch has the maps first
    for layer in "123":
        h = double(np.maximum(h, 0), weights[f"w{layer}"], weights[f"b{layer}"])
    face: NDArray[np.float32] = 0.5 * (1 + np.tanh(0.5 * h))  # the sigmoid, without overflow
    return face


def double(
    x: NDArray[np.float32], kernel: NDArray[np.float32], bias: NDArray[np.float32]
) -> NDArray[np.float32]:
    """A transposed convolution with kernels of 4 x 4 and stride 2, as of `convolve_transposed`.

    All products are one `einsum` with both arrays contiguous along the sum, which in the
    browser, where NumPy has no BLAS, takes a fifth of the time of matrix products.

    Parameters
    ----------
    x : ndarray of shape (…, height, width, maps in)
    kernel : ndarray of shape (4, 4, maps out, maps in)
    bias : ndarray of shape (maps out,)

    Returns
    -------
    ndarray of shape (…, 2 height, 2 width, maps out)
    """
    *images, height, width, maps = x.shape
    k, _, out, _ = kernel.shape
    products = np.einsum(
        "ic,oc->io", np.ascontiguousarray(x).reshape(-1, maps), kernel.reshape(-1, maps)
    ).reshape(*images, height, width, k, k, out)
    summed = np.zeros((*images, 2 * height + 2, 2 * width + 2, out), np.float32)
    for t in range(k):
        for u in range(k):
            summed[..., t : t + 2 * height : 2, u : u + 2 * width : 2, :] += products[..., t, u, :]
    result: NDArray[np.float32] = summed[..., 1:-1, 1:-1, :] + bias
    return result


@lru_cache(maxsize=1)
def decoder() -> Mapping[str, NDArray[np.float32]]:
    """The decoder's stored weights, in float32."""
    stored = load("faces")
    weights = {f"b{layer}": stored[f"b{layer}"] for layer in range(4)}
    for layer in range(4):
        step = stored[f"s{layer}"][:, None]  # of each output: the last axis is summed over
        weights[f"w{layer}"] = (stored[f"w{layer}"] * step).astype(np.float32)
    return weights


def encode_face(
    x: NDArray[Any], weights: Mapping[str, NDArray[Any]]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The posterior of a face: three convolutions of stride 2, then a dense layer.

    Parameters
    ----------
    x : ndarray of shape (64, 64, 3), in [0, 1]
    weights : mapping with the kernels `w0`, (4, 4, 3, 32), `w1`, (4, 4, 32, 64), and `w2`,
        (4, 4, 64, 128): rows, columns, maps in, maps out; `w3`, (8, 8, 128, 128); biases `b0` to
        `b3`

    Returns
    -------
    mu, logvar : ndarray of shape (64,)
    """
    h = x.astype(np.float32)
    for layer in "012":
        h = np.maximum(halve(h, weights[f"w{layer}"], weights[f"b{layer}"]), 0)
    mu, logvar = np.split(np.tensordot(h, weights["w3"], 3) + weights["b3"], 2)
    return mu, logvar


def halve(
    x: NDArray[np.float32], kernel: NDArray[np.float32], bias: NDArray[np.float32]
) -> NDArray[np.float32]:
    """A convolution with kernels of 4 x 4, stride 2 and one zero on every side.

    Parameters
    ----------
    x : ndarray of shape (height, width, maps in)
    kernel : ndarray of shape (4, 4, maps in, maps out)
    bias : ndarray of shape (maps out,)

    Returns
    -------
    ndarray of shape (height / 2, width / 2, maps out)
    """
    padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (4, 4), axis=(0, 1))[::2, ::2]
    inputs = np.ascontiguousarray(windows.transpose(0, 1, 3, 4, 2)).reshape(-1, kernel[..., 0].size)
    outputs = np.ascontiguousarray(kernel.reshape(-1, kernel.shape[3]).T)
    # both contiguous along the sum, as in `double`
    result: NDArray[np.float32] = np.einsum("ic,oc->io", inputs, outputs) + bias
    return result.reshape(*windows.shape[:2], -1)


def in_floats(stored: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    """Weights that are stored in 8 bits, in float32.

    Parameters
    ----------
    stored : arrays `w0`, `w1`, ... with their outputs last, the step of each output as `s0`, ...,
        and others, which stay as they are
    """
    return {
        name: (array * stored[f"s{name[1:]}"] if name[0] == "w" else array).astype(np.float32)
        for name, array in stored.items()
        if name[0] != "s"
    }


@lru_cache(maxsize=1)
def encoder() -> Mapping[str, NDArray[np.float32]]:
    """The encoder's stored weights, in float32."""
    return in_floats(load("faces_encoder"))
