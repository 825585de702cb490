"""The invariance lab: distances that must be zero, and the meaning of a distance of 1."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from widgets import invariance_lab
from widgets.data import load
from widgets.kit.encoders import ENCODERS, encode_as

NAMES = list(ENCODERS)


def compute(**changed):
    rest = {**invariance_lab.instrument.defaults(), "right": 0}
    return invariance_lab.compute(**{**rest, **changed})


def test_no_change_moves_no_code():
    result = compute()
    np.testing.assert_array_equal(result["moved"], 0)
    assert result["error"] == 0


@pytest.mark.parametrize("right", [-4, 1, 3])
@pytest.mark.parametrize("image", [2, 18, 33])
def test_fourier_magnitudes_do_not_change_under_a_circular_shift(right, image):
    moved = dict(zip(NAMES, compute(right=right, image=image)["moved"], strict=True))
    assert moved["fourier"] < 1e-9
    assert moved["pixels"] > 0.2


def test_convolution_follows_a_shift_and_dimming_exactly_and_a_turn_not_at_all():
    assert compute(right=4)["error"] < 1e-9
    assert compute(ink=35)["error"] < 1e-9
    assert compute(turned=45)["error"] > 0.1


def test_a_linear_code_moves_as_far_as_the_ink_that_is_lost():
    """Pixels: |x - s x| = (1 - s) |x|."""
    result = compute(ink=40)
    unit = load("mnist_distances")["scale"][0]
    assert result["moved"][0] == pytest.approx(0.6 * np.linalg.norm(result["x"]) / unit)


@pytest.mark.parametrize("name", ["pixels", "pca", "shifts"])
def test_unit_is_the_mean_distance_of_two_different_digits(name):
    gallery, apart = load("mnist_gallery"), load("mnist_distances")
    codes = encode_as(name, gallery["images"] / 255)
    labels = gallery["labels"].astype(float)
    gaps, alike = pdist(codes), pdist(labels[:, None]) == 0
    at = NAMES.index(name)
    assert apart["scale"][at] == pytest.approx(gaps[~alike].mean(), rel=1e-4)
    assert apart["within"][at] == pytest.approx(gaps[alike].mean(), rel=1e-4)


@pytest.mark.parametrize("grown", [-1.0, 0.5])
def test_a_thickened_digit_has_no_error_of_the_convolution(grown):
    shown = invariance_lab.frame(compute(grown=grown))
    assert shown.readouts["error"] is None
    assert "negative values" in shown.note


def test_the_axis_reaches_as_far_as_a_code_has_moved():
    result = compute(right=4, turned=-45, ink=20, grown=2.0, image=1)
    for moved in (result["moved"], np.full(len(NAMES), 2.7)):
        plot, _ = invariance_lab.frame(result | {"moved": moved}).panels
        assert plot.figure["layout"]["xaxis"]["range"][1] >= moved.max()
        np.testing.assert_array_equal(plot.figure["data"][0]["x"], moved)


def test_note_names_what_is_farther_than_another_digit():
    note = invariance_lab.frame(compute(right=4)).note
    assert "pixels" in note
    assert "fourier" not in note
