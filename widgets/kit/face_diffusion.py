"""Faces out of noise: a small U-Net that predicts the noise in spatial codes, and walks with it.

A code has 8 x 8 places with 4 numbers each. Arrays have codes first and maps last.

References
----------
Ho et al. 2020, arXiv:2006.11239; Song et al. 2021, arXiv:2010.02502; Ho & Salimans 2022,
arXiv:2207.12598; Nichol & Dhariwal 2021, arXiv:2102.09672.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from widgets.data import load
from widgets.kit.faces import double
from widgets.kit.network import silu

Floats: TypeAlias = NDArray[np.float32]
Weights: TypeAlias = Mapping[str, NDArray[Any]]

GROUPS = 8  # of a group norm
TIMES = 1000
BEGIN = 0.98  # the time of pure noise: later, errors would be divided by next to nothing


def alpha_bar(t: float) -> float:
    """The share of the variance that is left at a time (Nichol & Dhariwal, Eq. 17).

    Parameters
    ----------
    t : 0 to 1
    """
    s = 0.008
    left = np.cos((t + s) / (1 + s) * np.pi / 2) ** 2 / np.cos(s / (1 + s) * np.pi / 2) ** 2
    return float(np.clip(left, 1e-5, 0.9999))


def predict_noise(z: Floats, t: float, words: NDArray[np.int64], weights: Weights) -> Floats:
    """The noise in codes, by the U-Net.

    Parameters
    ----------
    z : ndarray of shape (n, 8, 8, 4)
    t : time, 0 to 1
    words : ndarray of shape (n, 6): for each factor that can be asked for, the place of its value,
        or the number of values if nothing is said
    weights : mapping from the names of torch's parameters to arrays, with kernels as
        :func:`convolve` and :func:`widgets.kit.faces.double` read them

    Returns
    -------
    ndarray of shape (n, 8, 8, 4)
    """
    known = silu(known_of(t, words, weights))
    fine = block(convolve(z, "enter", weights), known, "fine", weights)
    h = convolve(fine, "down", weights, size=4, stride=2)
    h = block(h, known, "coarse.0", weights)
    h = block(attend(h, weights), known, "coarse.1", weights)
    up = double(h, weights["up.weight"], weights["up.bias"])
    h = block(np.concatenate([up, fine], axis=3), known, "joined", weights)
    return convolve(silu(normed(h, "norm", weights)), "leave", weights)


def known_of(t: float, words: NDArray[np.int64], weights: Weights) -> Floats:
    """The time and the words of each code as one vector.

    Parameters
    ----------
    t : time, 0 to 1
    words : ndarray of shape (n, 6), as of :func:`predict_noise`
    weights : as of :func:`predict_noise`

    Returns
    -------
    ndarray of shape (n, 128)
    """
    rates = TIMES * t * np.exp(-np.log(10_000) * np.arange(32) / 32)
    waves = np.concatenate([np.sin(rates), np.cos(rates)]).astype(np.float32)
    h = silu(weights["time.0.weight"] @ waves + weights["time.0.bias"])
    known: Floats = weights["time.2.weight"] @ h + weights["time.2.bias"]
    for i, word in enumerate(words.T):
        known = known + weights[f"words.{i}.weight"][word]
    return known


def block(x: Floats, known: Floats, name: str, weights: Weights) -> Floats:
    """Two convolutions with a shortcut; what is known shifts the maps between them.

    Parameters
    ----------
    x : ndarray of shape (n, side, side, maps in)
    known : ndarray of shape (n, 128)
    name : beginning of the names of its weights
    weights : as of :func:`predict_noise`

    Returns
    -------
    ndarray of shape (n, side, side, maps out)
    """
    h = convolve(silu(normed(x, f"{name}.norm1", weights)), f"{name}.conv1", weights)
    h += dense(known, f"{name}.known", weights)[:, None, None]
    h = convolve(silu(normed(h, f"{name}.norm2", weights)), f"{name}.conv2", weights)
    return h + (
        dense(x, f"{name}.shortcut", weights) if f"{name}.shortcut.weight" in weights else x
    )


def attend(x: Floats, weights: Weights) -> Floats:
    """Each place takes a mean of all places, by how well their keys fit its query, and adds it.

    Parameters
    ----------
    x : ndarray of shape (n, side, side, maps)
    weights : as of :func:`predict_noise`

    Returns
    -------
    ndarray of the same shape
    """
    n, rows, columns, maps = x.shape
    mixed = dense(normed(x, "attention.norm", weights), "attention.qkv", weights)
    q, k, v = np.split(mixed.reshape(n, -1, 3 * maps), 3, axis=2)
    fit = np.einsum("nim,njm->nij", np.ascontiguousarray(q), np.ascontiguousarray(k)) / maps**0.5
    share = np.exp(fit - fit.max(axis=2, keepdims=True))
    share /= share.sum(axis=2, keepdims=True)
    taken = np.einsum("nij,nmj->nim", share, np.ascontiguousarray(v.swapaxes(1, 2)))
    return x + dense(taken.reshape(n, rows, columns, maps), "attention.out", weights)


def convolve(x: Floats, name: str, weights: Weights, *, size: int = 3, stride: int = 1) -> Floats:
    """A convolution with zeros around, one place wide.

    Parameters
    ----------
    x : ndarray of shape (n, side, side, maps in)
    name : of the weights, (maps out, size * size * maps in), and the bias, (maps out,)
    weights : mapping with both
    size : places along each side of the kernels
    stride : places from one window to the next

    Returns
    -------
    ndarray of shape (n, side / stride, side / stride, maps out)
    """
    n, side, _, maps = x.shape
    padded = np.zeros((n, side + 2, side + 2, maps), np.float32)
    padded[:, 1:-1, 1:-1] = x
    windows = padded.reshape(n, -1, maps).take(windows_of(side, size, stride), axis=1)
    return dense(windows.reshape(n, side // stride, side // stride, -1), name, weights)


@lru_cache(maxsize=8)
def windows_of(side: int, size: int, stride: int) -> NDArray[np.int64]:
    """Which places of a padded image, all in one row, each window covers.

    Parameters
    ----------
    side, size, stride : as of :func:`convolve`

    Returns
    -------
    ndarray of shape (windows, size * size)
    """
    width = side + 2
    corners = np.arange(0, side, stride)
    start = (width * corners[:, None] + corners).reshape(-1, 1)
    inside = (width * np.arange(size)[:, None] + np.arange(size)).reshape(1, -1)
    return start + inside


def dense(x: Floats, name: str, weights: Weights) -> Floats:
    """A linear layer of the last axis.

    Both arrays are contiguous along the sum, as in :func:`widgets.kit.faces.double`.

    Parameters
    ----------
    x : ndarray of shape (…, inputs)
    name : of the weights, (outputs, inputs), and the bias, (outputs,)
    weights : mapping with both

    Returns
    -------
    ndarray of shape (…, outputs)
    """
    out: Floats = np.einsum("ic,oc->io", x.reshape(-1, x.shape[-1]), weights[f"{name}.weight"])
    out += weights[f"{name}.bias"]
    return out.reshape(*x.shape[:-1], -1)


def normed(x: Floats, name: str, weights: Weights) -> Floats:
    """A group norm: mean 0 and variance 1 over the places of each of eight groups of maps.

    Parameters
    ----------
    x : ndarray of shape (n, side, side, maps)
    name : of the scale and the bias, (maps,)
    weights : mapping with both

    Returns
    -------
    ndarray of the same shape
    """
    groups = x.reshape(len(x), -1, GROUPS, x.shape[3] // GROUPS)
    off = groups - groups.mean(axis=(1, 3), keepdims=True)
    off /= np.sqrt(np.square(off).mean(axis=(1, 3), keepdims=True) + 1e-5)
    out: Floats = off.reshape(x.shape) * weights[f"{name}.weight"] + weights[f"{name}.bias"]
    return out


def walk(
    z: Floats, words: NDArray[np.int64], guidance: float, steps: int, weights: Weights
) -> Iterator[tuple[Floats, Floats]]:
    """From noise to codes by DDIM, with classifier-free guidance.

    Parameters
    ----------
    z : ndarray of shape (n, 8, 8, 4), standard normal
    words : ndarray of shape (n, 6), as in :func:`predict_noise`
    guidance : w in (1 + w) eps(z, words) - w eps(z); 0 needs one prediction a step, not two
    steps : from noise to codes
    weights : as of :func:`predict_noise`

    Yields
    ------
    z, z_0 : the codes at the next time, and what the network takes for them without noise
    """
    asked = np.concatenate([words, np.broadcast_to(unsaid(weights), words.shape)])
    for now, after in pairwise(np.linspace(BEGIN, 0, steps + 1)):
        if guidance:
            told, untold = np.split(predict_noise(np.concatenate([z, z]), now, asked, weights), 2)
            eps = (1 + guidance) * told - guidance * untold
        else:
            eps = predict_noise(z, now, words, weights)
        a, b = alpha_bar(now), alpha_bar(after)
        z_0 = (z - (1 - a) ** 0.5 * eps) / a**0.5
        z = (b**0.5 * z_0 + (1 - b) ** 0.5 * eps).astype(np.float32)
        yield z, z_0.astype(np.float32)


def unsaid(weights: Weights) -> NDArray[np.int64]:
    """For each factor, the word that asks for nothing: the last one.

    Parameters
    ----------
    weights : as of :func:`predict_noise`

    Returns
    -------
    ndarray of shape (6,)
    """
    tables = [name for name in weights if name.startswith("words.")]
    return np.array([len(weights[f"words.{i}.weight"]) - 1 for i in range(len(tables))])


def decode(z: Floats, weights: Weights) -> Floats:
    """Draw the faces of spatial codes.

    Parameters
    ----------
    z : ndarray of shape (n, 8, 8, 4)
    weights : mapping with two convolutions, "0" and "1", and three transposed ones

    Returns
    -------
    ndarray of shape (n, 64, 64, 3), in [0, 1]
    """
    h = convolve(np.maximum(convolve(z, "0", weights), 0), "1", weights)
    for layer in "234":
        h = double(np.maximum(h, 0), weights[f"{layer}.weight"], weights[f"{layer}.bias"])
    faces: Floats = 0.5 * (1 + np.tanh(0.5 * h))  # the sigmoid, without overflow
    return faces


@lru_cache(maxsize=2)
def stored(part: str) -> Weights:
    """Stored weights in float32.

    Parameters
    ----------
    part : "unet" or "decoder"
    """
    return {
        name.removeprefix(f"{part}."): array.astype(np.float32)
        for name, array in load("face_diffusion").items()
        if name.startswith(f"{part}.")
    }
