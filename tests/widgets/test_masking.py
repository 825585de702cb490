"""The masked autoencoder in NumPy against torch; copies of pixels against a search."""

import numpy as np
import pytest
import torch

from training.data import load_dataset, to_unit
from training.errors import DataUnavailable
from training.exports.masked import CONFIG, baselines, mean_error
from training.masked_autoencoder import MaskedAutoencoder
from training.masked_autoencoder import to_patches as torch_patches
from widgets import masking
from widgets.data import load
from widgets.kit.encoders import ENCODERS, encode_as
from widgets.kit.masked import (
    PATCH,
    PATCHES,
    draw_all,
    encode_visible,
    multiplications,
    nearest_visible,
    to_images,
    to_patches,
)
from widgets.masking import BLOCKS, WIDTH

NONE = np.zeros((4, 4), np.uint8)
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
        if key.endswith("out.weight"):  # square: its shape does not show the orientation
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


def compute(**changed):
    return masking.compute(**{**masking.instrument.defaults(), "changed": NONE, **changed})


@pytest.mark.parametrize("count", [1, 8, 15])
def test_the_network_s_answer_and_error_are_torch_s(model, count):
    result = compute(count=count, digit=7, seed=5)
    hidden = result["hidden"]
    assert hidden.sum() == count
    x = torch.from_numpy(result["x"]).reshape(1, 784)
    visible = torch.from_numpy(np.flatnonzero(~hidden))[None]
    grid = x.reshape(4, 7, 4, 7).transpose(1, 2).reshape(1, 16, 49)
    drawn = model.decode(model.encode(grid, visible), visible)
    squares = (drawn - grid).square().mean(2)[0].numpy()
    assert result["errors"][0] == pytest.approx(squares[hidden].mean(), abs=1e-9)
    assert result["by_place"][0, hidden] == pytest.approx(np.sqrt(squares[hidden]), abs=1e-9)


def test_what_is_visible_stays_as_it_is():
    result = compute(count=9)
    seen = ~np.kron(result["hidden"].reshape(4, 4), np.ones((7, 7), bool))
    for answer in result["answers"]:
        np.testing.assert_array_equal(answer[seen], result["x"][seen])


def test_a_click_exchanges_hidden_and_visible():
    changed = NONE.copy()
    changed[1, 2] = 255
    before, after = compute(seed=3)["hidden"], compute(seed=3, changed=changed)["hidden"]
    assert np.flatnonzero(before != after).tolist() == [6]


@pytest.mark.parametrize("count", [0, 15])
def test_nothing_and_everything_may_be_hidden(count):
    whole = compute(count=count)
    everything = np.where(whole["drawn"].reshape(4, 4), 0, 255).astype(np.uint8)
    result = compute(count=count, changed=everything)
    assert result["hidden"].all()
    assert np.isfinite(result["answers"]).all()
    assert "Everything is hidden" in masking.frame(result).note
    shown = compute(count=0)
    assert shown["errors"] is None
    assert masking.frame(shown).readouts["network"] is None
    assert masking.frame(shown).readouts["work"] == 100
    assert masking.frame(result).readouts["work"] == 0


def test_sizes_are_those_of_the_network():
    assert (CONFIG.width, CONFIG.blocks) == (WIDTH, BLOCKS)


def test_curves_are_measured_on_test_digits(model):
    try:
        dataset = load_dataset("mnist")
    except DataUnavailable as error:
        pytest.skip(str(error))
    study = load("mnist_masking")
    test = to_unit(dataset.test_images)
    trained = list(study["hidden"]).index(12)
    for count in (2, 12):
        wanted = study["errors"][trained, 0, list(study["tested"]).index(count)]
        assert mean_error(model.float(), test, count) == pytest.approx(wanted, rel=0.01)
    model.double()
    again = baselines(to_unit(dataset.train_images), test[::10])
    np.testing.assert_allclose(again["mean"], study["mean"], rtol=0.1)
    np.testing.assert_allclose(again["nearest"], study["nearest"], rtol=0.1)
