"""Both parts of the gap against torch's divergence, quadrature and searches."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from torch.distributions import MultivariateNormal, kl_divergence

from widgets import amortisation_gap as widget
from widgets.amortisation_gap import CODES, W

SETTINGS = [(0.2, 0.0, 0.6), (0.14, 0.05, 0.8), (0.31, 0.2, 0.0), (0.4, 0.3, 0.35)]


def compute(**changed):
    return widget.compute(**{**widget.instrument.defaults(), **changed})


def pieces(overlap):
    """Make a decoder for images of three pixels; no piece reaches the last pixel."""
    return W * np.array([[1, overlap], [0, np.sqrt(1 - overlap**2)], [0, 0]])


def bound_falls_short(x, decoder, mu, sigma):
    """log p(x) - ELBO of q = N(mu, diag sigma^2), by Gauss-Hermite quadrature, exact here."""
    node, weight = np.polynomial.hermite_e.hermegauss(8)
    eps = np.stack(np.meshgrid(node, node), -1).reshape(-1, 2)
    share = np.outer(weight, weight).ravel() / (2 * np.pi)
    z = mu + sigma * eps
    off = x - z @ decoder.T
    joint = -np.sum(off**2, axis=1) / 2 - np.sum(z**2, axis=1) / 2 - 2.5 * np.log(2 * np.pi)
    log_q = -np.sum(eps**2, axis=1) / 2 - np.log(sigma).sum() - np.log(2 * np.pi)
    marginal = torch.eye(3).double() + torch.tensor(decoder @ decoder.T)
    log_px = MultivariateNormal(torch.zeros(3).double(), marginal).log_prob(torch.tensor(x)).item()
    return log_px - share @ (joint - log_q)


@pytest.mark.parametrize(("gain", "cross", "overlap"), SETTINGS)
def test_the_two_parts_are_the_whole_gap(gain, cross, overlap):
    result = compute(gain=gain, cross=cross, overlap=overlap)
    decoder = pieces(overlap)
    precision = torch.eye(2).double() + torch.tensor(decoder.T @ decoder)
    for code, cloud, part in zip(CODES, result["clouds"], result["amortisation"], strict=True):
        x = decoder @ code
        fits = decoder.T @ x
        np.testing.assert_allclose(cloud, gain * fits - cross * fits[::-1])
        whole = bound_falls_short(x, decoder, cloud, np.full(2, result["width"]))
        assert result["approximation"] + part == pytest.approx(whole, abs=1e-10)
        posterior = MultivariateNormal(
            torch.linalg.solve(precision, torch.tensor(fits)), precision_matrix=precision
        )
        q = MultivariateNormal(torch.tensor(cloud), result["width"] ** 2 * torch.eye(2).double())
        assert whole == pytest.approx(kl_divergence(q, posterior).item(), abs=1e-10)


@pytest.mark.parametrize("overlap", [0.3, 0.8])
def test_no_upright_cloud_does_better_than_the_approximation_gap(overlap):
    result, decoder = compute(overlap=overlap), pieces(overlap)
    for code in CODES:
        found = minimize(
            lambda at, x: bound_falls_short(x, decoder, at[:2], np.exp(at[2:])),
            np.zeros(4),
            args=(decoder @ code,),
            options={"gtol": 1e-8},
        )
        assert found.fun == pytest.approx(result["approximation"], abs=1e-7)
        np.testing.assert_allclose(np.exp(found.x[2:]), result["width"], rtol=1e-4)


@pytest.mark.parametrize("cross", [0.0, 0.1])
def test_the_best_gains_equal_a_search(cross):
    def gaps(at):
        return compute(gain=at[0], cross=cross)["amortisation"]

    result = compute(cross=cross)
    found = minimize(lambda at: gaps(at).mean(), [0.3], options={"gtol": 1e-9})
    assert found.x[0] == pytest.approx(result["shared"], abs=1e-6)
    for which in (0, 1):
        alone = minimize(lambda at, n=which: gaps(at)[n], [0.3], options={"gtol": 1e-9})
        assert alone.x[0] == pytest.approx(result["own"][which], abs=1e-6)


def test_one_number_serves_either_input_and_two_serve_both():
    own_a, own_b = compute()["own"]
    with_own_a, with_own_b = (compute(gain=own)["amortisation"] for own in (own_a, own_b))
    assert with_own_a[0] == pytest.approx(0, abs=1e-12) and with_own_a[1] > 0.1
    assert with_own_b[1] == pytest.approx(0, abs=1e-12) and with_own_b[0] > 0.1
    both = compute(gain=(own_a + own_b) / 2, cross=(own_b - own_a) / 2)
    assert both["amortisation"] == pytest.approx([0, 0], abs=1e-12)
    assert both["approximation"] == compute()["approximation"] > 0.1


def test_without_overlap_there_is_neither_gap():
    result = compute(overlap=0.0)
    assert result["approximation"] == pytest.approx(0, abs=1e-12)
    best = compute(overlap=0.0, gain=result["shared"])
    assert best["amortisation"] == pytest.approx([0, 0], abs=1e-12)


def test_the_gap_can_be_closed_with_the_sliders():
    readouts = widget.frame(compute(gain=0.26, cross=0.125)).readouts
    assert [format(readouts[key], ".3f") for key in ("of_a", "of_b")] == ["0.000", "0.000"]
