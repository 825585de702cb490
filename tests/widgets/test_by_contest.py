"""A GAN in the plane: gradients against torch, the game at its known points, replays."""

import numpy as np
import pytest
import torch
from scipy.stats import norm
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal
from torch.nn.functional import logsigmoid, silu

from widgets import by_contest
from widgets.by_contest import BATCH, CENTRES, SIZES, SPREAD, begun, shapes
from widgets.kit.adam import views

RNG = np.random.default_rng(0)
X, FAKE, Z = RNG.normal(size=(3, 10, 2))


def weights(out, seed=1):
    """Random weights without a zero bias."""
    rng = np.random.default_rng(seed)
    return begun(out, rng) + 0.1 * rng.normal(size=SIZES[out])


def torch_network(theta, out, x):
    w = {}
    place = 0
    for name, shape in shapes(out).items():
        size = int(np.prod(shape))
        w[name] = theta[place : place + size].reshape(shape)
        place += size
    return silu(silu(x @ w["A"] + w["a"]) @ w["B"] + w["b"]) @ w["C"] + w["c"]


@pytest.mark.parametrize("penalty", [False, True])
def test_the_discriminators_gradient_is_torchs(penalty):
    theta = weights(1)
    loss, gradient = by_contest.judged(theta, X, FAKE, penalty)
    leaf = torch.tensor(theta, requires_grad=True)
    real = torch.tensor(X, requires_grad=True)
    odds = torch_network(leaf, 1, real)
    wanted = (
        -logsigmoid(odds).mean() - logsigmoid(-torch_network(leaf, 1, torch.tensor(FAKE))).mean()
    )
    assert loss == pytest.approx(wanted.item(), rel=1e-12)
    if penalty:
        (slope,) = torch.autograd.grad(odds.sum(), real, create_graph=True)
        wanted = wanted + slope.square().sum(1).mean() / 2
    wanted.backward()
    np.testing.assert_allclose(gradient, leaf.grad.numpy(), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("minimax", [False, True])
def test_the_generators_gradient_is_torchs(minimax):
    theta, judge = weights(2), weights(1)
    loss, gradient = by_contest.contested(theta, judge, Z, minimax)
    leaf = torch.tensor(theta, requires_grad=True)
    odds = torch_network(torch.tensor(judge), 1, torch_network(leaf, 2, torch.tensor(Z)))
    wanted = logsigmoid(-odds).mean() if minimax else -logsigmoid(odds).mean()
    wanted.backward()
    assert loss == pytest.approx(wanted.item(), rel=1e-12)
    np.testing.assert_allclose(gradient, leaf.grad.numpy(), rtol=1e-9, atol=1e-13)


def test_the_likelihood_is_that_of_torchs_mixture():
    theta = weights(2)
    x = 0.3 * X
    loss, gradient = by_contest.likelihood(theta, x)
    leaf = torch.tensor(theta, requires_grad=True)
    middles = torch_network(leaf, 2, torch.tensor(by_contest.quantiles()))
    parts = Independent(Normal(middles, SPREAD), 1)
    mixture = MixtureSameFamily(Categorical(torch.ones(len(middles)).double()), parts)
    wanted = -mixture.log_prob(torch.tensor(x)).mean()
    wanted.backward()
    assert loss == pytest.approx(wanted.item(), rel=1e-10)
    np.testing.assert_allclose(gradient, leaf.grad.numpy(), rtol=1e-7, atol=1e-10)


def test_a_discriminator_that_cannot_tell_pays_two_coins():
    loss, _ = by_contest.judged(np.zeros(SIZES[1]), X, FAKE, penalty=False)
    assert loss == pytest.approx(2 * np.log(2))


def test_quantiles_are_normal():
    shares = norm.cdf(by_contest.quantiles()) * by_contest.SIDE - 0.5  # 0, 1, … on each axis
    np.testing.assert_allclose(
        shares, np.stack(np.divmod(np.arange(256), 16)[::-1], axis=1), atol=1e-9
    )


def test_groups_are_counted_by_their_fair_share():
    each = np.repeat(CENTRES, 30, axis=0)
    assert by_contest.counted(each) == {
        "points": pytest.approx(each[: by_contest.SHOWN]),
        "groups": 8,
        "rarest": 30,
        "near": 1.0,
    }
    two = np.concatenate([np.repeat(CENTRES[:2], 100, axis=0), CENTRES, np.zeros((40, 2))])
    found = by_contest.counted(two)
    assert (found["groups"], found["rarest"]) == (2, 1)
    assert found["near"] == pytest.approx(208 / 248)


def test_a_step_can_be_made_again_and_moves_all_three():
    settings = {"seed": 3, "loss": "penalty", "balance": 2.0}
    begin = by_contest.start(**settings)
    np.testing.assert_array_equal(begin["g"], begin["likely"])
    one, again = (by_contest.step(begin, **settings) for _ in range(2))
    for name in ("g", "d", "likely"):
        np.testing.assert_array_equal(one[name], again[name])
        # the first step of Adam is of the size of the rate, in every weight with a gradient
        size = np.abs(one[name] - begin[name]).max()
        rate = by_contest.RATE * (settings["balance"] if name == "d" else 1)
        assert size == pytest.approx(rate, rel=1e-3)


def test_a_perfect_generator_stays_where_the_discriminator_is_flat():
    """D = 0 everywhere is the equilibrium: its gradient is that of noise alone."""
    flat = np.zeros(SIZES[1])
    rng = np.random.default_rng(0)
    x, y = (
        CENTRES[rng.integers(0, 8, 200 * BATCH)] + SPREAD * rng.normal(size=(200 * BATCH, 2))
        for _ in range(2)
    )
    _, gradient = by_contest.judged(flat, x, y, penalty=False)
    assert np.abs(gradient).max() < 0.01
    _, gradient = by_contest.contested(weights(2), flat, Z, minimax=False)
    assert not gradient.any()


def test_views_are_of_all_weights():
    for out, size in SIZES.items():
        assert sum(each.size for each in views(np.zeros(size), shapes(out)).values()) == size
