"""Faces out of noise: a small U-Net that predicts the noise in a spatial code, and walks with it.

A code has 8 x 8 places with 4 numbers each. All arrays have their maps last.

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
from widgets.kit.faces import double, halve

Floats: TypeAlias = NDArray[np.float32]
Weights: TypeAlias = Mapping[str, NDArray[Any]]

GROUPS = 8  # of a group norm
TIMES = 1000


def alpha_bar(t: float) -> float:
    """The share of the variance that is left at time t in [0, 1] (Nichol & Dhariwal, Eq. 17)."""
    s = 0.008
    left = np.cos((t + s) / (1 + s) * np.pi / 2) ** 2 / np.cos(s / (1 + s) * np.pi / 2) ** 2
    return float(np.clip(left, 1e-5, 0.9999))


def predict_noise(z: Floats, t: float, words: tuple[int, ...], weights: Weights) -> Floats:
    """The noise in one code, by the U-Net.

    Parameters
    ----------
    z : ndarray of shape (8, 8, 4)
    t : time, 0 to 1
    words : for each factor that can be asked for, the place of its value, or the number of values
        if nothing is said
    weights : mapping from the names of torch's parameters to arrays, with kernels as
        :func:`convolve`, :func:`halve` and :func:`double` read them

    Returns
    -------
    ndarray of shape (8, 8, 4)
    """
    known = known_of(t, words, weights)
    fine = block(convolve(z, "enter", weights), known, "fine", weights)
    h = halve(fine, weights["down.weight"], weights["down.bias"])
    h = block(h, known, "coarse.0", weights)
    h = block(attend(h, weights), known, "coarse.1", weights)
    up = double(h, weights["up.weight"], weights["up.bias"])
    h = block(np.concatenate([up, fine], axis=2), known, "joined", weights)
    return convolve(silu(normed(h, "norm", weights)), "leave", weights)


def known_of(t: float, words: tuple[int, ...], weights: Weights) -> Floats:
    """The time and the words as one vector."""
    rates = TIMES * t * np.exp(-np.log(10_000) * np.arange(32) / 32)
    waves = np.concatenate([np.sin(rates), np.cos(rates)]).astype(np.float32)
    h = silu(weights["time.0.weight"] @ waves + weights["time.0.bias"])
    known: Floats = weights["time.2.weight"] @ h + weights["time.2.bias"]
    return known + sum(weights[f"words.{i}.weight"][word] for i, word in enumerate(words))


def block(x: Floats, known: Floats, name: str, weights: Weights) -> Floats:
    """Two convolutions with a way past them; what is known shifts the maps between."""
    h = convolve(silu(normed(x, f"{name}.norm1", weights)), f"{name}.conv1", weights)
    h += weights[f"{name}.known.weight"] @ silu(known) + weights[f"{name}.known.bias"]
    h = convolve(silu(normed(h, f"{name}.norm2", weights)), f"{name}.conv2", weights)
    if f"{name}.shortcut.weight" in weights:
        x = by_place(x, f"{name}.shortcut", weights)
    return x + h


def attend(x: Floats, weights: Weights) -> Floats:
    """Each place takes a mean of all places, by how well their keys fit its query, and adds it."""
    rows, columns, maps = x.shape
    mixed = by_place(normed(x, "attention.norm", weights), "attention.qkv", weights)
    q, k, v = np.split(mixed.reshape(-1, 3 * maps), 3, axis=1)
    fit = np.einsum("im,jm->ij", np.ascontiguousarray(q), np.ascontiguousarray(k)) / maps**0.5
    share = np.exp(fit - fit.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    taken = np.einsum("ij,mj->im", share, np.ascontiguousarray(v.T))
    return x + by_place(taken.reshape(rows, columns, maps), "attention.out", weights)


def convolve(x: Floats, name: str, weights: Weights) -> Floats:
    """A convolution with kernels of 3 x 3, stored as (maps out, 9 * maps in), and zeros around."""
    padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(0, 1))
    inputs = np.ascontiguousarray(windows.transpose(0, 1, 3, 4, 2)).reshape(x.shape[0] ** 2, -1)
    # both contiguous along the sum, as in `double`
    out: Floats = np.einsum("ic,oc->io", inputs, weights[f"{name}.weight"])
    out += weights[f"{name}.bias"]
    return out.reshape(*x.shape[:2], -1)


def by_place(x: Floats, name: str, weights: Weights) -> Floats:
    """A layer that sees one place at a time, stored as (maps out, maps in)."""
    flat = np.ascontiguousarray(x).reshape(-1, x.shape[2])
    out: Floats = np.einsum("ic,oc->io", flat, weights[f"{name}.weight"])
    return (out + weights[f"{name}.bias"]).reshape(*x.shape[:2], -1)


def normed(x: Floats, name: str, weights: Weights) -> Floats:
    """A group norm: mean 0 and variance 1 over the places of each of eight groups of maps."""
    groups = x.reshape(x.shape[0] * x.shape[1], GROUPS, -1)
    off = groups - groups.mean(axis=(0, 2), keepdims=True)
    off /= np.sqrt(np.square(off).mean(axis=(0, 2), keepdims=True) + 1e-5)
    return off.reshape(x.shape) * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def silu(x: Floats) -> Floats:
    """x times its sigmoid."""
    return x * (0.5 * (1 + np.tanh(0.5 * x)))


def walk(
    z: Floats, words: tuple[int, ...], guidance: float, steps: int, weights: Weights
) -> Iterator[tuple[Floats, Floats]]:
    """From noise to a code by DDIM, with classifier-free guidance.

    Parameters
    ----------
    z : ndarray of shape (8, 8, 4), standard normal
    words : as in :func:`predict_noise`
    guidance : w in (1 + w) eps(z, words) - w eps(z); 0 needs one prediction a step, not two

    Yields
    ------
    z, z_0 : the code at the next time, and what the network takes for the code without noise
    """
    silent = tuple(len(weights[f"words.{i}.weight"]) - 1 for i in range(len(words)))
    for now, after in pairwise(np.linspace(1, 0, steps + 1)):
        eps = predict_noise(z, now, words, weights)
        if guidance:
            eps = (1 + guidance) * eps - guidance * predict_noise(z, now, silent, weights)
        a, b = alpha_bar(now), alpha_bar(after)
        z_0 = (z - (1 - a) ** 0.5 * eps) / a**0.5
        z = (b**0.5 * z_0 + (1 - b) ** 0.5 * eps).astype(np.float32)
        yield z, z_0.astype(np.float32)


def decode(z: Floats, weights: Weights) -> Floats:
    """Draw the face of one spatial code, (8, 8, 4): (64, 64, 3), in [0, 1]."""
    h = convolve(z, "0", weights)
    for layer in "123":
        h = double(np.maximum(h, 0), weights[f"{layer}.weight"], weights[f"{layer}.bias"])
    face: Floats = 0.5 * (1 + np.tanh(0.5 * h))  # the sigmoid, without overflow
    return face


@lru_cache(maxsize=2)
def stored(part: str) -> Weights:
    """The weights of "unet" or "decoder", in float32."""
    return {
        name.removeprefix(f"{part}."): array.astype(np.float32)
        for name, array in load("face_diffusion").items()
        if name.startswith(f"{part}.")
    }
