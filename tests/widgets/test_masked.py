"""The masked autoencoder in NumPy against torch; copies of pixels against a search through all."""

import numpy as np
import pytest
import torch

from app.models.exports.masked import CONFIG
from app.models.masked_autoencoder import MaskedAutoencoder
from app.models.masked_autoencoder import to_patches as torch_patches
from widgets.data import load
from widgets.encoders import ENCODERS, encode_as
from widgets.masked import (
    PATCH,
    PATCHES,
    draw_all,
    encode_visible,
    multiplications,
    nearest_visible,
    to_images,
    to_patches,
)

IMAGES = load("mnist_gallery")["images"][:30] / 255


@pytest.fixture(scope="module")
def model() -> MaskedAutoencoder:
    """Torch's own network with the weights of the page."""
    arrays = dict(load("mnist_masked"))
    del arrays["mean"]
    built = CONFIG.build().double()
    turned = {
        key: torch.from_numpy(
            value.copy().T if value.shape != built.state_dict()[key].shape else value.copy()
        )
        for key, value in arrays.items()
    }
    for key, value in arrays.items():
        if key.endswith("out.weight"):  # square: its shape does not tell
            turned[key] = torch.from_numpy(value.T.copy())
    built.load_state_dict(turned)
    return built.requires_grad_(False)


@pytest.mark.parametrize("hidden", [0, 4, 12, 15])
def test_numpy_draws_what_torch_draws(model, hidden):
    visible = np.sort(np.random.default_rng(hidden).permutation(PATCHES)[hidden:])
    places = torch.from_numpy(visible).expand(len(IMAGES), -1)
    x = torch.from_numpy(IMAGES).flatten(1)
    wanted = model.encode(torch_patches(x), places)
    tokens = encode_visible(to_patches(IMAGES), visible, load("mnist_masked"))
    np.testing.assert_allclose(tokens, wanted.numpy(), atol=1e-9)
    drawn = draw_all(tokens, visible, load("mnist_masked"))
    np.testing.assert_allclose(drawn, model.decode(wanted, places).numpy(), atol=1e-9)


def test_code_is_the_mean_token_of_torch(model):
    wanted = model.code(torch.from_numpy(IMAGES).flatten(1))
    np.testing.assert_allclose(encode_as("masked", IMAGES), wanted.numpy(), atol=1e-9)
    assert "masked" not in ENCODERS


def test_hidden_patches_do_not_reach_the_encoder():
    visible = np.array([5, 6, 9])
    other = to_patches(IMAGES)
    other[:, np.setdiff1d(np.arange(PATCHES), visible)] = 0.7
    weights = load("mnist_masked")
    tokens = encode_visible(to_patches(IMAGES), visible, weights)
    np.testing.assert_array_equal(tokens, encode_visible(other, visible, weights))


def test_patches_and_back():
    patches = to_patches(IMAGES)
    np.testing.assert_array_equal(patches[3, 6].reshape(PATCH, PATCH), IMAGES[3, 7:14, 14:21])
    np.testing.assert_array_equal(to_images(patches), IMAGES)


def test_copied_pixels_are_the_nearest_of_all_visible_ones():
    rng = np.random.default_rng(0)
    x = rng.random((4, 28, 28))  # no two greys alike
    hidden = rng.random((4, PATCHES)) < 0.7
    copied = nearest_visible(x, hidden)
    for image, cover, copy in zip(x, hidden, copied, strict=True):
        covered = np.kron(cover.reshape(4, 4), np.ones((PATCH, PATCH))) > 0
        seen = np.argwhere(~covered)
        for row, column in np.argwhere(covered)[::37]:
            away = ((seen - (row, column)) ** 2).sum(1)
            nearest = seen[away == away.min()]
            assert copy[row, column] in image[nearest[:, 0], nearest[:, 1]]
        np.testing.assert_array_equal(copy[~covered], image[~covered])


def test_multiplications_are_those_of_the_matrices():
    tokens, width = 5, 64
    shapes = [(width, 3 * width), (width, width), (width, 2 * width), (2 * width, width)]
    matrices = tokens * sum(rows * columns for rows, columns in shapes)
    pairs = 2 * tokens * tokens * width
    assert multiplications(tokens, width, 2) == 2 * (matrices + pairs)
