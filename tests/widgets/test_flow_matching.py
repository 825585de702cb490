"""Both paths against closed forms of one Gaussian, SciPy's solver and slopes of the density."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import logsumexp

from widgets import flow_matching as widget

EPS = np.random.default_rng(0).normal(size=(20, 2))


def compute(**changed):
    return widget.compute(**{**widget.instrument.defaults(), **changed})


@pytest.mark.parametrize("width", [0.1, 0.5, 1.0])
def test_one_group_is_carried_along_in_closed_form(width):
    """z = a m + sqrt(a^2 w^2 + s^2) eps on both paths."""
    m = np.array([[1.0, 0.8]])
    paths = widget.exact_paths(EPS, m, width)
    for path, points in paths.items():
        phis = 0.5 * np.pi * np.linspace(1, 0, widget.FINE + 1) ** 1.5
        a, s = np.cos(phis), np.sin(phis)
        if path == "flow":
            a, s = a / (a + s), s / (a + s)
        std = np.sqrt((a * width) ** 2 + s**2)
        wanted = a[:, None, None] * m + std[:, None, None] * EPS
        np.testing.assert_allclose(points, wanted, atol=2e-5)


@pytest.mark.parametrize("data", widget.MEANS)
def test_both_paths_end_where_scipy_ends_on_the_straight_one(data):
    means, width = widget.MEANS[data], 0.2

    def velocity(t, z):
        """Compute E[eps - x | z] from the posterior mean by Bayes' rule."""
        z = z.reshape(-1, 2)
        a, s = 1 - t, t
        v = (a * width) ** 2 + s**2
        gaps = z[:, None] - a * means
        exponent = -np.square(gaps).sum(2) / (2 * v)
        share = np.exp(exponent - logsumexp(exponent, axis=1, keepdims=True))
        x = (share[..., None] * (means + a * width**2 / v * gaps)).sum(1)
        eps = (share[..., None] * (s / v * gaps)).sum(1)
        return (eps - x).ravel()

    solved = solve_ivp(velocity, (1, 0), EPS.ravel(), rtol=1e-9, atol=1e-9)
    ends = solved.y[:, -1].reshape(-1, 2)
    for points in widget.exact_paths(EPS, means, width).values():
        np.testing.assert_allclose(points[-1], ends, atol=2e-3)


def test_what_is_believed_of_the_noise_is_the_slope_of_the_log_density():
    means, width, a, s = widget.MEANS["ring"], 0.3, 0.6, 0.8

    def log_density(z):
        squares = np.square(z[:, None] - a * means).sum(2)
        return logsumexp(-squares / (2 * ((a * width) ** 2 + s**2)), axis=1)

    x_hat, eps_hat = widget.believed(EPS, a, s, means, width)
    h = 1e-5 * np.eye(2)
    slope = np.stack([log_density(EPS + e) - log_density(EPS - e) for e in h], axis=1) / 2e-5
    np.testing.assert_allclose(eps_hat, -s * slope, atol=1e-8)
    np.testing.assert_allclose(a * x_hat + s * eps_hat, EPS, atol=1e-12)


@pytest.mark.parametrize("data", widget.MEANS)
@pytest.mark.parametrize("steps", [1, 3, 16])
def test_ddim_at_the_same_ratios_of_noise_is_flow_matching(data, steps):
    result = compute(data=data, steps=steps, sampler="levels")
    np.testing.assert_allclose(result["flow"][-1], result["diffusion"][-1], atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 8])
def test_ddim_shrinks_a_standard_gaussian_by_a_cosine_a_step(n):
    end = widget.walk(EPS, n, "ddim", np.zeros((1, 2)), 1.0)[-1]
    np.testing.assert_allclose(end, EPS * np.cos(0.5 * np.pi / n) ** n, atol=1e-12)


def test_of_n_m_1_diffusion_is_straight_and_flow_matching_is_not():
    way = compute(width=1.0)["way"]
    assert way["diffusion"] == pytest.approx(1, abs=1e-12)
    assert way["flow"] > 1.05


@pytest.mark.parametrize("sampler", ["euler", "ddim"])
def test_twice_the_steps_halve_the_error(sampler):
    for path in ("flow", "diffusion"):
        off = [compute(steps=steps, sampler=sampler)["off"][path] for steps in (8, 16)]
        assert 1.6 < off[0] / off[1] < 2.4
