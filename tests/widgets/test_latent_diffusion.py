"""Scores against scipy and finite differences, moments against the mixture's, torch's layers."""

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from tests.figures import check_figures
from widgets import latent_diffusion
from widgets.contract import YOURS
from widgets.data import load
from widgets.latent_diffusion import (
    ANY,
    CODES,
    WAVES,
    angle,
    clouds_of,
    denoised,
    drawn,
    generated,
    learned_posterior,
    noised,
    parts_of,
    plane_density,
    posterior,
    probability_of,
    spread_of,
)

NAMES = tuple(CODES.values())


def compute(**changed):
    return latent_diffusion.compute(**{**latent_diffusion.instrument.defaults(), **changed})


def mixture(name):
    return load(f"{name}_diffusion")


def log_density(z, phi, parts):
    """Log density of the mixture at angle phi by scipy's multivariate normal, (n,)."""
    log_weights, means, axes, variances = parts
    a, s = np.cos(phi), np.sin(phi)
    covariances = np.einsum("jde,je,jfe->jdf", axes, variances, axes)
    each = [
        weight
        + multivariate_normal(a * mean, a**2 * covariance + s**2 * np.eye(len(mean))).logpdf(z)
        for weight, mean, covariance in zip(log_weights, means, covariances, strict=True)
    ]
    return logsumexp(each, axis=0)


