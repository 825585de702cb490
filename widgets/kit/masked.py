"""A masked autoencoder in NumPy: a transformer reads the visible patches, another draws them all.

An image of 28 x 28 pixels is cut into 4 x 4 patches of 7 x 7. Each visible patch becomes a token,
a row of numbers: its pixels times a matrix, plus a row that encodes its place. A block lets the
tokens attend to each other, weighted by how well a query of one fits a key of the other, and then
sends each through a small network. Hidden patches never enter the encoder. The decoder gets the
same row for each of them, with its place added.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from widgets.kit.network import SIDE, silu

PATCH = 7  # px per side
ROW = SIDE // PATCH  # patches per side
PATCHES = ROW**2
HEADS = 4
TINY = 1e-5  # avoids division by 0 for a token of equal numbers
PART = 50  # images that are encoded at a time: their tokens stay in the processor's cache

PIXEL = np.stack(np.divmod(np.arange(SIDE**2), SIDE), axis=1)  # row and column of each, (784, 2)
CORNER = PATCH * np.stack(np.divmod(np.arange(PATCHES), ROW), axis=1)  # of each patch, (16, 2)
CLOSEST = PIXEL[:, None].clip(CORNER, CORNER + PATCH - 1)  # to each pixel, in each patch
AWAY = ((CLOSEST - PIXEL[:, None]) ** 2).sum(axis=2)  # squared distance, px, (784, 16)
NEAREST = CLOSEST @ (SIDE, 1)  # its number, (784, 16)

Array = NDArray[np.float64]
Weights = Mapping[str, NDArray[Any]]


def to_patches(x: NDArray[Any]) -> Array:
    """Cut images into patches, row by row.

    Parameters
    ----------
    x : ndarray of shape (m, 28, 28)

    Returns
    -------
    ndarray of shape (m, 16, 49)
    """
    grid = x.astype(np.float64).reshape(-1, ROW, PATCH, ROW, PATCH).swapaxes(2, 3)
    return grid.reshape(-1, PATCHES, PATCH**2)


def to_images(patches: NDArray[Any]) -> NDArray[Any]:
    """The inverse of `to_patches`.

    Parameters
    ----------
    patches : ndarray of shape (m, 16, 49)

    Returns
    -------
    ndarray of shape (m, 28, 28)
    """
    return patches.reshape(-1, ROW, ROW, PATCH, PATCH).swapaxes(2, 3).reshape(-1, SIDE, SIDE)


def encode_visible(patches: Array, visible: NDArray[np.intp], weights: Weights) -> Array:
    """Tokens of the visible patches of images.

    Parameters
    ----------
    patches : ndarray of shape (m, 16, 49), in [0, 1]
    visible : ndarray of shape (v,), places of the patches that are not hidden
    weights : ``load("mnist_masked")``

    Returns
    -------
    ndarray of shape (m, v, width)
    """
    h = linear(patches[:, visible], "embed", weights) + weights["place"][visible]
    return norm(blocks(h, "blocks", weights), "norm", weights)


def draw_all(tokens: Array, visible: NDArray[np.intp], weights: Weights) -> Array:
    """All patches, from the tokens of the visible ones.

    Parameters
    ----------
    tokens : ndarray of shape (m, v, width), from :func:`encode_visible`
    visible : ndarray of shape (v,), places of the patches that are not hidden
    weights : ``load("mnist_masked")``

    Returns
    -------
    ndarray of shape (m, 16, 49)
    """
    given = linear(tokens, "to_decoder", weights)
    h = np.tile(weights["missing"].astype(np.float64), (len(tokens), PATCHES, 1))
    h[:, visible] = given
    h = blocks(h + weights["decoder_place"], "decoder_blocks", weights)
    return linear(norm(h, "decoder_norm", weights), "to_pixels", weights)


def mean_token(x: NDArray[Any], weights: Weights) -> Array:
    """One code per image, with nothing hidden: the mean of its tokens.

    Parameters
    ----------
    x : ndarray of shape (m, 28, 28), in [0, 1]
    weights : ``load("mnist_masked")``

    Returns
    -------
    ndarray of shape (m, width)
    """
    everything, patches = np.arange(PATCHES), to_patches(x)
    parts = [patches[at : at + PART] for at in range(0, len(patches), PART)]
    return np.concatenate([encode_visible(part, everything, weights).mean(1) for part in parts])


def nearest_visible(x: NDArray[Any], hidden: NDArray[np.bool_]) -> Array:
    """Fill each hidden pixel with the grey of the nearest visible one; of several, the first.

    Parameters
    ----------
    x : ndarray of shape (m, 28, 28)
    hidden : ndarray of shape (m, 16), bool, not all of an image's patches

    Returns
    -------
    ndarray of shape (m, 28, 28)
    """
    away = np.where(hidden[:, None], np.inf, AWAY)  # (m, 784, 16)
    source = NEAREST[np.arange(SIDE**2), away.argmin(axis=2)]  # (m, 784)
    pixels = x.reshape(len(x), -1).astype(np.float64)
    return np.take_along_axis(pixels, source, axis=1).reshape(-1, SIDE, SIDE)


def linear(h: Array, name: str, weights: Weights) -> Array:
    """Apply the linear layer of that name.

    Parameters
    ----------
    h : ndarray of shape (..., n_in)
    name : of the layer
    weights : with NAME.weight of shape (n_in, n_out) and NAME.bias (n_out,)

    Returns
    -------
    ndarray of shape (..., n_out)
    """
    out: Array = h @ weights[f"{name}.weight"] + weights[f"{name}.bias"]
    return out


def norm(h: Array, name: str, weights: Weights) -> Array:
    """Normalise each token to mean 0 and variance 1, then scale and shift it as learned.

    Parameters
    ----------
    h : ndarray of shape (..., width)
    name : of the layer
    weights : with NAME.weight and NAME.bias of shape (width,)

    Returns
    -------
    ndarray of shape (..., width)
    """
    centred = h - h.mean(axis=-1, keepdims=True)
    spread = np.sqrt(np.mean(centred**2, axis=-1, keepdims=True) + TINY)
    out: Array = centred / spread * weights[f"{name}.weight"] + weights[f"{name}.bias"]
    return out


def blocks(h: Array, name: str, weights: Weights) -> Array:
    """Apply all blocks of that name in order; each half of a block adds to its input.

    Parameters
    ----------
    h : ndarray of shape (m, t, width), tokens
    name : of the blocks, NAME.0, NAME.1, ...
    weights : ``load("mnist_masked")``

    Returns
    -------
    ndarray of shape (m, t, width)
    """
    i = 0
    while f"{name}.{i}.qkv.weight" in weights:
        h = one_block(h, f"{name}.{i}", weights)
        i += 1
    return h


def one_block(h: Array, block: str, weights: Weights) -> Array:
    """Attention between the tokens, then a small network for each; both add to their input.

    Parameters
    ----------
    h : ndarray of shape (m, t, width), tokens
    block : name of the block
    weights : with its layers

    Returns
    -------
    ndarray of shape (m, t, width)
    """
    h = h + attention(norm(h, f"{block}.norm0", weights), block, weights)
    up = silu(linear(norm(h, f"{block}.norm1", weights), f"{block}.up", weights))
    return h + linear(up, f"{block}.down", weights)


def attention(h: Array, block: str, weights: Weights) -> Array:
    """In each head, each token gets a weighted mean of the values of all tokens.

    Parameters
    ----------
    h : ndarray of shape (m, t, width), tokens
    block : name of the block
    weights : ``load("mnist_masked")``

    Returns
    -------
    ndarray of shape (m, t, width)
    """
    m, t, width = h.shape
    q, k, v = queries_keys_values(h, block, weights)
    mixed = (shares(q, k) @ v).swapaxes(1, 2).reshape(m, t, width)
    return linear(mixed, f"{block}.out", weights)


def attention_shares(h: Array, block: str, weights: Weights) -> Array:
    """Attention of each token to every token in a block; the shares of one token add up to 1.

    Parameters
    ----------
    h : ndarray of shape (m, t, width), the block's input
    block : its name
    weights : with its layers

    Returns
    -------
    ndarray of shape (m, heads, t, t), by head, attending token and attended token
    """
    q, k, _ = queries_keys_values(norm(h, f"{block}.norm0", weights), block, weights)
    return shares(q, k)


def queries_keys_values(h: Array, block: str, weights: Weights) -> tuple[Array, Array, Array]:
    """Queries and keys, which attention compares, and values, which it mixes.

    Parameters
    ----------
    h : ndarray of shape (m, t, width), tokens
    block : name of the block
    weights : with its layers

    Returns
    -------
    ndarray of shape (m, heads, t, width / heads), three times
    """
    m, t, width = h.shape
    split = linear(h, f"{block}.qkv", weights).reshape(m, t, 3, HEADS, width // HEADS)
    q, k, v = split.transpose(2, 0, 3, 1, 4)
    return q, k, v


def shares(q: Array, k: Array) -> Array:
    """The softmax of how well each query fits each key.

    Parameters
    ----------
    q, k : ndarray of shape (m, heads, t, width / heads)

    Returns
    -------
    ndarray of shape (m, heads, t, t)
    """
    fit = q @ k.swapaxes(2, 3) / np.sqrt(q.shape[-1])
    share = np.exp(fit - fit.max(axis=-1, keepdims=True, initial=-np.inf))  # there may be no token
    out: Array = share / share.sum(axis=-1, keepdims=True)
    return out


def multiplications(tokens: int, width: int, count: int) -> int:
    """Number of multiplications in `count` blocks for one image.

    A block multiplies each token by matrices of width x 3 width, width x width and twice
    width x 2 width, and each pair of tokens twice along the width: query by key, share by value.

    Parameters
    ----------
    tokens : of the image
    width : numbers of a token
    count : of blocks
    """
    return count * (8 * tokens * width**2 + 2 * tokens**2 * width)
