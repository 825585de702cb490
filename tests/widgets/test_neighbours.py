"""Neighbours against scikit-learn's search, and their drawing."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from widgets import neighbours
from widgets.data import load
from widgets.kit.encoders import ENCODERS, encode_as

GALLERY = load("mnist_gallery")


def compute(**changed):
    return neighbours.compute(**{**neighbours.instrument.defaults(), **changed})


@pytest.mark.parametrize("code", ENCODERS)
def test_neighbours_are_those_of_sklearn(code):
    codes = encode_as(code, GALLERY["images"] / 255)
    search = NearestNeighbors(n_neighbors=11, algorithm="brute").fit(codes)
    for image in (1, 100, 625):
        gap, place = search.kneighbors(codes[[image - 1]])
        found = compute(image=image, k=10, code=code)["nearest"][1]
        far = np.linalg.norm(codes[found] - codes[image - 1], axis=1)
        np.testing.assert_allclose(far, gap[0, 1:], rtol=2e-3, atol=1e-3)  # float16 in the file
        assert image - 1 not in found
        assert place[0, 0] == image - 1


def test_by_pixels_both_rows_are_the_same():
    first, second = compute(code="pixels", k=7)["nearest"]
    np.testing.assert_array_equal(first, second)
    assert len(first) == 7


def test_neighbours_that_show_another_digit_are_in_negative():
    result = compute(code="vae", k=4)
    tiles = neighbours.frame(result).panels[0].images
    for row, places in enumerate(result["nearest"]):
        for column, place in enumerate(places):
            alike = result["labels"][place] == result["labels"][result["query"]]
            corner = tiles[row, column + 1, 0, 0]
            assert corner == (0 if alike else 255)
    assert not tiles[:, 5:].any()  # nothing beyond k


def test_figures_of_the_text():
    """Section `useful`: the leaders over all 10,000 test digits, and pixels with 60,000 known."""
    measured, names = load("mnist_distances"), list(ENCODERS)
    same, apart = measured["same"][:, 0], measured["apart"][:, 0]
    assert names[same.argmax()] == "network"
    assert 100 * same.max() == pytest.approx(98.8, abs=0.06)
    assert names[apart.argmin()] == "blurred"
    known = np.interp(-10, -100 * measured["wrong"], np.arange(len(measured["sizes"])))
    assert measured["sizes"][int(known)] < 1900 < measured["sizes"][int(known) + 1]
