"""Erased properties against scikit-learn, and the network's answers after that against torch."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression
from torch import nn

from widgets.confound import LAYERS, PROPERTIES, STRENGTHS, at_random, compute, frame
from widgets.data import load


def at(layer, erased, strength=0.0):
    return compute(strength=strength, layer=layer, erased=erased)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("erased", ["place", "width"])
def test_no_matrix_reads_what_is_erased(layer, erased):
    """Directions come from training images, so a little may remain on test images."""
    data = load("mnist_confound")
    h, mean = data[f"{layer}_codes"].astype(float), data[f"{layer}_mean"]
    a, b = data[f"{layer}_{erased}_a"], data[f"{layer}_{erased}_b"]
    gone = h - (h - mean) @ b.T @ a.T
    wanted = data[erased]
    direction = LinearRegression().fit(h, wanted).coef_  # (properties, k)
    before = np.corrcoef((h @ direction.T)[:, 0], wanted[:, 0])[0, 1]
    after = np.corrcoef((gone @ direction.T)[:, 0], wanted[:, 0])[0, 1]
    assert before > 0.7
    assert abs(after) < 0.55 * before
    left, held = ((x - mean).T @ (wanted - wanted.mean(axis=0)) for x in (gone, h))
    assert np.linalg.norm(left) < 0.35 * np.linalg.norm(held)


@pytest.mark.parametrize("layer", LAYERS)
def test_the_rest_of_the_network_is_that_of_torch(layer):
    data, weights = load("mnist_confound"), load("mnist_network_shifts")
    h, mean = data[f"{layer}_codes"].astype(float), data[f"{layer}_mean"].astype(float)
    a, b = data[f"{layer}_digit_a"], data[f"{layer}_digit_b"]
    head = nn.Linear(32, 10, dtype=torch.float64)
    inner = nn.Linear(256, 32, dtype=torch.float64)
    for linear, i in ((inner, 2), (head, 3)):
        linear.weight.data = torch.tensor(weights[f"w{i}"].T, dtype=torch.float64)
        linear.bias.data = torch.tensor(weights[f"b{i}"], dtype=torch.float64)
    rest = nn.Sequential(inner, nn.ReLU(), head) if layer == "conv2" else head
    moved = torch.tensor(h - 0.6 * (h - mean) @ b.T @ a.T)
    named = (rest(moved).argmax(dim=1).numpy() == data["labels"]).mean()
    result = at(layer, "digit", 0.6)
    assert result["now"][0] == pytest.approx(named, abs=1e-9)
    assert result["right"][list(STRENGTHS.round(1)).index(0.6)] == pytest.approx(named, abs=1e-9)


@pytest.mark.parametrize("layer", LAYERS)
def test_directions_at_random_go_as_far(layer):
    """Projecting out the first ones by hand gives the first share, and moves codes about as far."""
    data, weights = load("mnist_confound"), load("mnist_network_shifts")
    h = data[f"{layer}_codes"].astype(float)
    centred = h - data[f"{layer}_mean"].astype(float)
    result = at(layer, "place", 1.0)
    q = at_random(layer, 0)[1][:, : result["count"][0]]
    np.testing.assert_allclose(q.T @ q, np.eye(q.shape[1]), atol=1e-9)
    part = centred @ q @ q.T
    far = np.linalg.norm(part) / np.linalg.norm(centred)
    assert far == pytest.approx(result["far"][0], abs=1e-9)
    assert far == pytest.approx(result["moved"], abs=0.025)
    answers = h - part
    if layer == "conv2":
        answers = np.maximum(answers @ weights["w2"] + weights["b2"], 0)
    answers = answers @ weights["w3"] + weights["b3"]
    share = np.mean(answers.argmax(axis=1) == data["labels"])
    at_one = list(STRENGTHS.round(1)).index(1.0)
    assert result["random"][0, at_one] == pytest.approx(share, abs=0.0021)  # rounding makes ties


def test_nothing_moves_at_strength_0():
    for layer in LAYERS:
        for erased in PROPERTIES:
            result = at(layer, erased)
            assert result["moved"] == 0
            assert result["now"][0] == result["now"][1] == 0.976


def test_the_numbers_of_the_section():
    def named(layer, erased, strength):
        right, random = at(layer, erased, strength)["now"]
        return round(100 * right, 1), round(100 * random, 1)

    assert named("features", "digit", 1.0) == (9.0, 47.1)
    few = 100 * at("features", "digit")["few"].mean(axis=1)
    assert few.round().tolist() == [82, 57]
    assert round(100 * at("features", "digit")["share"]) == 62
    assert round(100 * at("features", "digit", 1.0)["moved"]) == 80


def test_the_place_is_not_felt_in_the_features_alone():
    """After the convolution, random directions of that size do as much harm."""
    for layer, spared in (("conv2", False), ("features", True)):
        result = at(layer, "place", 1.0)
        one = list(STRENGTHS.round(1)).index(1.0)
        assert (result["now"][0] > result["random"][:, one].max()) == spared


def test_what_the_figure_does_not_show_is_said():
    assert frame(at("conv2", "place")).note == ""
    result = at("conv2", "digit", 2.0)
    beyond = int(np.sum((result["read"] < -1) | (result["read"] > 2)))
    assert beyond and f" {beyond} lie beyond the axis" in frame(result).note
    assert frame(result).readouts["read"] == "worse than the mean"
