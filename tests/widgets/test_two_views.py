"""Codes of changed digits against torch and SciPy, probes and curves against MNIST."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist, pdist
from torch.nn.functional import conv2d, max_pool2d, normalize

import widgets.data
from training.data import load_dataset
from training.errors import DataUnavailable
from widgets import two_views
from widgets.data import load

FOLDER = Path(widgets.data.__file__).parent
FILES = {
    "small": "mnist_contrastive",
    "any": "mnist_contrastive_turns",
    "any_seen": "mnist_contrastive_turns",
}
SHOWN = pytest.mark.parametrize("name", two_views.SHOWN)


def compute(**changed):
    return two_views.compute(**{**two_views.instrument.defaults(), **changed})


def codes(name, images):
    """Encode images (m, 28, 28), in [0, 1], by torch's layers."""
    weights = {key: torch.tensor(w).double() for key, w in load(FILES[name]).items()}
    h = torch.tensor(np.ascontiguousarray(images)).double()[:, None]
    for i in range(2):
        h = max_pool2d(conv2d(h, weights[f"w{i}"], weights[f"b{i}"]).relu(), 2)
    h = (h.flatten(1) @ weights["w2"] + weights["b2"]).relu()
    return normalize(h @ weights["w3"] + weights["b3"]) if name == "any_seen" else h


def probed(name, images):
    """Predict digits by the probe of a code."""
    views = load("mnist_views")
    answer = codes(name, images).numpy() @ views[f"{name}_probe"] + views[f"{name}_intercept"]
    return answer.argmax(1)


def gallery():
    return load("mnist_gallery")["images"] / 255


def test_no_change_moves_no_code_and_a_digit_is_not_its_own_neighbour():
    result = compute(image=30)
    np.testing.assert_array_equal(list(result["moved"].values()), 0)
    own = load("mnist_images")["position"][29]
    for nearest in result["nearest"].values():
        assert own not in nearest


@pytest.mark.parametrize("image", [1, 26, 38])
def test_half_a_turn_is_the_image_read_backwards(image):
    x = load("mnist_images")["images"][image - 1] / 255
    for mirrored, wanted in ((False, x[::-1, ::-1]), (True, x[::-1])):
        result = compute(image=image, turned=180, mirrored=mirrored)
        np.testing.assert_allclose(result["changed"], wanted, atol=1e-9)
        for name in two_views.SHOWN:
            assert result["named"][name] == probed(name, wanted[None])[0]


@SHOWN
def test_moved_is_in_units_of_two_different_digits(name):
    labels = load("mnist_gallery")["labels"].astype(float)
    apart, alike = pdist(codes(name, gallery())), pdist(labels[:, None]) == 0
    result = compute(image=26, right=3, grown=0.5, turned=-60)
    before, after = codes(name, np.stack([result["x"], result["changed"]])).numpy()
    wanted = np.linalg.norm(after - before) / apart[~alike].mean()
    assert result["moved"][name] == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("name", two_views.SEARCHED)
@pytest.mark.parametrize("turned", [0, 45, 180])
def test_neighbours_are_the_nearest_test_digits(name, turned):
    result = compute(image=26, turned=turned)
    gaps = cdist(codes(name, result["changed"][None]), codes(name, gallery()))[0]
    gaps[load("mnist_images")["position"][25]] = np.inf
    found, wanted = gaps[result["nearest"][name]], np.sort(gaps)[: two_views.NEAREST]
    np.testing.assert_allclose(found, wanted, rtol=5e-3)  # stored codes are rounded


@SHOWN
def test_the_orbit_ends_where_the_sliders_lead(name):
    orbit = two_views.compute(**{**two_views.instrument.defaults(), "image": 9})["orbit"]
    for angle, moved in zip(two_views.ANGLES, orbit[name], strict=True):
        assert moved == pytest.approx(compute(image=9, turned=int(angle))["moved"][name])


def test_a_control_is_in_units_of_different_digits_and_far_from_invariant():
    orbits = [two_views.orbit(image) for image in range(1, two_views.IMAGES + 1)]
    half = {name: np.mean([orbit[name][-1] for orbit in orbits]) for name in orbits[0]}
    assert all(half[name] > 2 * half["any_seen"] for name in two_views.CONTROLS)
    assert max(np.max(list(orbit.values())) for orbit in orbits) < two_views.HIGH
    x = gallery()[two_views.SOME]
    classes = load("mnist_gallery")["labels"][two_views.SOME].astype(float)
    for name in two_views.CONTROLS:
        alike = pdist(classes[:, None]) == 0
        wanted = pdist(two_views.control(name, x))[~alike].mean()
        assert two_views.apart(name) == pytest.approx(wanted)


@SHOWN
def test_the_card_is_that_of_the_test_images(name):
    try:
        dataset = load_dataset("mnist")
    except DataUnavailable as error:
        pytest.skip(str(error))
    either = np.isin(dataset.test_labels, (6, 9))
    x, labels = dataset.test_images[either] / 255, dataset.test_labels[either]
    card = json.loads((FOLDER / "mnist_views.json").read_text("utf-8"))["metrics"][name]
    for key, wanted, images in (
        ("six_named_nine_or_nine_six", 15 - labels, x),
        ("upside_down_six_named_nine_or_nine_six", 15 - labels, x[:, ::-1, ::-1]),
        ("upside_down_six_or_nine_named_as_upright", labels, x[:, ::-1, ::-1]),
    ):
        assert np.mean(probed(name, images) == wanted) == pytest.approx(card[key], abs=0.002)


def test_note_is_there_when_the_probes_disagree():
    results = [compute(image=26, turned=turned) for turned in (0, 60, 180)]
    told = ["disagree" in two_views.frame(result).note for result in results]
    assert told == [len(set(result["named"].values())) > 1 for result in results]
    assert set(told) == {True, False}
