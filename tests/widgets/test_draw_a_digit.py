"""The pad's instrument against MNIST's own images, Pillow, torch and scipy."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import center_of_mass, shift
from scipy.spatial import cKDTree

from widgets import draw_a_digit
from widgets.data import load
from widgets.engine.controls import accepted
from widgets.kit.drawing import to_text


def compute(image=None, **changed):
    given = {} if image is None else {"drawing": to_text(image)}
    values = accepted(draw_a_digit.instrument, {**given, **changed})
    return draw_a_digit.compute(**values)


def network(x, name):
    """The small network in torch, in double precision."""
    weights = load(name)
    h = torch.as_tensor(x, dtype=torch.float64)
    for i in range(3):
        h = h @ torch.tensor(weights[f"w{i}"]).double() + torch.tensor(weights[f"b{i}"])
        h = torch.nn.functional.silu(h) if i < 2 else h
    return h


def test_images_of_mnist_are_as_in_mnist():
    """This procedure made the data set, so it leaves the images unchanged."""
    for image in load("mnist_images")["images"]:
        x = image / 255.0
        np.testing.assert_allclose(draw_a_digit.as_in_mnist(x), x, atol=1e-12)


@pytest.mark.parametrize(("down", "right"), [(-4, 3), (2, 2), (0, -3)])
def test_it_does_not_matter_where_on_the_pad_one_draws(down, right):
    x = load("mnist_images")["images"][14] / 255.0
    moved = shift(x, (down, right), order=0)
    assert moved.sum() == pytest.approx(x.sum())  # no ink was lost at the edge
    np.testing.assert_allclose(draw_a_digit.as_in_mnist(moved), x, atol=1e-12)


@pytest.mark.parametrize("size", [(9, 5), (14, 26), (27, 27)])
def test_ink_fits_the_box_and_its_mass_the_middle(size):
    """The longer side gets 20 pixels; the centre of mass is within half a pixel of (14, 14)."""
    rng = np.random.default_rng(3)
    x = np.zeros((28, 28))
    x[: size[0], 1 : 1 + size[1]] = rng.uniform(0.2, 1, size)
    seen = draw_a_digit.as_in_mnist(x)
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    sides = (rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1)
    assert max(sides) == 20
    assert sides[0] / sides[1] == pytest.approx(size[0] / size[1], rel=0.06)
    assert np.abs(np.subtract(center_of_mass(seen), 14)).max() <= 0.5 + 1e-9


@pytest.mark.parametrize(("n", "m"), [(9, 20), (20, 20), (26, 20), (28, 3)])
def test_resampling_is_pillows(n, m):
    """Pillow's bilinear filter follows the same rule: it widens its triangle to shrink an image."""
    x = np.random.default_rng(0).uniform(size=(n, n)).astype(np.float32)
    matrix = draw_a_digit.resampling(n, m)
    pillow = Image.fromarray(x).resize((m, m), Image.Resampling.BILINEAR)
    np.testing.assert_allclose(matrix @ x @ matrix.T, np.asarray(pillow), atol=1e-5)


@pytest.mark.parametrize("model", draw_a_digit.MODELS)
def test_code_reconstruction_and_error_are_those_of_torch(model):
    image = load("mnist_images")["images"][31]
    result = compute(image, model=model, centred=False)
    x = np.rint(image / 17) * 17 / 255  # a drawing has sixteen greys
    z = network(x.reshape(-1), f"{model}_encoder")
    x_hat = network(z, f"{model}_decoder").clamp(0, 1).reshape(28, 28).numpy()
    np.testing.assert_allclose(result["z"], z.numpy(), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(result["x_hat"], x_hat, atol=1e-4)
    assert result["error"] == pytest.approx(((x - x_hat) ** 2).sum(), rel=1e-4)


def test_the_percentile_is_the_rank_among_test_images():
    quantiles = load("mlp_vae_mnist_encoder")["error_quantiles"]
    for image in load("mnist_images")["images"][::7]:
        result = compute(image)
        below = np.mean(quantiles < result["error"]) * 100
        assert result["percentile"] == pytest.approx(below, abs=0.1)


def test_ink_lost_and_added_make_up_the_error():
    """(x - x_hat)^2 = lost^2 + added^2 at each pixel, because one of them is 0."""
    result = compute()
    images = draw_a_digit.frame(result).panels[1].images / 255.0
    assert (images[1] ** 2).sum() == pytest.approx(result["error"], rel=0.01)
    np.testing.assert_allclose(images[0, 0] - images[0, 1], images[1, 0] - images[1, 1], atol=0.01)


def test_the_nearest_codes_are_those_of_a_tree():
    result = compute()
    _, nearest = cKDTree(result["codes"]).query(result["z"], k=10)
    assert set(result["nearest"]) == set(nearest)
    labels = list(result["labels"][nearest])
    best = max(sorted(set(labels)), key=labels.count)
    said = draw_a_digit.frame(result).readouts["like"]
    assert said == f"{best}, {labels.count(best)} of 10"


@pytest.mark.parametrize("model", draw_a_digit.MODELS)
def test_all_test_errors_are_in_the_histogram(model):
    share = compute(model=model)["share"]
    assert 99 < share.sum() <= 100 + 1e-9
    assert share.max() < 18  # the end of the axis


def test_a_test_digit_is_no_anomaly_and_a_black_square_is_one():
    assert "No anomaly" in draw_a_digit.frame(compute()).note
    frame = draw_a_digit.frame(compute(np.full((28, 28), 255, np.uint8)))
    assert frame.readouts["percentile"] == 100
    assert "An anomaly" in frame.note


def test_an_empty_pad_is_said_to_be():
    assert "The pad is empty" in draw_a_digit.frame(compute(np.zeros((28, 28)))).note


def test_what_is_drawn_at_rest_is_a_test_digit():
    default = draw_a_digit.instrument.controls[0].default
    text = [to_text(image) for image in load("mnist_images")["images"]]
    assert default in text
