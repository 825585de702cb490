"""Drawings as text: short, exact to sixteen greys, and refused if invalid."""

import numpy as np
import pytest

from widgets.kit.drawing import to_pixels, to_text


@pytest.mark.parametrize("side", [1, 7, 28])
def test_sixteen_greys_survive(side):
    image = np.random.default_rng(0).integers(0, 16, (side, side), dtype=np.uint8) * 17
    image[image < 100] = 0
    np.testing.assert_array_equal(to_pixels(to_text(image), side), image)


def test_other_greys_come_back_as_the_nearest_of_sixteen():
    image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    back = to_pixels(to_text(image), 16).astype(int)
    assert np.abs(back - image).max() <= 8


def test_the_text_as_the_format_says():
    """By hand: 46 empty pixels are Z, 1 is g, 20 are z, 21 are A; ink is a hexadecimal digit."""
    image = np.zeros((10, 10), np.uint8)
    assert to_text(image) == "ZZn"  # 46 + 46 + 8
    image[0, 0], image[2, 1] = 255, 17
    assert to_text(image) == "fz1ZGH"[:3] + to_text(np.zeros((1, 78)))
    assert to_text(np.zeros((1, 1))) == "g"
    assert to_text(np.zeros((1, 21))) == "A"


def test_it_fits_into_a_link():
    """A blank pad takes a few letters, the worst drawing one letter per pixel."""
    assert len(to_text(np.zeros((28, 28), np.uint8))) == 18
    assert len(to_text(np.full((28, 28), 255, np.uint8))) == 784
    assert to_text(np.full((28, 28), 200, np.uint8)).isalnum()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds 0 pixels; accepted: 4"),
        ("fff", "holds 3 pixels"),
        ("Z", "holds 46 pixels"),
        ("ff0f", "'0' stands for no pixels"),
        ("ff-f", "'-' stands for no pixels"),
        ("fff\n", "stands for no pixels"),
    ],
)
def test_what_is_no_drawing_is_refused(text, said):
    with pytest.raises(ValueError, match=said):
        to_pixels(text, 2)
