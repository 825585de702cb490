"""The optimum of both losses in closed form, and the expected loss against all batches."""

import math
from itertools import product

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from widgets import pmi
from widgets.engine import training

TABLES = ("words", "angles")


def reached(steps, **changed):
    controls = {**pmi.instrument.defaults(), "steps": steps, **changed}
    arrived = training.train(pmi, controls, None)
    return pmi.compute(arrived.state, arrived.curves, **controls)


def some_similarity():
    return np.random.default_rng(0).normal(0, 1.5, (pmi.SIZE, pmi.SIZE))


@pytest.mark.parametrize("n", [2, 3])
def test_the_expected_loss_is_the_mean_over_all_batches(n):
    p, s = pmi.joint("words", 0.7), some_similarity()
    context, wanted = p.sum(axis=0), 0.0
    for x, y in np.ndindex(p.shape):
        for drawn in product(range(pmi.SIZE), repeat=n - 1):
            sums = math.exp(s[x, y]) + np.exp(s[x, list(drawn)]).sum()
            chance = p[x, y] * math.prod(context[list(drawn)])
            wanted += chance * (math.log(sums) - s[x, y])
    assert pmi.infonce(s, p, n)[0] == pytest.approx(wanted, abs=1e-8)


@pytest.mark.parametrize("loss", [pmi.infonce, pmi.word2vec])
@pytest.mark.parametrize("n", [2, 16, 1024])
def test_slopes_are_those_of_finite_differences(loss, n):
    p, s = pmi.joint("words", 1.0), some_similarity()
    numeric = approx_fprime(s.ravel(), lambda at: loss(at.reshape(s.shape), p, n)[0], 1e-6)
    np.testing.assert_allclose(loss(s, p, n)[1].ravel(), numeric, atol=2e-5 * n**0.5)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("n", [2, 64])
def test_both_losses_are_stationary_at_pmi(table, n):
    p = pmi.joint(table, 1.0)
    row = np.random.default_rng(1).normal(size=(pmi.SIZE, 1))
    truth = pmi.pmi(p)
    np.testing.assert_allclose(pmi.infonce(truth + row, p, n)[1], 0, atol=1e-8)
    np.testing.assert_allclose(pmi.word2vec(truth - math.log(n), p, n)[1], 0, atol=1e-12)
    assert np.abs(pmi.infonce(1.1 * truth, p, n)[1]).max() > 1e-4


@pytest.mark.parametrize("objective", ["infonce", "word2vec"])
def test_codes_of_full_width_learn_pmi(objective):
    settings = dict(pmi.instrument.defaults(), numbers=8, candidates=16, objective=objective)
    state = pmi.start(**settings)
    for _ in range(3000):
        state = pmi.step(state, **settings)
    s = state["theta"][0] @ state["theta"][1].T
    p = pmi.joint("words", 1.0)
    if objective == "infonce":
        difference = s - pmi.pmi(p)
        difference -= difference.mean(axis=1, keepdims=True)
    else:
        difference = s - (pmi.pmi(p) - math.log(15))
    np.testing.assert_allclose(difference, 0, atol=1e-4)


@pytest.mark.parametrize("table", TABLES)
def test_the_bound_of_pmi_tends_to_the_information(table):
    p = pmi.joint(table, 1.0)
    information = np.sum(p * pmi.pmi(p))
    best = pmi.bounds(pmi.pmi(p), p)
    assert (best <= np.log(pmi.CANDIDATES)).all()
    assert (np.diff(best) > 0).all()
    assert best[-1] < information < best[-1] + 0.005
    assert (pmi.bounds(some_similarity(), p) < best).all()


def test_many_candidates_leave_alignment_and_uniformity():
    """Wang & Isola 2020, theorem 1: the limit of the loss minus log N as N grows."""
    p, s = pmi.joint("words", 1.0), some_similarity()
    word, context = p.sum(axis=1), p.sum(axis=0)
    limit = -np.sum(p * s) + word @ np.log(np.exp(s) @ context)
    assert pmi.infonce(s, p, 100_000)[0] - math.log(100_000) == pytest.approx(limit, abs=1e-3)


def test_angles_fit_a_circle_unless_the_temperature_is_too_high():
    """log p(y given x) is 5 cos(y - x) + c: a product of codes on a circle, divided by 1/5."""
    on_circle = {"table": "angles", "length": "one", "temperature": 0.2}
    flat = reached(400, **on_circle, numbers=2, seed=2)
    assert flat["miss"] < 0.01
    turns = np.radians(pmi.ANGLES[:, None] - pmi.ANGLES)
    gaps = np.sum(pmi.joint("angles", 1.0) * (2 - 2 * np.cos(turns)))
    assert flat["alignment"] == pytest.approx(gaps, abs=0.01)
    assert reached(400, **on_circle, numbers=3)["miss"] < 0.05
    assert reached(400, **{**on_circle, "temperature": 0.4}, numbers=3)["miss"] > 0.25


def test_few_numbers_reach_more_than_as_many_singular_values():
    for numbers in (1, 2, 3):
        result = reached(400, numbers=numbers, candidates=64)
        at = pmi.CANDIDATES.index(64)
        assert result["svd"][at] < result["bounds"][at] < result["best"][at]
