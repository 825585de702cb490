"""Draws, KL divergence and the variances of both estimators against torch and quadrature."""

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from widgets import reparameterization as widget


def compute(seed=0, **changed):
    values = {"mu": 1.0, "logvar": 0.0, "latents": 1, "n": 1000, **changed}
    return widget.compute(**values, seed=seed)


def test_kl_of_the_unit_cloud_at_one():
    assert compute()["kl"] == pytest.approx(0.5)


def test_kl_of_three_latents_adds_up():
    """mu = (1, -0.5, 0), logvar = (0, 0, 2): 2.8195 nats."""
    latents = [(1.0, 0.0), (-0.5, 0.0), (0.0, 2.0)]
    total = sum(compute(mu=mu, logvar=logvar)["kl"] for mu, logvar in latents)
    assert total == pytest.approx(2.8195, abs=5e-5)


@pytest.mark.parametrize(("mu", "logvar", "latents"), [(-1.7, -3.1, 1), (0.4, 1.3, 7)])
def test_kl_equals_torch(mu, logvar, latents):
    cloud, prior = Normal(mu, torch.tensor(logvar).mul(0.5).exp()), Normal(0.0, 1.0)
    expected = latents * kl_divergence(cloud, prior).item()
    result = compute(mu=mu, logvar=logvar, latents=latents)
    assert result["kl"] == pytest.approx(expected, rel=1e-5)
    drawn = [compute(s, mu=mu, logvar=logvar, latents=latents)["kl_drawn"] for s in range(40)]
    assert abs(np.mean(drawn) - expected) < 4 * np.std(drawn) / np.sqrt(len(drawn))


@pytest.mark.parametrize(
    ("mu", "logvar", "latents"),
    [(1.0, 0.0, 1), (0.0, -2.0, 1), (-2.0, 1.0, 1), (0.7, -1.0, 2), (1.3, 0.5, 3)],
)
def test_variances_equal_quadrature(mu, logvar, latents):
    """Gauss-Hermite with 12 nodes is exact for these polynomials of degree 6."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(12)
    weights = weights / weights.sum()
    eps = np.stack(np.meshgrid(*[nodes] * latents), -1).reshape(-1, latents)
    chance = np.prod(np.stack(np.meshgrid(*[weights] * latents), -1).reshape(-1, latents), axis=1)
    z = torch.tensor(mu + np.exp(0.5 * logvar) * eps, requires_grad=True)
    h = (z**2).sum(1)
    h.sum().backward()
    slope = z.grad[:, 0].numpy()
    mean_of_each = torch.full((len(eps),), mu, dtype=float, requires_grad=True)
    cloud = Normal(mean_of_each, np.exp(0.5 * logvar), validate_args=False)
    cloud.log_prob(z[:, 0].detach()).sum().backward()
    score = (h.detach() * mean_of_each.grad).numpy()
    result = compute(mu=mu, logvar=logvar, latents=latents)
    for name, values in (("slope", slope), ("score", score)):
        mean = chance @ values
        assert mean == pytest.approx(result["gradient"], abs=1e-9)
        assert chance @ (values - mean) ** 2 == pytest.approx(result[f"{name}_variance"])


def test_each_draw_has_the_slope_and_the_score_that_its_noise_gives():
    result = compute(mu=0.5, logvar=-1.0, n=10)
    sigma = np.exp(-0.5)
    np.testing.assert_allclose(result["z"], 0.5 + sigma * result["eps"])
    np.testing.assert_allclose(result["slope"], 2 * result["z"])
    np.testing.assert_allclose(result["score"], result["z"] ** 2 * result["eps"] / sigma)


def test_moving_the_cloud_moves_the_same_draws():
    here, there = compute(mu=0.0, n=30), compute(mu=2.0, logvar=2.0, n=1000, latents=5)
    np.testing.assert_array_equal(here["eps"], there["eps"][:30])


def test_measured_variances_average_to_the_closed_form():
    """One latent, mu = sigma = 1: 4 and 30, within four standard errors over 200 seeds."""
    results = [compute(seed) for seed in range(200)]
    for name, exact in (("slope", 4), ("score", 30)):
        measured = np.array([result[name].var(ddof=1) for result in results])
        assert abs(measured.mean() - exact) < 4 * measured.std() / np.sqrt(len(measured))
    frame = widget.frame(results[0])
    assert frame.readouts["ratio"] == pytest.approx(30 / 4)
    assert "Their ratio: 7.5." in frame.note
