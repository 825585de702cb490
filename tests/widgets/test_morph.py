"""The three paths against scipy, torch and what must hold at their ends."""

import numpy as np
import pytest
from scipy.spatial.distance import euclidean
from scipy.spatial.transform import Rotation, Slerp

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


def test_slerp_of_parallel_codes_is_the_straight_line():
    a = np.array([0.4, -1.0])
    t = np.linspace(0, 1, 5)
    np.testing.assert_allclose(morph.slerp(a, 3 * a, t), morph.lerp(a, 3 * a, t))


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


def test_mixed_digits_change_more_on_a_round_trip_than_decoded_ones():
    """Over all pairs of one digit of each class: a mixture is no digit."""
    numbers = range(1, 41, 4)
    pairs = [(a, b) for a in numbers for b in numbers if a < b]
    change = {
        path: np.median([compute(path=path, a=a, b=b)["change"] for a, b in pairs])
        for path in ("straight", "pixels")
    }
    assert change["pixels"] > 5 * change["straight"]


def test_one_image_alone_has_no_way():
    frame = morph.frame(compute(a=9, b=9))
    assert frame.readouts["way"] is None
    assert frame.readouts["largest"] is None
    assert "same image" in frame.note
