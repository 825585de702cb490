"""Codes of changed digits against torch and SciPy, the curves against MNIST, and what is said."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist, pdist
from torch.nn.functional import conv2d, max_pool2d

import widgets.data
from app.models.data import load_dataset
from app.models.errors import DataUnavailable
from widgets import two_views
from widgets.data import load
from widgets.encoders import TWO_VIEWS

FOLDER = Path(widgets.data.__file__).parent
NAMES = list(TWO_VIEWS)


def compute(**changed):
    return two_views.compute(**{**two_views.instrument.defaults(), **changed})


def codes(name, images):
    """Images (m, 28, 28) in [0, 1] through the encoder, by torch's layers: (m, 64)."""
    weights = {key: torch.tensor(w).double() for key, w in load(TWO_VIEWS[name]).items()}
    h = torch.tensor(np.ascontiguousarray(images)).double()[:, None]
    for i in range(2):
        h = max_pool2d(conv2d(h, weights[f"w{i}"], weights[f"b{i}"]).relu(), 2)
    return (h.flatten(1) @ weights["w2"] + weights["b2"]).relu().numpy()


def probed(name, images):
    weights = load(TWO_VIEWS[name])
    return (codes(name, images) @ weights["probe"] + weights["intercept"]).argmax(1)


def test_no_change_moves_no_code_and_a_digit_is_not_its_own_neighbour():
    result = compute(image=30)
    assert list(result["moved"].values()) == [0] * 4
    own = load("mnist_images")["position"][29]
    for nearest in result["nearest"].values():
        assert own not in nearest


@pytest.mark.parametrize("image", [1, 25, 38])
def test_half_a_turn_is_the_image_read_backwards(image):
    x = load("mnist_images")["images"][image - 1] / 255
    result = compute(image=image, turned=180)
    np.testing.assert_allclose(result["changed"], x[::-1, ::-1], atol=1e-9)
    mirrored = compute(image=image, turned=180, mirrored=True)
    np.testing.assert_allclose(mirrored["changed"], x[::-1], atol=1e-9)
    for name in NAMES:
        assert result["named"][name] == probed(name, x[None, ::-1, ::-1])[0]
        assert mirrored["named"][name] == probed(name, x[None, ::-1])[0]


@pytest.mark.parametrize("name", NAMES)
def test_moved_is_in_units_of_two_different_digits(name):
    gallery = load("mnist_gallery")
    apart, alike = (
        pdist(codes(name, gallery["images"] / 255)),
        pdist(gallery["labels"][:, None].astype(float)) == 0,
    )
    result = compute(image=25, right=3, grown=0.5, turned=-60)
    before, after = codes(name, np.stack([result["x"], result["changed"]]))
    wanted = np.linalg.norm(after - before) / apart[~alike].mean()
    assert result["moved"][name] == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("name", list(two_views.SHOWN))
@pytest.mark.parametrize("turned", [0, 45, 180])
def test_neighbours_are_the_nearest_test_digits(name, turned):
    result = compute(image=25, turned=turned)
    gaps = cdist(codes(name, result["changed"][None]), codes(name, load_gallery()))[0]
    gaps[load("mnist_images")["position"][24]] = np.inf
    np.testing.assert_allclose(
        gaps[result["nearest"][name]], np.sort(gaps)[: two_views.NEAREST], rtol=2e-3
    )


def load_gallery():
    return load("mnist_gallery")["images"] / 255


@pytest.mark.parametrize("name", NAMES)
def test_curves_are_those_of_the_test_images(name):
    try:
        dataset = load_dataset("mnist")
    except DataUnavailable as error:
        pytest.skip(str(error))
    x, labels = dataset.test_images[:500] / 255, dataset.test_labels[:500]
    result = compute()
    read = dict(zip(result["angles"], result["right"][name], strict=True))
    for angle, images in ((0, x), (90, np.rot90(x, -1, (1, 2))), (180, x[:, ::-1, ::-1])):
        assert read[angle] == pytest.approx(np.mean(probed(name, images) == labels), abs=0.002)
    assert read[-180] == pytest.approx(read[180], abs=0.002)


def test_share_confused_is_the_mean_of_the_seeds():
    for name, share in zip(TWO_VIEWS, load("mnist_views")["swapped"], strict=True):
        card = json.loads((FOLDER / f"{TWO_VIEWS[name]}.json").read_text(encoding="utf-8"))
        of_seeds = [seed["six_named_nine_or_nine_six"] for seed in card["metrics"]["by_seed"]]
        assert share == pytest.approx(np.mean(of_seeds), abs=1e-6)


def test_note_is_there_when_the_probes_disagree():
    for turned in (0, 60, 90, 180):
        result = compute(image=25, turned=turned)
        small, any_turn = (result["named"][name] for name in two_views.SHOWN)
        note = two_views.frame(result).note
        assert (note == "") == (small == any_turn)
        if note:
            assert f"{small} by the code of small turns, {any_turn} by" in note
