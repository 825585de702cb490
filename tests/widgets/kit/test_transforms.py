"""Transforms of digits against scipy, and against strokes of known width."""

import numpy as np
import pytest
from scipy import ndimage

from widgets.data import load
from widgets.kit.transforms import dim, shift, stroke_width, thicken, turn

IMAGES = load("mnist_images")["images"] / 255
CROSS = ndimage.generate_binary_structure(2, 1)[None]


def test_shift_is_that_of_scipy_where_only_blank_comes_in():
    wide = np.pad(IMAGES[:, 8:-8, 8:-8], ((0, 0), (8, 8), (8, 8)))
    wanted = ndimage.shift(wide, (0, -2, 3), order=0)
    np.testing.assert_allclose(shift(wide, 3, -2), wanted)


def test_shifts_come_full_circle():
    np.testing.assert_array_equal(shift(IMAGES, 28, -28), IMAGES)


@pytest.mark.parametrize("degrees", [-45, -7, 12, 30])
def test_turn_is_that_of_scipy(degrees):
    wanted = ndimage.rotate(IMAGES, -degrees, axes=(1, 2), reshape=False, order=1)
    inside = (slice(None), slice(6, 22), slice(6, 22))  # scipy treats the edges differently
    np.testing.assert_allclose(turn(IMAGES, degrees)[inside], wanted[inside], atol=1e-9)


def test_a_quarter_turn_goes_clockwise_and_loses_nothing():
    np.testing.assert_allclose(turn(IMAGES, 90), np.rot90(IMAGES, -1, axes=(1, 2)), atol=1e-9)


@pytest.mark.parametrize("pixels", [1, 2])
def test_thickening_by_whole_pixels_is_grey_dilation_and_thinning_erosion(pixels):
    wide = np.pad(IMAGES[:, 4:-4, 4:-4], ((0, 0), (4, 4), (4, 4)))
    grown, eaten = wide, wide
    for _ in range(pixels):
        grown = ndimage.grey_dilation(grown, footprint=CROSS)
        eaten = ndimage.grey_erosion(eaten, footprint=CROSS)
    np.testing.assert_allclose(thicken(wide, pixels), grown, atol=1e-12)
    np.testing.assert_allclose(thicken(wide, -pixels), eaten, atol=1e-12)


def test_between_whole_pixels_the_results_are_mixed():
    halfway = (thicken(IMAGES, 1) + thicken(IMAGES, 2)) / 2
    np.testing.assert_allclose(thicken(IMAGES, 1.5), halfway)
    np.testing.assert_array_equal(thicken(IMAGES, 0), IMAGES)


@pytest.mark.parametrize(("width", "length"), [(2, 20), (3, 22), (4, 20)])
def test_width_of_a_bar_follows_from_its_area_and_outline(width, length):
    bar = np.zeros((1, 28, 28))
    bar[0, 2 : 2 + length, 10 : 10 + width] = 1
    closed = width * length / (width + length)
    assert stroke_width(bar)[0] == pytest.approx(closed, rel=0.02)  # corners are cut a little


def test_width_of_digits_follows_their_distance_transform():
    """As Morpho-MNIST measures it: twice the distance to the outline, along the centre line."""

    def by_distance(image):
        inside = ndimage.zoom(image, 4, order=1) > 0.5
        depth = ndimage.distance_transform_edt(inside)
        ridge = inside & (depth == ndimage.maximum_filter(depth, 5))
        return 2 * depth[ridge].mean() / 4

    digits = load("mnist_gallery")["images"][:200] / 255
    wanted = [by_distance(image) for image in digits]
    assert np.corrcoef(stroke_width(digits), wanted)[0, 1] > 0.95


def test_width_minds_neither_place_nor_ink_and_grows_with_the_strokes():
    width = stroke_width(IMAGES)
    np.testing.assert_allclose(stroke_width(dim(IMAGES, 0.3)), width)
    np.testing.assert_allclose(stroke_width(shift(IMAGES, 1, 1)), width, rtol=1e-6)
    assert (stroke_width(thicken(IMAGES, 1)) > width + 1).all()
