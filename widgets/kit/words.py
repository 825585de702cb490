"""Filling in hidden words: a transformer of definitions in NumPy, and counts of neighbours.

A text is a row of tokens, numbers of words in a vocabulary. Three tokens are not words: one
replaces a hidden word, one replaces each word outside the vocabulary, and one ends the text. The
network gives each place a row of numbers that scores every word of the vocabulary. The counts use
only the two words next to a gap.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from widgets.data import load
from widgets.kit.masked import Weights, attention_shares, norm, one_block

MASK, UNKNOWN, END = 0, 1, 2  # tokens that are not words
SPECIAL = 3  # number of such tokens
LONGEST = 24  # words of a text
BLOCKS = 2
PIECE = re.compile(r"\[mask\]|_+|(?<!\S)\?(?!\S)|[^\W\d_]+", re.IGNORECASE)
IS_GAP = re.compile(r"\[mask\]|_+|\?", re.IGNORECASE)

Array = NDArray[np.float64]


@lru_cache(maxsize=1)
def vocabulary() -> tuple[str, ...]:
    """The words by token, common ones first, after the tokens that are not words."""
    return (
        "[mask]",
        "[unknown]",
        "[end]",
        *load("masked_words")["words"].tobytes().decode().split(),
    )


@lru_cache(maxsize=1)
def tokens_by_word() -> Mapping[str, int]:
    """The token of each word."""
    return MappingProxyType({word: i for i, word in enumerate(vocabulary()) if i >= SPECIAL})


@lru_cache(maxsize=1)
def stored_weights() -> Weights:
    """The network's arrays, each int8 multiplied by its scale."""
    stored = load("masked_words")
    return MappingProxyType(
        {
            key: value.astype(np.float64)
            * (stored[f"{key}.scale"] if value.dtype == np.int8 else 1)
            for key, value in stored.items()
            if value.dtype in (np.int8, np.float32) and not key.endswith(".scale")
        }
    )


def read_text(text: str) -> tuple[list[str], NDArray[np.int64]]:
    """Split a text into pieces; return them and their tokens, followed by the end token.

    A gap is ``[mask]``, one or more ``_``, or a ``?`` with nothing next to it. Digits and other
    signs are dropped.

    Parameters
    ----------
    text : as the reader typed it

    Returns
    -------
    pieces : list of str, words as they are typed, and gaps
    tokens : ndarray of shape (len(pieces) + 1,)
    """
    pieces = PIECE.findall(text)
    known = tokens_by_word()
    tokens = [
        MASK if IS_GAP.fullmatch(piece) else known.get(piece.lower(), UNKNOWN) for piece in pieces
    ]
    return pieces, np.array([*tokens, END])


def encode_words(tokens: NDArray[np.integer[Any]], weights: Weights) -> tuple[Array, Array]:
    """Encode each place of texts of equal length; also return the attention between places.

    Parameters
    ----------
    tokens : ndarray of shape (m, t), the last of each text its end
    weights : from :func:`stored_weights`

    Returns
    -------
    encoded : ndarray of shape (m, t, width)
    attention : ndarray of shape (m, blocks, heads, t, t), rows add up to 1
    """
    embed = weights["embed"]
    h = np.sqrt(embed.shape[1]) * embed[tokens] + weights["place"][: tokens.shape[1]]
    attention = []
    for i in range(BLOCKS):
        attention.append(attention_shares(h, f"blocks.{i}", weights))
        h = one_block(h, f"blocks.{i}", weights)
    return norm(h, "norm", weights), np.stack(attention, axis=1)


def network_guesses(encoded: Array, weights: Weights) -> Array:
    """The probability of each word at some places.

    Parameters
    ----------
    encoded : ndarray of shape (n, width), from :func:`encode_words`
    weights : from :func:`stored_weights`

    Returns
    -------
    ndarray of shape (n, words), 0 for tokens that are not words
    """
    scores = encoded @ weights["embed"].T + weights["bias"]
    scores[:, :SPECIAL] = -np.inf
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    out: Array = shares / shares.sum(axis=1, keepdims=True)
    return out


def count_guesses(left: int, right: int, counts: Mapping[str, NDArray[Any]]) -> Array:
    """The probability of each word between two others, from how often words were seen together.

    With n the number of times that tokens came one after another, and p(w) the share of a word,

        p(w | left) = (n(left, w) + a p(w)) / (sum over w of n(left, w) + a), likewise p(w | right);
        q(w) = p(w | left) p(w | right) / p(w), made to add up to 1;
        p(w | left, right) = (n(left, w, right) + b q(w)) / (sum over w of n(left, w, right) + b)

    where the prior guess is worth a and b counts. A neighbour that is also hidden is ignored.

    Parameters
    ----------
    left, right : tokens; `END` before the first word and after the last
    counts : ``prior`` (2,), a and b; ``single`` (words,), n of each; ``pair_left``, ``pair_right``
        and ``pair``, n of two; ``triple_left``, ``triple_word``, ``triple_right`` and ``triple``,
        n of three. Pairs and triples are sorted by the left token.

    Returns
    -------
    ndarray of shape (words,), 0 for tokens that are not words
    """
    of_pairs, of_triples = counts["prior"]
    p = counts["single"].astype(np.float64)
    p[:SPECIAL] = 0
    p /= p.sum()
    size, q = len(p), p
    if left != MASK:
        seen = slice(*np.searchsorted(counts["pair_left"], (left, left + 1)))
        q = backed_off(counts["pair_right"][seen], counts["pair"][seen], p, of_pairs)
    if right != MASK:
        near = counts["pair_right"] == right
        after = backed_off(counts["pair_left"][near], counts["pair"][near], p, of_pairs)
        q = q * np.divide(after, p, out=np.zeros(size), where=p > 0)
        q /= q.sum()
    if MASK in (left, right):
        return q
    seen = slice(*np.searchsorted(counts["triple_left"], (left, left + 1)))
    near = counts["triple_right"][seen] == right
    words, times = counts["triple_word"][seen][near], counts["triple"][seen][near]
    return backed_off(words, times, q, of_triples)


def backed_off(
    words: NDArray[np.integer[Any]], times: NDArray[np.integer[Any]], prior: Array, weight: float
) -> Array:
    """Combine counts of words, and a prior that is worth some counts, into one distribution.

    Parameters
    ----------
    words : ndarray of shape (n,), tokens, each once
    times : ndarray of shape (n,), how often each was counted
    prior : ndarray of shape (size,), a distribution, 0 for tokens that are not words
    weight : counts that the prior is worth

    Returns
    -------
    ndarray of shape (size,)
    """
    counted = weight * prior
    real = words >= SPECIAL
    counted[words[real]] += times[real]
    out: Array = counted / counted.sum()
    return out
