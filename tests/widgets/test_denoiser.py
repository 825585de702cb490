"""The denoiser against scipy's cosine transform and the averages that its formulas predict."""

import numpy as np
import pytest
from scipy.fft import dct, idct

from widgets import denoiser


def compute(seed=0, **changed):
    values = {"k": 16, "corruption": "gaussian", "sigma": 0.5, "p": 0.3, **changed}
    return denoiser.compute(**values, seed=seed)


@pytest.mark.parametrize("k", [1, 16, 100, 128])
def test_projection_is_a_truncated_cosine_transform(k):
    result = compute(k=k)
    spectrum = dct(result["x_tilde"], norm="ortho")
    np.testing.assert_allclose(result["noisy_coefficients"], spectrum, atol=1e-12)
    spectrum[k:] = 0
    np.testing.assert_allclose(result["x_hat"], idct(spectrum, norm="ortho"), atol=1e-12)
    np.testing.assert_allclose(result["coefficients"], dct(result["x"], norm="ortho"), atol=1e-12)


def test_white_noise_leaves_k_of_n_parts():
    result = compute(k=16, sigma=0.5)
    assert result["noise_left"] == pytest.approx(0.25 * 16 / 128)
    assert compute(k=128)["bias"] == 0


@pytest.mark.parametrize(
    "setting",
    [
        {"k": 16, "sigma": 0.5},
        {"k": 3, "sigma": 1.5},
        {"k": 16, "corruption": "masking", "p": 0.3},
        {"k": 40, "corruption": "masking", "p": 0.8},
    ],
)
def test_expected_error_is_the_average_error(setting):
    """Over 3,000 draws, measured minus expected is zero within four standard errors."""
    results = [compute(seed, **setting) for seed in range(3000)]
    off = np.array([r["denoised"] - r["noise_left"] - r["bias"] for r in results])
    assert abs(off.mean()) < 4 * off.std() / np.sqrt(len(off))


def test_masking_blanks_samples():
    result = compute(corruption="masking", p=0.5)
    blank = result["x_tilde"] != result["x"]
    assert (result["x_tilde"][blank] == 0).all()
    assert 0.3 < blank.mean() < 0.7
    assert result["corrupted"] == pytest.approx((result["x"][blank] ** 2).sum() / 128)


def test_sigma_scales_one_draw_of_noise():
    small, large = compute(sigma=0.1), compute(sigma=1.0)
    np.testing.assert_array_equal(small["x"], large["x"])
    np.testing.assert_allclose(
        10 * (small["x_tilde"] - small["x"]), large["x_tilde"] - large["x"], atol=1e-12
    )


def test_no_noise_has_nothing_to_remove():
    frame = denoiser.frame(compute(sigma=0.0))
    assert frame.readouts["removed"] is None
    assert "Nothing is corrupted" in frame.note


def test_labels_do_not_overlap():
    for heights in ([0, 0, 0], [1, 0.9, -2], [0.3, 0.1, 0.2]):
        apart = np.sort(denoiser.spread(heights, gap=0.5))
        assert (np.diff(apart) >= 0.5 - 1e-12).all()
        assert apart.mean() == pytest.approx(np.mean(heights))
