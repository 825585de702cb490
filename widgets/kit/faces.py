"""Faces in colour: the decoder of a convolutional VAE, and directions among its codes.

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
    x : ndarray of shape (height, width, maps in)
    kernel : ndarray of shape (4, 4, maps out, maps in)
    bias : ndarray of shape (maps out,)

    Returns
    -------
    ndarray of shape (2 height, 2 width, maps out)
    """
    height, width, maps = x.shape
    k, _, out, _ = kernel.shape
    products = np.einsum(
        "ic,oc->io", np.ascontiguousarray(x).reshape(-1, maps), kernel.reshape(-1, maps)
    ).reshape(height, width, k, k, out)
    summed = np.zeros((2 * height + 2, 2 * width + 2, out), np.float32)
    for t in range(k):
        for u in range(k):
            summed[t : t + 2 * height : 2, u : u + 2 * width : 2] += products[:, :, t, u]
    result: NDArray[np.float32] = summed[1:-1, 1:-1] + bias
    return result


@lru_cache(maxsize=1)
def decoder() -> Mapping[str, NDArray[np.float32]]:
    """The decoder's stored weights, single bytes with a step for each output, in float32."""
    stored = load("faces")
    weights = {f"b{layer}": stored[f"b{layer}"] for layer in range(4)}
    for layer in range(4):
        step = stored[f"s{layer}"][:, None]  # of each output: the last axis is summed over
        weights[f"w{layer}"] = (stored[f"w{layer}"] * step).astype(np.float32)
    return weights
