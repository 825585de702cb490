"""The three paths against scipy and torch, and their ends."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import euclidean
from scipy.spatial.transform import Rotation, Slerp
from scipy.stats import percentileofscore

from widgets import morph
from widgets.data import load
from widgets.morph import MODELS, PATHS, STEPS


def compute(**changed):
    values = {**morph.instrument.defaults(), **changed}
    return morph.compute(**values)


def test_slerp_of_unit_vectors_is_a_rotation_by_a_share_of_the_angle():
    a, b = np.array([1.0, 0.0]), np.array([np.cos(2.0), np.sin(2.0)])
    t = np.linspace(0, 1, 11)
    turn = Slerp([0, 1], Rotation.from_rotvec([[0, 0, 0], [0, 0, 2.0]]))
    wanted = turn(t).apply([1.0, 0.0, 0.0])[:, :2]
    np.testing.assert_allclose(morph.slerp(a, b, t), wanted, atol=1e-12)


def test_slerp_keeps_the_length_that_both_ends_share_and_the_line_does_not():
    a, b = 1.7 * np.array([np.cos(0.3), np.sin(0.3)]), 1.7 * np.array([np.cos(2.4), np.sin(2.4)])
    t = np.linspace(0, 1, 21)
    np.testing.assert_allclose(np.linalg.norm(morph.slerp(a, b, t), axis=1), 1.7)
    middle = morph.lerp(a, b, np.array([0.5]))[0]
    assert np.linalg.norm(middle) == pytest.approx(1.7 * np.cos((2.4 - 0.3) / 2))


def test_slerp_of_nearly_opposite_codes_is_never_longer_than_the_longer_of_them():
    stored, decoder = load("mnist_images"), load("mlp_vae_mnist_decoder")
    a, b = decoder["codes"][stored["position"][[2, 31]]].astype(float)
    t = np.linspace(0, 1, 21)
    lengths = np.linalg.norm(morph.slerp(a, b, t), axis=1)
    np.testing.assert_allclose(lengths, np.linspace(lengths[0], lengths[-1], 21))


def test_slerp_of_codes_on_one_line_through_the_origin_is_the_straight_line():
    a = np.array([0.4, -1.0])
    t = np.linspace(0, 1, 5)
    for b in (3 * a, -2 * a):
        np.testing.assert_allclose(morph.slerp(a, b, t), morph.lerp(a, b, t))


def test_slerp_of_nearly_parallel_codes_tends_to_the_straight_line():
    a, b = np.array([1.0, 0.0]), np.array([1.0, 1e-4])
    t = np.linspace(0, 1, 5)
    np.testing.assert_allclose(morph.slerp(a, b, t), morph.lerp(a, b, t), atol=1e-8)


@pytest.mark.parametrize("data", MODELS)
@pytest.mark.parametrize("path", PATHS)
def test_ends_of_every_path(data, path):
    stored, decoder = load(morph.FILES[data]), load(f"{MODELS[data]}_decoder")
    for t, number in ((0.0, 5), (1.0, 33)):
        result = compute(t=t, path=path, a=5, b=33, data=data)
        if path == "pixels":
            np.testing.assert_allclose(result["image"], stored["images"][number - 1] / 255)
        else:
            code = decoder["codes"][stored["position"][number - 1]]
            np.testing.assert_allclose(result["z"], code, atol=1e-6)
            assert np.linalg.norm(result["z"]) == pytest.approx(np.linalg.norm(code), rel=1e-5)


def test_labels_of_the_images_are_those_of_their_codes():
    for data, file in morph.FILES.items():
        stored, decoder = load(file), load(f"{MODELS[data]}_decoder")
        np.testing.assert_array_equal(stored["labels"], decoder["labels"][stored["position"]])


def test_path_in_pixels_is_direct_and_even():
    result = compute(path="pixels")
    stored = load("mnist_images")["images"].reshape(40, -1) / 255
    rest = morph.instrument.defaults()
    direct = euclidean(stored[rest["a"] - 1], stored[rest["b"] - 1])
    assert result["direct"] == pytest.approx(direct)
    np.testing.assert_allclose(result["steps"], direct / STEPS)
    readouts = morph.frame(result).readouts
    assert readouts["way"] == pytest.approx(1)
    assert readouts["largest"] == pytest.approx(100 / STEPS)


@pytest.mark.parametrize("path", ["straight", "spherical"])
def test_no_way_is_shorter_than_the_direct_one(path):
    for a, b in ((1, 40), (12, 26), (7, 20)):
        result = compute(path=path, a=a, b=b)
        assert result["steps"].sum() >= result["direct"] * (1 - 1e-6)


def halfway(path, data):
    """Compute the classifier's certainty halfway between digits, for four pairs per two classes."""
    numbers = range(1, 41, 2)
    pairs = [(a, b) for a in numbers for b in numbers if (a - 1) // 4 < (b - 1) // 4]
    return [compute(t=0.5, path=path, a=a, b=b, data=data)["certainty"] for a, b in pairs]


@pytest.mark.parametrize("data", MODELS)
def test_two_things_at_once_leave_more_doubt_than_one(data):
    """Certainty on real images is the baseline."""
    real = [compute(t=0.0, path="pixels", a=a, data=data)["certainty"] for a in range(1, 41)]
    pixels, straight = halfway("pixels", data), halfway("straight", data)
    assert np.mean(pixels) < np.mean(straight) - 0.05
    assert np.mean(pixels) < np.mean(real) - 0.2


def test_neither_a_blank_page_nor_the_mean_of_all_digits_passes_for_a_digit():
    classifier = load(morph.CLASSIFIERS["mnist"])
    mean = load("mnist_pca")["mean"].reshape(1, 28, 28)
    for image in (np.zeros((1, 28, 28)), mean):
        assert morph.probabilities(image, classifier).max() < 0.3


def test_probabilities_are_those_of_torch():
    classifier = load(morph.CLASSIFIERS["mnist"])
    x = load("mnist_images")["images"] / 255
    h = torch.tensor(x).flatten(1)
    for i in range(3):
        weight, bias = (torch.tensor(classifier[f"{kind}{i}"]).double() for kind in "wb")
        h = h @ weight + bias
        h = torch.nn.functional.silu(h) if i < 2 else h.softmax(1)
    np.testing.assert_allclose(morph.probabilities(x, classifier), h.numpy(), atol=1e-9)


def test_rank_is_the_share_of_test_images_that_leave_more_doubt():
    result = compute(path="pixels", t=0.5)
    quantiles = load(morph.CLASSIFIERS["mnist"])["certainty_quantiles"]
    assert result["rank"] == pytest.approx(percentileofscore(quantiles, result["certainty"]), abs=1)


def test_one_image_alone_has_no_way():
    frame = morph.frame(compute(a=9, b=9))
    assert frame.readouts["way"] is None
    assert frame.readouts["largest"] is None
    assert "same image" in frame.note
