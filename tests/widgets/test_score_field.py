"""The score against a kernel density of scikit-learn, the ring against Bessel functions."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import i0e, i1e
from sklearn.neighbors import KernelDensity

from widgets import score_field as widget

RADIUS = np.sqrt(2)


def compute(**changed):
    return widget.compute(**{**widget.instrument.defaults(), **changed})


@pytest.mark.parametrize("data", widget.CURVES)
@pytest.mark.parametrize("sigma", [0.1, 0.3, 1.2])
def test_score_is_the_gradient_of_the_log_kernel_density(data, sigma):
    result = compute(data=data, sigma=sigma)
    density = KernelDensity(bandwidth=sigma, kernel="gaussian").fit(result["x"])
    h = 1e-5
    by_differences = np.stack(
        [
            density.score_samples(result["places"] + move)
            - density.score_samples(result["places"] - move)
            for move in (np.array([h, 0]), np.array([0, h]))
        ],
        axis=1,
    ) / (2 * h)
    np.testing.assert_allclose(result["scores"], by_differences, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("data", widget.CURVES)
def test_density_equals_scikit_learn(data):
    result = compute(data=data, sigma=0.4)
    density = KernelDensity(bandwidth=0.4, kernel="gaussian").fit(result["x"])
    np.testing.assert_allclose(result["log_density"], density.score_samples(result["walk"]))
    lattice = np.stack(np.meshgrid(result["lattice"], result["lattice"]), -1).reshape(-1, 2)
    grid = np.exp(density.score_samples(lattice)).reshape(61, 61)
    np.testing.assert_allclose(result["density"], grid / grid.max(), atol=1e-12)


def test_one_datum_is_the_answer_everywhere():
    answer, log_density = widget.denoise(np.array([[2.0, 0.0]]), np.array([[0.5, 0.5]]), 0.5)
    np.testing.assert_allclose(answer, [[0.5, 0.5]])
    expected = -(2.25 + 0.25) / (2 * 0.25) - np.log(2 * np.pi * 0.25)
    assert log_density[0] == pytest.approx(expected)


@pytest.mark.parametrize("sigma", [0.3, 0.6, 0.8])
def test_the_walk_ends_where_a_full_ring_has_its_highest_density(sigma):
    """On a ring of radius R the denoiser at radius r gives R I1(rR/sigma^2) / I0(rR/sigma^2)."""
    top = brentq(
        lambda r: RADIUS * i1e(r * RADIUS / sigma**2) / i0e(r * RADIUS / sigma**2) - r, 0.1, 2
    )
    end = compute(sigma=sigma, step=1.0)["walk"][-1]
    assert np.linalg.norm(end) == pytest.approx(top, abs=2e-3)


@pytest.mark.parametrize(("sigma", "to_the_middle"), [(0.9, False), (1.1, True)])
def test_above_radius_over_root_two_the_middle_attracts(sigma, to_the_middle):
    end = compute(sigma=sigma, step=1.0, start=(0.1, 0.0))["walk"][-1]
    assert (np.linalg.norm(end) < 0.1) == to_the_middle


@pytest.mark.parametrize("step", [0.1, 0.5, 1.0])
def test_the_log_density_never_falls(step):
    for data in widget.CURVES:
        for sigma in (0.1, 0.5, 1.5):
            result = compute(data=data, sigma=sigma, step=step, start=(-1.9, 0.4))
            assert (np.diff(result["log_density"]) > -1e-12).all()


def test_a_falling_noise_level_ends_near_the_data():
    for data in widget.CURVES:
        result = compute(data=data, sigma=1.5, falling=True, start=(-2.0, 1.0))
        assert result["sigmas"][[0, -1]] == pytest.approx([1.5, 0.05])
        assert result["distance"][-1] < 0.02


def test_data_lie_evenly_on_the_curve():
    for data in widget.CURVES:
        x = compute(data=data)["x"]
        assert x.shape == (widget.N, 2)
        gaps = np.linalg.norm(np.diff(x, axis=0), axis=1)
        within = gaps[gaps < 2 * np.median(gaps)]  # moons: except the gap between them
        assert within.std() < 0.01 * within.mean()


def test_the_note_says_when_the_walk_leads_away():
    assert "farther from the data" in widget.frame(compute(sigma=1.3)).note
    assert "arrow" in widget.frame(compute(sigma=0.3)).note


@pytest.mark.parametrize("data", widget.CURVES)
@pytest.mark.parametrize("step", [0.1, 0.3, 1.0])
@pytest.mark.parametrize("sigma", [0.1, 0.3, 1.0])
def test_a_walk_said_to_rest_is_where_a_long_one_ends(data, step, sigma):
    """Close to sigma = 1 the ring's walk slows down long before its end."""
    result = compute(data=data, sigma=sigma, step=step, start=(0.2, 0.1))
    end = result["walk"][-1]
    for _ in range(3000):
        end = end + step * (widget.denoise(end[None], result["x"], sigma)[0][0] - end)
    rest = widget.frame(result).readouts["rest"]
    away = np.linalg.norm(result["walk"] - end, axis=1)
    if rest is None:
        assert away[-1] > widget.AT_REST / 2
    else:
        assert away[rest:].max() < 2 * widget.AT_REST


def test_a_walk_that_creeps_is_not_at_rest():
    creeping = compute(sigma=1.0, step=0.1, start=(0.2, 0.1))
    assert np.linalg.norm(creeping["walk"][-1]) > 0.1  # still on its way to the centre
    assert widget.frame(creeping).readouts["rest"] is None


def noisy_data(data, sigma, n=4000):
    rng = np.random.default_rng(0)
    clean = widget.points(data)[rng.integers(0, widget.N, n)]
    return clean, clean + sigma * rng.normal(size=clean.shape)


@pytest.mark.parametrize("data", widget.CURVES)
@pytest.mark.parametrize("sigma", [0.1, 0.3, 1.0])
def test_on_noisy_data_the_network_is_nearly_as_good_as_the_best_denoiser(data, sigma):
    """The posterior mean has the lowest mean squared error: the network's error is higher by its
    squared distance from that mean.
    """
    clean, noisy = noisy_data(data, sigma)
    best = widget.denoise(noisy, widget.points(data), sigma)[0]
    answer = widget.learned(noisy, sigma, data)
    least, reached = (np.square(each - clean).sum(axis=1).mean() for each in (best, answer))
    excess = np.square(answer - best).sum(axis=1).mean()
    assert reached == pytest.approx(least + excess, rel=0.02)
    assert 0 < excess < 0.1 * least


@pytest.mark.parametrize("data", widget.CURVES)
def test_where_there_are_no_data_the_two_part(data):
    near, far = compute(data=data, sigma=0.1, denoiser="learned")["off"]
    assert far > 5 * near


def test_there_are_no_far_places_under_much_noise_and_no_network_unless_asked():
    assert compute(sigma=1.5, denoiser="learned")["off"][1] is None
    assert compute()["off"] == (None, None)
    assert "learned" not in compute()


def test_the_network_does_not_end_on_the_data_that_it_was_shown():
    """With little noise the best denoiser ends on data; the network also ends between them."""
    places = widget.ring()[0, ::7]  # all along the curve

    def gaps(answer):
        walk, x = places, widget.points("ring")
        for _step in range(200):
            walk = answer(walk, x)
        return np.sqrt(widget.squared_distances(walk, x).min(axis=1))

    by_heart = gaps(lambda at, x: widget.denoise(at, x, 0.05)[0])
    between = gaps(lambda at, x: widget.learned(at, 0.05, "ring"))
    assert np.median(by_heart) < 0.005 < np.median(between)
