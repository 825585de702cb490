"""A word transformer on texts whose order matters, rounding to int8, and its loss."""

import numpy as np
import pytest
import torch

from training.exports.masked_words import (
    by_words_in_any_order,
    count_words,
    evidence_of_words,
    measure,
    quantised,
    questions,
)
from training.masked_words import WordsRecipe, group_by_length, hidden_loss, train_words
from widgets.kit.words import END, SPECIAL, UNKNOWN

A, B, X, Y = range(SPECIAL, SPECIAL + 4)
IN_ORDER = [np.array(text) for text in ([A, B, X], [B, A, Y])] * 200
"""Texts whose last word depends only on the order of the others."""
SMALL = WordsRecipe(width=16, blocks=2, heads=2, steps=300, learning_rate=1e-2)


def last_word(model) -> torch.Tensor:
    tokens = torch.tensor([[A, B, 0, END], [B, A, 0, END]])
    return model.guesses(model.encode(tokens)[:, 2])[:, [X, Y]].softmax(1)


def test_the_network_uses_the_order_of_words():
    model = train_words(IN_ORDER, SPECIAL + 4, 0, lambda *_: None, SMALL)
    assert last_word(model).diagonal().min() > 0.9


def test_unknown_words_are_not_asked_for():
    torch.manual_seed(0)
    model = train_words(IN_ORDER, SPECIAL + 4, 0, lambda *_: None, WordsRecipe(16, 1, 2, 1))
    rows = group_by_length([np.array([UNKNOWN, A, UNKNOWN])] * 5)[0]
    wanted = model.guesses(model.encode(torch.tensor([[UNKNOWN, 0, UNKNOWN, END]]))[:, 1])
    loss = hidden_loss(model, torch.from_numpy(rows))
    assert loss.item() == pytest.approx(-wanted.log_softmax(1)[0, A].item(), rel=1e-5)


def test_rounding_is_within_half_a_step():
    weights = np.random.default_rng(0).normal(size=(20, 30)).astype(np.float32)
    whole, scale = quantised(weights)
    assert whole.dtype == np.int8 and abs(whole.astype(int)).max() == 127
    off = abs(whole * scale[:, None].astype(np.float32) - weights)
    assert (off <= 0.5001 * abs(weights).max(1, keepdims=True) / 127 * 1.1).all()


def test_every_known_word_is_asked_for_once():
    texts = [np.array([A, UNKNOWN, B]), np.array([X, Y, A]), np.array([B, X, Y, A])]
    asked = sorted((row.tolist(), place) for rows, place in questions(texts) for row in rows)
    wanted = sorted(
        ([*text.tolist(), END], i)
        for text in texts
        for i, token in enumerate(text)
        if token != UNKNOWN
    )
    assert asked == wanted


def test_counts_of_a_few_texts():
    counts = count_words([np.array([A, B, A, B])], 1)
    pairs = zip(counts["pair_left"], counts["pair_right"], counts["pair"], strict=True)
    assert set(pairs) == {(END, A, 1), (A, B, 2), (B, A, 1), (B, END, 1)}
    names = ("triple_left", "triple_word", "triple_right", "triple")
    triples = zip(*(counts[name] for name in names), strict=True)
    assert set(triples) == {(END, A, B, 1), (A, B, A, 1), (B, A, B, 1), (A, B, END, 1)}


def test_the_order_of_words_does_not_matter_to_naive_bayes():
    texts = [np.array([A, X, B]), np.array([B, X, A]), np.array([A, Y, Y])]
    evidence, counts = evidence_of_words(texts, SPECIAL + 4), count_words(texts, 1, SPECIAL + 4)
    rows = np.array([[A, X, B, END], [B, X, A, END]])
    first, second = by_words_in_any_order(evidence, counts, 0.5, rows, 1)
    np.testing.assert_allclose(first, second, rtol=1e-5)


def test_rank_and_nats_of_a_known_guesser():
    def always(rows, place):
        return np.tile(np.log([1, 1, 1, 0.5, 0.3, 0.15, 0.05]), (len(rows), 1))

    ranks, nats = measure(always, [np.array([A, B, X])])
    assert ranks.tolist() == [0, 1, 2]
    np.testing.assert_allclose(nats, -np.log([0.5, 0.3, 0.15]))