@pytest.mark.parametrize("phi", [0.1, 0.7, 1.3, np.pi / 2])
@pytest.mark.parametrize("name", NAMES)
def test_score_of_the_mixture_is_the_slope_of_its_log_density(name, phi):
    parts = parts_of(mixture(name), ANY)
    d = parts[1].shape[1]
    z = np.random.default_rng(0).normal(size=(20, d))
    answer, found, _ = posterior(z, phi, parts)
    np.testing.assert_allclose(found, log_density(z, phi, parts), rtol=1e-5, atol=1e-5)
    score = (np.cos(phi) * answer - z) / np.sin(phi) ** 2
    step = 1e-4
    weights = np.array([1, -8, 8, -1]) / (12 * step)  # fourth-order central difference
    for i in range(d):
        moved = [posterior(z + at * step * np.eye(d)[i], phi, parts)[1] for at in (-2, -1, 1, 2)]
        np.testing.assert_allclose(score[:, i], weights @ np.array(moved), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_denoiser_is_the_mean_of_codes_that_could_have_led_here(name):
    """E[z_0 | z_t], by weighting draws of the mixture with the likelihood of the noise."""
    parts, phi = parts_of(mixture(name), "3"), 1.2
    rng = np.random.default_rng(1)
    codes = drawn(parts, 400_000, rng)
    z = np.cos(phi) * drawn(parts, 1, rng) + np.sin(phi) * rng.normal(size=(1, codes.shape[1]))
    weight = -0.5 * np.square((z - np.cos(phi) * codes) / np.sin(phi)).sum(1)
    weight = np.exp(weight - weight.max())
    wanted = weight @ codes / weight.sum()
    np.testing.assert_allclose(posterior(z, phi, parts)[0][0], wanted, atol=0.03)


def test_the_network_is_what_torch_computes():
    data = mixture("conv_vae_mnist")
    z, phi = np.random.default_rng(2).normal(size=(6, 2)), 0.8
    wave = 2 * phi * np.arange(1, WAVES + 1)
    for digit, place in ((ANY, 10), ("7", 7)):
        told = np.eye(11)[[place] * len(z)]
        known = np.tile(np.concatenate([np.cos(wave), np.sin(wave)]), (len(z), 1))
        h = torch.from_numpy(np.concatenate([z, known, told], axis=1))
        for i in range(4):
            h = h @ torch.from_numpy(data[f"w{i}"].astype(float)) + torch.from_numpy(
                data[f"b{i}"].astype(float)
            )
            h = torch.nn.functional.silu(h) if i < 3 else h
        wanted = np.cos(phi) * z - np.sin(phi) * h.numpy()
        np.testing.assert_allclose(learned_posterior(z, phi, data, digit), wanted, atol=1e-9)


@pytest.mark.parametrize("sampler", ["ddpm", "ddim"])
@pytest.mark.parametrize("name", NAMES)
def test_moments_of_draws_are_those_of_the_mixture(name, sampler):
    data, rng = mixture(name), np.random.default_rng(3)
    parts = parts_of(data, "4")
    d = parts[1].shape[1]
    phis = angle(np.linspace(1, 0, 401), "cosine")
    z = generated(rng.normal(size=(3000, d)), phis, data, "exact", sampler, (0.0, "4"), rng)[-1]
    pi = np.exp(parts[0])
    mean = pi @ parts[1]
    np.testing.assert_allclose(z.mean(0), mean, atol=0.07)
    spread = np.sqrt(np.square(z - z.mean(0)).sum(1).mean())
    assert spread == pytest.approx(spread_of(parts), rel=0.03)
    direct = drawn(parts, 100_000, rng)
    np.testing.assert_allclose(np.cov(z.T), np.cov(direct.T), atol=0.1)
    assert np.sqrt(np.square(direct - mean).sum(1).mean()) == pytest.approx(
        spread_of(parts), rel=0.01
    )


@pytest.mark.parametrize("steps", [1, 2, 8])
def test_ddim_on_normal_codes_shrinks_by_cosines(steps):
    """For N(0, I) the denoiser gives a z, and a step multiplies by the cosine of its angle."""
    one = {
        "log_weights": np.zeros((1, 1)),
        "means": np.zeros((1, 1, 2)),
        "axes": np.eye(2)[None, None],
        "variances": np.ones((1, 1, 2)),
    }
    z, rng = np.array([[1.0, -2.0]]), np.random.default_rng(0)
    phis = angle(np.linspace(1, 0, steps + 1), "cosine")
    walk = generated(z, phis, one, "exact", "ddim", (0.0, ANY), rng)
    np.testing.assert_allclose(walk[-1], np.cos(np.pi / 2 / steps) ** steps * z, atol=1e-12)


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
def test_forward_noise_has_the_moments_of_its_time(schedule):
    rng = np.random.default_rng(4)
    codes = np.tile([[1.0, -0.5]], (20_000, 1))
    phis = angle(np.linspace(0, 1, 9), schedule)
    for z, phi in zip(noised(codes, phis, rng), phis, strict=True):
        np.testing.assert_allclose(z.mean(0), np.cos(phi) * codes[0], atol=0.04)
        np.testing.assert_allclose(z.std(0), np.sin(phi), atol=0.02)


def test_linear_schedule_is_that_of_a_thousand_steps():
    rates = np.linspace(1e-4, 0.02, 1000)
    kept = np.cumprod(1 - rates)
    found = np.cos(angle(np.arange(1, 1001) / 1000, "linear")) ** 2
    np.testing.assert_allclose(found, kept, atol=0.003)


def test_density_of_the_plane_and_probability_of_a_digit():
    data = mixture("conv_vae_mnist")
    lattice, phi = np.linspace(-2, 2, 5), 0.4
    parts = parts_of(data, ANY)
    places = np.stack(np.meshgrid(lattice, lattice), -1).reshape(-1, 2)
    wanted = np.exp(log_density(places, phi, parts)).reshape(5, 5)
    found = plane_density(lattice, phi, parts, np.eye(2))
    np.testing.assert_allclose(found, wanted / wanted.max(), rtol=1e-4, atol=1e-6)
    every = np.stack([probability_of(places, data, digit) for digit in range(10)])
    np.testing.assert_allclose(every.sum(0), 1)


def test_guidance_extrapolates():
    data, z = mixture("conv_vae_mnist"), np.random.default_rng(5).normal(size=(4, 2))
    alone, asked = (denoised(z, 0.9, data, "exact", (0.0, which)) for which in (ANY, "4"))
    np.testing.assert_allclose(
        denoised(z, 0.9, data, "exact", (3.0, "4")), asked + 3 * (asked - alone), atol=1e-12
    )


def test_what_is_shown_is_the_place_of_the_time():
    back, forward = compute(t=0.5, steps=8), compute(t=0.5, steps=8, way="forward")
    assert back["times"][back["now"]] == forward["times"][forward["now"]] == 0.5
    assert compute(t=0.0)["now"] == 24 and compute(t=0.0, way="forward")["now"] == 0
    assert compute(steps=1, t=0.0, way="ddim")["spread"] == pytest.approx(0, abs=1e-6)


def test_the_score_of_the_readers_own_codes(kept):
    """It is the slope of the log density of its clouds, by scipy; draws end among the clouds."""
    data = clouds_of(load(YOURS))
    parts, phi = parts_of(data, ANY), 0.7
    z = np.random.default_rng(0).normal(size=(5, 2))
    answer, found, _ = posterior(z, phi, parts)
    np.testing.assert_allclose(found, log_density(z, phi, parts), rtol=1e-6)
    score = (np.cos(phi) * answer - z) / np.sin(phi) ** 2
    for i, step in enumerate(1e-5 * np.eye(2)):
        ahead, back = (log_density(z + way * step, phi, parts) for way in (1, -1))
        np.testing.assert_allclose(score[:, i], (ahead - back) / 2e-5, rtol=1e-4, atol=1e-6)
    result = compute(latents=YOURS, asked="one", digit=3, w=2.0, score="learned", t=0.0)
    assert 0.5 < result["spread"] < 1.5
    frame = latent_diffusion.frame(result)
    check_figures(frame)
    assert frame.readouts["gap"] is None
    assert frame.readouts["probable"] is None
    assert "strokes" in frame.note
