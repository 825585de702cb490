"""Two-view training: gradients against torch, spread and rank at their limits, and collapse."""

import math
from itertools import product

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy, normalize, silu

from widgets import collapse
from widgets.engine import training

NAMES = ("negatives", "stop", "variance", "decorrelation", "predictor")
OFF = dict.fromkeys(NAMES, False)


def random_case(seed=0, n=9):
    """Return initial weights with biases that are not zero, and two views of n digits."""
    rng = np.random.default_rng(seed)
    theta = collapse.start(seed=seed)["theta"]
    theta = theta + 0.1 * rng.normal(size=theta.shape)
    x = collapse.digits()[0][:n]
    return theta, collapse.rows(np.concatenate([collapse.view(x, rng), collapse.view(x, rng)]))


def torch_loss(theta, views, *, negatives, stop, variance, decorrelation, predictor):
    w, place = {}, 0
    for name, shape in collapse.SHAPES.items():
        size = math.prod(shape)
        w[name] = theta[place : place + size].reshape(shape)
        place += size
    u = normalize(silu(views @ w["W0"] + w["b0"]) @ w["W1"] + w["b1"], dim=1)
    p = normalize(silu(u @ w["P0"] + w["c0"]) @ w["P1"], dim=1) if predictor else u
    targets = u.detach() if stop else u
    losses = []
    for predicted, target in zip(p.chunk(2), targets.chunk(2)[::-1], strict=True):
        if negatives:
            logits = predicted @ target.T / collapse.TAU
            losses.append(cross_entropy(logits, torch.arange(len(logits))))
        else:
            losses.append(1 - torch.cosine_similarity(predicted, target).mean())
    for each in u.chunk(2):
        covariance = torch.cov((math.sqrt(8) * each).T, correction=0)
        std = (covariance.diagonal() + 1e-4).sqrt()
        if variance:
            losses.append((1 - std).relu().mean())
        if decorrelation:
            off = covariance - torch.diag(covariance.diagonal())
            losses.append(off.square().sum() / 8)
    return sum(losses) / 2


@pytest.mark.parametrize("on", list(product((False, True), repeat=5)))
def test_loss_and_gradient_are_those_of_torch(on):
    switches = dict(zip(NAMES, on, strict=True))
    theta, views = random_case()
    loss, gradient, u = collapse.loss_and_gradient(theta, views, **switches)
    leaf = torch.tensor(theta, requires_grad=True)
    wanted = torch_loss(leaf, torch.tensor(views), **switches)
    wanted.backward()
    assert loss == pytest.approx(wanted.item(), rel=1e-9)
    np.testing.assert_allclose(gradient, leaf.grad.numpy(), rtol=1e-6, atol=1e-10)
    np.testing.assert_allclose(np.linalg.norm(u, axis=1), 1, atol=1e-9)


def test_without_a_predictor_the_stop_gradient_halves_the_gradient_and_does_no_more():
    """The answer to `q-stop-alone`."""
    theta, views = random_case(1)
    free = collapse.loss_and_gradient(theta, views, **OFF)[1]
    stopped = collapse.loss_and_gradient(theta, views, **{**OFF, "stop": True})[1]
    np.testing.assert_allclose(stopped, free / 2, rtol=1e-9, atol=1e-15)


def test_spread_and_rank_at_their_limits():
    same = np.tile([[0.6, 0.8, 0, 0, 0, 0, 0, 0]], (50, 1))
    assert collapse.spread(same) == pytest.approx(0, abs=1e-9)
    assert collapse.rank(same) == pytest.approx(1)
    corners = np.concatenate([np.eye(8), -np.eye(8)])
    assert collapse.spread(corners) == pytest.approx(1)
    assert collapse.rank(corners) == pytest.approx(8)


def test_views_are_shifted_and_paler():
    x = collapse.digits()[0][:200]
    seen = collapse.view(x, np.random.default_rng(0))
    share = seen.sum(axis=(1, 2)) / x.sum(axis=(1, 2))
    assert 0.5 < share.min() < 0.65 and 0.95 < share.max() <= 1
    rolled = [np.roll(x, (down, right), (1, 2)) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    likeness = np.array([np.sum(seen * each, axis=(1, 2)) for each in rolled])
    lengths = np.linalg.norm(seen, axis=(1, 2)) * np.linalg.norm(x, axis=(1, 2))
    assert np.median(likeness.max(axis=0) / lengths) > 0.999
    assert len(set(likeness.argmax(axis=0))) == 9


def reached(steps, **changed):
    controls = {**collapse.instrument.defaults(), "steps": steps, **changed}
    arrived = training.train(collapse, controls, None)
    return collapse.compute(arrived.state, arrived.curves, **controls)


def test_a_branch_can_open_what_has_collapsed():
    """The answer to `q-guess-rescue`: it is not too late for the negatives after 200 steps."""
    dead = reached(200)
    assert dead["std"] < 0.1
    late = reached(600, branch="on", at=200, later_negatives=True)
    assert late["std"] > 0.8
    assert len(late["curves"]) == 2


def test_a_teacher_without_memory_is_the_stop_gradient():
    both = {**OFF, "stop": True, "predictor": True}
    now = step_of(both, memory=1e-12)
    np.testing.assert_allclose(now["theta"], step_of(both, memory=0.0)["theta"], atol=1e-9)
    fixed = step_of(both, memory=1.0)
    np.testing.assert_array_equal(fixed["teacher"], collapse.start(seed=0)["theta"])


def step_of(switches, memory, steps=3):
    state = collapse.start(seed=0)
    for _ in range(steps):
        state = collapse.step(state, seed=0, memory=memory, **switches)
    return state
