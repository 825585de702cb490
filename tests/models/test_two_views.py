"""Views against the page's transforms, losses against NumPy, cards against weights."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import widgets.data
from training.data import load_dataset, to_unit
from training.errors import DataUnavailable
from training.exports import two_views
from training.exports.two_views import KINDS, moved, network, nt_xent, thickened, vicreg
from widgets.kit import transforms
from widgets.kit.encoders import TWO_VIEWS, encode_as
from widgets.kit.network import layers_of

FOLDER = Path(widgets.data.__file__).parent
IMAGES = widgets.data.load("mnist_gallery")["images"][:50] / 255


def constant(value):
    return torch.full((len(IMAGES),), float(value), dtype=torch.float64)


def test_a_view_is_turned_and_shifted_as_in_the_page():
    x = torch.tensor(IMAGES)
    still, same = torch.zeros(len(x), 2, dtype=torch.float64), constant(1)
    for degrees in (-20, 7.5, 90, 180):
        wanted = transforms.turn(IMAGES, degrees)
        np.testing.assert_allclose(moved(x, still, constant(degrees), same), wanted, atol=1e-9)
    shifted = torch.tensor([[2.0, -1.0]], dtype=torch.float64).expand(len(x), 2)
    wanted = transforms.shift(IMAGES, 2, -1)
    np.testing.assert_allclose(moved(x, shifted, constant(0), same), wanted, atol=1e-9)
    both = transforms.shift(transforms.turn(IMAGES, 10), 2, -1)
    np.testing.assert_allclose(moved(x, shifted, constant(10), same), both, atol=1e-9)


def test_a_larger_digit_has_its_ink_on_a_larger_area():
    x, still = torch.tensor(IMAGES), torch.zeros(len(IMAGES), 2, dtype=torch.float64)
    ink = moved(x, still, constant(0), constant(1.2)).sum((1, 2)) / x.sum((1, 2))
    assert ink.mean().item() == pytest.approx(1.2**2, abs=0.02)


@pytest.mark.parametrize("pixels", [-0.5, 0.0, 0.4, 1.0])
def test_a_view_is_thickened_as_in_the_page(pixels):
    wanted = transforms.thicken(IMAGES, pixels)
    np.testing.assert_allclose(thickened(torch.tensor(IMAGES), constant(pixels)), wanted, atol=1e-9)


def test_views_stay_digits_and_differ():
    torch.manual_seed(0)
    x = torch.tensor(IMAGES).float().flatten(1)
    one, other = (KINDS["mnist_contrastive"].views.of(x) for _ in range(2))
    assert one.shape == x.shape
    assert one.min() >= 0 and one.max() <= 1 + 1e-6
    assert (one - other).square().sum(1).min() > 1


def test_nt_xent_of_equal_embeddings_is_the_log_of_the_candidates():
    z = torch.ones(10, 4, dtype=torch.float64)
    assert nt_xent(z, z).item() == pytest.approx(np.log(19))


def test_vicreg_in_numpy():
    rng = np.random.default_rng(0)
    a, b = 0.5 * rng.normal(size=(2, 40, 6))
    wanted = 25 * np.mean((a - b) ** 2)
    for z in (a, b):
        covariance = np.cov(z, rowvar=False)
        std = np.sqrt(np.diag(covariance) + 1e-4)
        wanted += 12.5 * np.mean(np.maximum(0, 1 - std))
        wanted += np.sum((covariance - np.diag(np.diag(covariance))) ** 2) / 6
    assert vicreg(torch.tensor(a), torch.tensor(b)).item() == pytest.approx(wanted, rel=1e-9)


def from_arrays(arrays):
    """Build the exported network from torch's layers, in float64."""
    model = network().double().requires_grad_(False)
    layers = [layer for layer in model if hasattr(layer, "weight")]
    for i, layer in enumerate(layers):
        weight = torch.tensor(arrays[f"w{i}"]).double()
        layer.weight.copy_(weight if weight.ndim == 4 else weight.T)
        layer.bias.copy_(torch.tensor(arrays[f"b{i}"]))
    return model


@pytest.mark.parametrize("name", TWO_VIEWS)
def test_codes_of_the_page_are_those_of_torch(name):
    arrays = widgets.data.load(TWO_VIEWS[name])
    model, x = from_arrays(arrays), torch.tensor(IMAGES).flatten(1)
    np.testing.assert_allclose(encode_as(name, IMAGES), model[:-1](x).numpy(), atol=1e-9)
    np.testing.assert_allclose(layers_of(IMAGES, arrays)[4], model(x).numpy(), atol=1e-9)


@pytest.mark.parametrize("name", TWO_VIEWS)
def test_probe_reads_as_much_as_the_card_says(name):
    try:
        dataset = load_dataset("mnist")
    except DataUnavailable as error:
        pytest.skip(str(error))
    arrays = widgets.data.load(TWO_VIEWS[name])
    card = json.loads((FOLDER / f"{TWO_VIEWS[name]}.json").read_text(encoding="utf-8"))
    stated = card["metrics"]["by_seed"][0]
    model, x = from_arrays(arrays).float(), to_unit(dataset.test_images)
    asked = dataset.test_labels.astype(int)

    def named(x):
        h = torch.cat([model[:-1](part) for part in x.split(1000)]).numpy()
        return (h @ arrays["probe"] + arrays["intercept"]).argmax(1)

    upright, either = named(x), (asked == 6) | (asked == 9)
    assert np.mean(upright == asked) == pytest.approx(stated["probe"], abs=5e-4)
    for answer, key in (
        (upright[either], "six_named_nine_or_nine_six"),
        (named(x[either].flip(1)), "upside_down_six_named_nine_or_nine_six"),
    ):
        confused = np.mean(answer == 15 - asked[either])
        assert confused == pytest.approx(stated[key], abs=0.002)


def test_training_depends_on_the_seed_alone():
    try:
        dataset = load_dataset("mnist")
    except DataUnavailable as error:
        pytest.skip(str(error))
    x = to_unit(dataset.train_images[:2000])
    recipe = two_views.StudentRecipe(widths=(), steps=5, batch_size=32)
    job = two_views.Job(torch.device("cpu"), Path(), resume=False, on_step=lambda *_: None)
    one, again, other = (
        two_views.trained(KINDS["mnist_contrastive"], x, seed, recipe, job)[-1].weight
        for seed in (7, 7, 8)
    )
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
