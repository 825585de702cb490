"""Encoders of pictures and of words with a shared code space, trained on emoji and their names.

The encoder of words averages vectors of words and of their parts of three letters; a word that it
has never seen still has parts. The other is three convolutions and a matrix.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

BUCKETS = 8192  # rows of the table of vectors; words that share a row share a vector
WIDTH = 64  # numbers of a code
STRIDE = 2


def words_of(text: str) -> list[str]:
    """Words without capitals and accents: ``Étoile du soir`` is etoile, du, soir.

    Parameters
    ----------
    text : in any language

    Returns
    -------
    list of words
    """
    letters = unicodedata.normalize("NFKD", text.casefold())
    return re.findall(r"\w+", "".join(each for each in letters if not unicodedata.combining(each)))


@lru_cache(maxsize=4096)
def rows_of(text: str) -> tuple[int, ...]:
    """Rows of the table for a text: one for each word, one for each of its parts.

    ``cat`` has the rows of <cat>, <ca, cat and at>. The row is the CRC-32 of the part in UTF-8,
    modulo `BUCKETS`.

    Parameters
    ----------
    text : in any language

    Returns
    -------
    tuple of places below `BUCKETS`; a word or part that occurs twice has its row twice
    """
    words = [f"<{word}>" for word in words_of(text)]
    parts = [word[i : i + 3] for word in words for i in range(len(word) - 2)]
    return tuple(crc32(part.encode()) % BUCKETS for part in words + parts)


def encode_words(texts: Sequence[str], table: Array) -> Array:
    """Codes of texts, of length 1. A text without a letter has the code 0.

    Parameters
    ----------
    texts : n texts
    table : ndarray of shape (BUCKETS, 64), the vectors in any unit

    Returns
    -------
    ndarray of shape (n, 64)
    """
    codes = np.zeros((len(texts), table.shape[1]))
    for code, text in zip(codes, texts, strict=True):
        if rows := rows_of(text):
            code += table[list(rows)].mean(0, dtype=float)
    return unit(codes)


def encode_pictures(x: Array, network: Mapping[str, Array]) -> Array:
    """Codes of pictures, of length 1.

    Parameters
    ----------
    x : ndarray of shape (n, 32, 32, 3), in [0, 1]
    network : ``weight_1`` to ``weight_3`` of shape (out, 9 * in), in the order row, column,
        channel, whole numbers to be multiplied by ``scale_1`` to ``scale_3`` of shape (out,);
        ``bias_1`` to ``bias_3``; and so ``weight_4`` of shape (64, 2048). The batch norms are
        contained in them

    Returns
    -------
    ndarray of shape (n, 64)
    """
    weights = {
        i: network[f"weight_{i}"] * network[f"scale_{i}"][:, None].astype(float) for i in "1234"
    }
    h = x
    for layer in "123":
        h = np.maximum(convolve(h, weights[layer]) + network[f"bias_{layer}"], 0)
    flat = h.transpose(0, 3, 1, 2).reshape(len(h), -1)  # channels first, as in torch
    return unit(flat @ weights["4"].T + network["bias_4"])


def convolve(h: Array, weight: Array) -> Array:
    """Convolution of 3 x 3 px with stride 2 and a border of zeros.

    Parameters
    ----------
    h : ndarray of shape (n, rows, columns, in)
    weight : ndarray of shape (out, 9 * in)

    Returns
    -------
    ndarray of shape (n, rows / 2, columns / 2, out)
    """
    padded = np.pad(h, ((0, 0), (1, 1), (1, 1), (0, 0)))
    patches = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    patches = patches[:, ::STRIDE, ::STRIDE].transpose(0, 1, 2, 4, 5, 3)
    result: Array = patches.reshape(*patches.shape[:3], -1) @ weight.T
    return result


def unit(codes: Array) -> Array:
    """Scale codes to length 1; zero codes stay zero.

    Parameters
    ----------
    codes : ndarray of shape (n, k)

    Returns
    -------
    ndarray of shape (n, k)
    """
    length = np.linalg.norm(codes, axis=1, keepdims=True)
    scaled: Array = codes / np.where(length > 0, length, 1)
    return scaled
