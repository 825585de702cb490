"""Curves of rate and distortion: the bound against a search, order of points, read-off values."""

import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import silu

from tests.figures import check_figures
from widgets import rate_distortion
from widgets.contract import YOURS
from widgets.data import NothingKept, load
from widgets.kit.benchmark_codes import SHOWN, images
from widgets.rate_distortion import KINDS


def compute(**changed):
    return rate_distortion.compute(**{**rate_distortion.instrument.defaults(), **changed})


def test_the_bound_is_water_filling_over_the_eigenvalues():
    """By the Lagrange condition, each direction above the level has the same slope dD/dR."""
    variances = load("mnist_pca")["eigenvalues"].astype(float)

    def lost(level, error):
        return np.minimum(variances, level).sum() - error

    for bits, error in load("rate_distortion")["bound"][::10]:
        level = brentq(lost, 1e-9, 10, args=(error,))
        rates = 0.5 * np.log2(variances[variances > level] / level)
        assert rates.sum() == pytest.approx(bits, rel=1e-3)


@pytest.mark.parametrize("budget", [10, 50, 110, 300])
def test_the_slope_of_the_bound_is_twice_the_level_of_the_water(budget):
    variances = load("mnist_pca")["eigenvalues"].astype(float)

    def spent(level):
        return 0.5 * np.log2(np.maximum(variances / level, 1)).sum() - budget

    level = brentq(spent, 1e-6, variances.max())
    assert compute(budget=float(budget))["cost"] == pytest.approx(2 * level, rel=0.01)


@pytest.mark.parametrize("budget", [20, 60, 110, 240])
def test_the_parallel_lines_lie_below_what_they_touch(budget):
    """All VAEs are on or above their line, the bound on or above its tangent."""
    result = compute(budget=float(budget), slope=True)
    figure = rate_distortion.curves_figure(result)
    tangent, _, parallel, _ = figure["data"][-4:]
    for drawn, name in ((tangent, "bound"), (parallel, "vae")):
        slope, height = np.polyfit(drawn["x"], drawn["y"], 1)
        assert slope == pytest.approx(-result["cost"] * np.log(2))
        bits, error = result["curves"][name].T
        above = error - (height + slope * bits)
        assert -0.05 < above.min() < 0.05


def test_more_bits_leave_less():
    """Except for the VAE at the lowest beta, which is trained too little, as the section says."""
    for kind in KINDS:
        bits, error = compute()["curves"][kind][: 4 if kind == "vae" else None].T
        order = np.argsort(bits)
        assert np.all(np.diff(error[order]) < 0), kind


def test_linear_codes_stay_above_the_bound():
    """Clipping to [0, 1], which is not linear, gains a little; unclipped they would be above."""
    bound = compute()["curves"]["bound"]
    order = np.argsort(bound[:, 0])
    bits, error = compute()["curves"]["pca"].T
    at = np.interp(bits, *bound[order].T)
    assert np.all(error > 0.75 * at)


def test_prices_of_the_table_fall_with_what_is_known():
    equal, place, before = (compute(price=price)["least"] for price in ("equal", "place", "before"))
    assert equal == pytest.approx(49 * 6)
    assert equal > place > before


def test_between_two_points_lies_their_mean():
    (b0, e0), (b1, e1) = compute()["curves"]["autoencoder"][3:5]
    left = rate_distortion.left_at(compute()["curves"]["autoencoder"], (b0 + b1) / 2)
    assert left == pytest.approx((e0 + e1) / 2)


@pytest.mark.parametrize("price", ["equal", "place", "before"])
def test_the_drawn_line_is_what_is_read(price):
    result = compute(price=price)
    drawn = [trace for trace in rate_distortion.curves_figure(result)["data"] if "line" in trace]
    bits, error = (np.asarray(drawn[-1][key]) for key in "xy")  # of the VQ-VAE
    for one, other in zip(bits[1:-1], error[1:-1], strict=True):
        assert rate_distortion.left_at(result["curves"]["vq"], one) == pytest.approx(other)
    assert np.log(bits[1:] / bits[:-1]).max() < 0.1  # so close that logarithms hardly bend it


def test_beyond_what_was_measured_there_is_no_number():
    result = compute(budget=10.0)
    assert result["left"]["vq"] is None
    assert "VQ-VAE" in rate_distortion.note(result)


def test_the_readers_own_vae_costs_its_kl(kept):
    """Compared with torch's distributions; the error is that of a single draw."""
    result = compute(beside=YOURS)
    vae = {key: torch.tensor(value).double() for key, value in load(YOURS).items()}
    x = torch.tensor(images()[SHOWN:])
    small = x.unflatten(1, (14, 2)).unflatten(3, (14, 2)).mean((2, 4)).flatten(1)
    h = silu(small @ vae["encoder_w0"] + vae["encoder_b0"])
    mean = h @ vae["encoder_w1"] + vae["encoder_b1"]
    deviation = (0.5 * (h @ vae["log_variance_w1"] + vae["log_variance_b1"])).exp()
    nats = kl_divergence(Normal(mean, deviation), Normal(0.0, 1.0)).sum(1).mean()
    bits, error = result["own"]
    assert bits == pytest.approx(nats.item() / np.log(2), rel=1e-6)
    torch.manual_seed(0)
    z = mean + deviation * torch.randn_like(mean)
    drawn = torch.sigmoid(silu(z @ vae["w0"] + vae["b0"]) @ vae["w1"] + vae["b1"])
    wide = drawn.reshape(-1, 14, 14).repeat_interleave(2, 1).repeat_interleave(2, 2)
    assert error == pytest.approx((wide - x).square().sum((1, 2)).mean().item(), rel=0.02)
    frame = rate_distortion.frame(result)
    check_figures(frame)
    assert "strokes" in frame.note
    assert result["images"].shape == (6, 28, 28)


def test_a_vae_kept_without_its_variances_is_refused():
    with pytest.raises(NothingKept, match="Train it again"):
        rate_distortion.point_of({}, images()[:1])
