"""Digits as 49 tokens: a transformer draws them one by one, and the decoder of a VQ-VAE shows them.

A token is the number of one of 64 vectors, and stands for one of 7 x 7 places. The transformer gets
the tokens so far, in reading order, and before them a row that names the digit or none. Each token
attends to itself and those before it. So the keys and values of a token never change again: they
are computed once and stored while the others are drawn.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from widgets.data import load
from widgets.kit.masked import HEADS, linear, norm
from widgets.kit.network import silu

ROW, PLACES, CODES, DIGITS = 7, 49, 64, 10
UNTOLD = DIGITS  # the row of "any digit"
BLOCKS = 3

Array = NDArray[Any]
Weights = Mapping[str, Array]


@lru_cache(maxsize=1)
def stored_weights() -> Weights:
    """The transformer, the decoder and the frequencies, in float32."""
    return {key: value.astype(np.float32) for key, value in load("mnist_tokens").items()}


def draw_tokens(
    labels: NDArray[np.integer[Any]], noise: Array, temperature: float, weights: Weights
) -> tuple[NDArray[np.intp], Array]:
    """Draw digits token by token, each given those before it.

    Parameters
    ----------
    labels : ndarray of shape (n,), digits, or `UNTOLD`
    noise : ndarray of shape (n, 49, 64), from :func:`gumbel`
    temperature : by which log-odds are divided; at 0 each token is the likeliest
    weights : from :func:`stored_weights`

    Returns
    -------
    tokens : ndarray of shape (n, 49)
    log_odds : ndarray of shape (n, 49, 64), of each token given those before, up to a constant
    """
    n, width = len(labels), weights["start"].shape[1]
    tokens = np.zeros((n, PLACES), np.intp)
    log_odds = np.zeros((n, PLACES, CODES), np.float32)
    keys, values = np.zeros((2, BLOCKS, n, HEADS, PLACES, width // HEADS), np.float32)
    token = weights["start"][labels]
    for place in range(PLACES):
        h = token + weights["place"][place]
        for block in range(BLOCKS):
            h = one_block(h, place, f"blocks.{block}", keys[block], values[block], weights)
        log_odds[:, place] = linear(norm(h, "norm", weights), "head", weights)
        tokens[:, place] = chosen(log_odds[:, place], noise[:, place], temperature)
        token = weights["token"][tokens[:, place]]
    return tokens, log_odds


def one_block(
    h: Array, place: int, block: str, keys: Array, values: Array, weights: Weights
) -> Array:
    """A block for the token at one place, as :func:`widgets.kit.masked.one_block` for all.

    Parameters
    ----------
    h : ndarray of shape (n, width), the token of each digit
    place : 0 to 48
    block : its name
    keys, values : ndarray of shape (n, heads, 49, width / heads); this place's are written
    weights : with its layers

    Returns
    -------
    ndarray of shape (n, width)
    """
    n, width = h.shape
    split = linear(norm(h, f"{block}.norm0", weights), f"{block}.qkv", weights)
    q, k, v = split.reshape(n, 3, HEADS, width // HEADS).swapaxes(0, 1)
    keys[:, :, place], values[:, :, place] = k, v
    seen = slice(place + 1)
    score = np.einsum("nhd,nhtd->nht", q, keys[:, :, seen]) / np.sqrt(width // HEADS)
    share = np.exp(score - score.max(axis=2, keepdims=True))
    share /= share.sum(axis=2, keepdims=True)
    mixed = np.einsum("nht,nhtd->nhd", share, values[:, :, seen]).reshape(n, width)
    h = h + linear(mixed, f"{block}.out", weights)
    up = silu(linear(norm(h, f"{block}.norm1", weights), f"{block}.up", weights))
    return h + linear(up, f"{block}.down", weights)


def draw_alone(
    labels: NDArray[np.integer[Any]], noise: Array, temperature: float, weights: Weights
) -> tuple[NDArray[np.intp], Array]:
    """Draw each token by how often it stands at its place, whatever the others are.

    Parameters
    ----------
    labels : ndarray of shape (n,), digits, or `UNTOLD`; the frequencies are those of the digit
    noise : ndarray of shape (n, 49, 64), from :func:`gumbel`
    temperature : by which log-odds are divided
    weights : with `frequencies`, (11, 49, 64)

    Returns
    -------
    tokens : ndarray of shape (n, 49)
    log_odds : ndarray of shape (n, 49, 64); those of a token that never stands there are finite
    """
    log_odds = np.log(weights["frequencies"][labels] + 1e-7)
    return chosen(log_odds, noise, temperature), log_odds


def chosen(log_odds: Array, noise: Array, temperature: float) -> NDArray[np.intp]:
    """Draw from softmax(log_odds / temperature), by the largest sum with Gumbel noise.

    Parameters
    ----------
    log_odds, noise : ndarray of shape (..., 64)
    temperature : at 0 the likeliest

    Returns
    -------
    ndarray of shape (...)
    """
    picked: NDArray[np.intp] = np.argmax(log_odds + temperature * noise, axis=-1)
    return picked


def gumbel(n: int, seed: int) -> Array:
    """Noise for n digits: the largest sum with it is a draw from a softmax.

    Parameters
    ----------
    n : digits
    seed : of the draws

    Returns
    -------
    ndarray of shape (n, 49, 64)
    """
    noise: Array = np.random.default_rng(seed).gumbel(size=(n, PLACES, CODES))
    return noise


def decode_tokens(tokens: NDArray[np.integer[Any]], weights: Weights) -> Array:
    """The images of some tokens: three convolutions, doubling the side after two of them.

    Parameters
    ----------
    tokens : ndarray of shape (n, 49)
    weights : with `codebook`, (64, 8), and kernels `w0` to `w2` of shape (maps out, 3, 3, maps in)
        with biases `b0` to `b2`

    Returns
    -------
    ndarray of shape (n, 28, 28), in [0, 1], 1 is ink
    """
    h = weights["codebook"][tokens].reshape(len(tokens), ROW, ROW, -1)
    for layer in range(3):
        h = convolved(h, weights[f"w{layer}"], weights[f"b{layer}"])
        if layer < 2:
            h = silu(h).repeat(2, axis=1).repeat(2, axis=2)
    images: Array = 0.5 * (1 + np.tanh(0.5 * h[..., 0]))  # the sigmoid, without overflow
    return images


def convolved(h: Array, kernel: Array, bias: Array) -> Array:
    """A convolution of images with zeros around their edges.

    Parameters
    ----------
    h : ndarray of shape (n, height, width, maps in)
    kernel : ndarray of shape (maps out, 3, 3, maps in)
    bias : ndarray of shape (maps out,)

    Returns
    -------
    ndarray of shape (n, height, width, maps out)
    """
    n, height, width, maps = h.shape
    padded = np.pad(h, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    rows = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, 9 * maps)
    # Both arrays contiguous along the sum: in the page, without BLAS, faster than products
    summed = np.einsum("ic,oc->io", rows, kernel.reshape(len(kernel), -1)) + bias
    out: Array = summed.reshape(n, height, width, -1)
    return out
