"""The contrastive loss against torch and finite differences; the bound where the truth is known."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Normal
from torch.nn.functional import cross_entropy

from training.exports import two_views
from widgets import infonce
from widgets.data import load

BATCHES = (2, 4, 8, 16, 32, 64)


def compute(**changed):
    return infonce.compute(**{**infonce.instrument.defaults(), **changed})


def embeddings(batch, seed, encoder):
    """Load the batch that `compute` draws: stored embeddings of both views, (N, k) each."""
    data = load("mnist_views")
    chosen = np.random.default_rng(seed).choice(len(data["views"]), batch, replace=False)
    return torch.tensor(data[encoder][chosen].astype(float)).unbind(1)


@pytest.mark.parametrize("encoder", ["contrastive", "vicreg"])
def test_both_views_as_candidates_is_the_loss_of_training(encoder):
    result = compute(
        batch=32, temperature=two_views.TEMPERATURE, negatives="both", encoder=encoder, seed=4
    )
    wanted = two_views.nt_xent(*embeddings(32, 4, encoder)).item()
    assert result["loss"] == pytest.approx(wanted, rel=1e-9)
    assert result["log"] == pytest.approx(math.log(63))


@pytest.mark.parametrize("temperature", [0.05, 0.5, 2.0])
def test_other_views_as_candidates_is_cross_entropy_in_both_directions(temperature):
    result = compute(batch=16, temperature=temperature, seed=2)
    a, b = (torch.nn.functional.normalize(z) for z in embeddings(16, 2, "contrastive"))
    logits, right = a @ b.T / temperature, torch.arange(16)
    wanted = (cross_entropy(logits, right) + cross_entropy(logits.T, right)) / 2
    assert result["loss"] == pytest.approx(wanted.item(), rel=1e-9)


@pytest.mark.parametrize("negatives", ["other", "both"])
@pytest.mark.parametrize("batch", BATCHES)
def test_equal_similarities_cost_the_log_of_the_candidates(batch, negatives):
    result = compute(batch=batch, negatives=negatives, encoder="none", temperature=0.1)
    candidates = batch if negatives == "other" else 2 * batch - 1
    assert result["loss"] == pytest.approx(math.log(candidates), abs=1e-12)
    assert result["log"] == pytest.approx(math.log(candidates))
    assert result["right"] == pytest.approx(1 / candidates)


@pytest.mark.parametrize("negatives", ["other", "both"])
def test_gradient_is_that_of_finite_differences(negatives):
    temperature, n = 0.2, 5
    s = np.random.default_rng(0).uniform(-1, 1, (2 * n, 2 * n))
    allowed = infonce.candidates(n, negatives)
    share = infonce.loss_of(s, temperature, allowed)[1]
    partner = np.roll(np.arange(2 * n), n)
    formula = (share - np.eye(2 * n)[partner]) / (2 * n * temperature)
    for i, k in np.ndindex(s.shape):
        step = np.zeros_like(s)
        step[i, k] = 1e-5
        up, down = (infonce.loss_of(s + each, temperature, allowed)[0] for each in (step, -step))
        assert formula[i, k] == pytest.approx((up - down) / 2e-5, abs=1e-8)
    np.testing.assert_allclose(formula.sum(axis=1), 0, atol=1e-12)


def test_the_gradient_shown_is_that_of_the_rows():
    result = compute(batch=8, negatives="both", temperature=0.2, encoder="pixels")
    np.testing.assert_allclose(result["gradient"].sum(axis=1), 0, atol=1e-12)
    assert (np.diag(result["gradient"]) < 0).all()
    first = result["gradient"][:, 8:]
    np.testing.assert_allclose(np.diag(first), 0)  # a view is not its own candidate
    assert (first[~np.eye(8, dtype=bool)] > 0).all()


@pytest.mark.parametrize("nats", [0.5, 3.0, 10.0])
def test_bound_is_that_of_the_densities(nats):
    x, noise = np.random.default_rng(1).normal(size=(2, 6, 16, infonce.DIMENSIONS))
    rho = math.sqrt(1 - math.exp(-2 * nats / infonce.DIMENSIONS))
    assert -infonce.DIMENSIONS / 2 * math.log(1 - rho**2) == pytest.approx(nats)
    wanted = []
    for one, other in zip(torch.tensor(x), torch.tensor(noise), strict=True):
        y = rho * one + math.sqrt(1 - rho**2) * other
        density = Normal(rho * one, math.sqrt(1 - rho**2)).log_prob(y[:, None]).sum(2)  # (y, x)
        wanted.append(math.log(16) - cross_entropy(density, torch.arange(16)).item())
    np.testing.assert_allclose(infonce.gaussian_bounds(x, noise, nats), wanted, rtol=1e-9)


@pytest.mark.parametrize("batch", BATCHES)
def test_the_bound_passes_neither_log_n_nor_the_information(batch):
    estimate = infonce.estimates(batch, 0)
    assert (estimate <= math.log(batch)).all()
    assert (estimate <= infonce.KNOWN + 0.15).all()  # up to the noise of so few batches
    assert (np.diff(estimate) > 0).all()
    assert estimate[-1] == pytest.approx(math.log(batch), abs=0.1)
