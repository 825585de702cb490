"""Images in the middle of their cells."""

import numpy as np
import pytest

from latentbook_decoders.decoding.mosaic import Mosaic, picture_of


@pytest.mark.parametrize("count", [12, 9, 1])
def test_images_lie_in_the_middle_of_their_cells(count):
    images = np.random.default_rng(0).integers(0, 256, (count, 2, 3), np.uint8)
    picture = picture_of(Mosaic(3, 4, (4, 7)).lay(images))
    assert picture.shape == (12, 28)
    for i, image in enumerate(images):
        top, left = 4 * (i // 4) + 1, 7 * (i % 4) + 2
        assert np.array_equal(picture[top : top + 2, left : left + 3], image)
    assert picture.sum() == images.sum()  # the rest is blank


def test_images_that_fill_their_cells_are_not_copied():
    images = np.zeros((12, 2, 3), np.uint8)
    assert np.shares_memory(Mosaic(3, 4, (2, 3)).lay(images), images)
