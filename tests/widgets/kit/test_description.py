"""Description lengths of labels against the definition and scikit-learn's log loss."""

import numpy as np
import pytest
from sklearn.metrics import log_loss

from widgets.kit.benchmark_codes import codes, labels
from widgets.kit.description import bits, code_length, predictor

DIGITS = labels()[0].astype(int)


def test_bits_are_the_log_loss_of_sklearn():
    shown, test, _ = codes("contrastive")
    chances = predictor(shown[:200], DIGITS[:200])(test)
    wanted = log_loss(labels()[1], chances, labels=range(10)) / np.log(2)
    assert bits(chances, labels()[1]).mean() == pytest.approx(wanted)


def test_each_block_is_sent_by_a_probe_of_those_before():
    h = codes("masked")[0][:64].astype(float)
    blocks = code_length(h, DIGITS[:64])
    assert blocks[0] == pytest.approx(16 * np.log2(10))
    later = predictor(h[:32], DIGITS[:32])(h[32:])
    assert blocks[2] == pytest.approx(-np.log2(later[range(32), DIGITS[32:64]]).sum())
    other = np.r_[DIGITS[:32], np.random.default_rng(0).permutation(DIGITS[32:64])]
    np.testing.assert_allclose(code_length(h, other)[:2], blocks[:2])


def test_labels_that_the_codes_say_nothing_of_cost_what_they_are():
    """A little more, because a probe fits noise; labels that a code names cost almost nothing."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 10, 512)
    plain = 512 * np.log2(10)
    assert plain < code_length(rng.normal(size=(512, 20)), y).sum() < 1.06 * plain
    named = np.eye(10)[y] + 0.01 * rng.normal(size=(512, 10))
    assert code_length(named, y).sum() < 0.15 * plain
