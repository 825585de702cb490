"""What is erased, against scikit-learn; what the network then names, in torch."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression
from torch import nn

from widgets.confound import LAYERS, PROPERTIES, STRENGTHS, compute
from widgets.data import load


def at(layer, erased, strength=0.0):
    return compute(strength=strength, layer=layer, erased=erased)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("erased", ["place", "width"])
def test_no_matrix_reads_what_is_erased(layer, erased):
    """Directions come from training images, so on test images a little may be left."""
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
    """The first of them, moved by hand as far as the place: the share it leaves is the first."""
    data, weights = load("mnist_confound"), load("mnist_network_shifts")
    h = data[f"{layer}_codes"].astype(float)
    centred = h - data[f"{layer}_mean"].astype(float)
    a, b = data[f"{layer}_random_a"][0][:, :2], data[f"{layer}_random_b"][0][:2]
    part = centred @ b.T.astype(float) @ a.T.astype(float)
    result = at(layer, "place", 1.0)
    longer = part * result["moved"] * np.linalg.norm(centred) / np.linalg.norm(part)
    answers = h - longer
    if layer == "conv2":
        answers = np.maximum(answers @ weights["w2"] + weights["b2"], 0)
    answers = answers @ weights["w3"] + weights["b3"]
    share = np.mean(answers.argmax(axis=1) == data["labels"])
    at_one = list(STRENGTHS.round(1)).index(1.0)
    assert result["random"][0, at_one] == pytest.approx(share, abs=0.0021)  # ties by rounding


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

    assert named("conv2", "place", 1.0) == (95.2, 92.3)
    assert named("conv2", "place", 2.0) == (83.0, 73.7)
    assert named("features", "place", 1.0) == (97.6, 91.7)
    assert named("features", "place", 2.0) == (96.6, 68.7)
    assert named("features", "digit", 1.0) == (9.0, 57.3)
    for layer, erased, right, length in (("conv2", "place", 98, 9), ("features", "digit", 80, 57)):
        likewise = 100 * at(layer, erased)["likewise"].mean(axis=1)
        assert likewise.round().tolist() == [right, length]
    assert round(100 * at("conv2", "place", 1.0)["moved"]) == 36
    assert round(100 * at("conv2", "place")["share"]) == 93
    assert round(100 * at("features", "place")["share"]) == 77
    assert round(100 * at("features", "digit")["share"]) == 62
    assert round(100 * at("features", "digit", 1.0)["moved"]) == 80
