"""Both tasks against scikit-learn, and the numbers that the section quotes."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from torch.nn.functional import silu

from widgets.contract import YOURS
from widgets.control_task import FLOOR, SHOWN, WIDTHS, codes_of, compute, dealt, features, frame
from widgets.data import load
from widgets.kit.benchmark_codes import encoder_of
from widgets.kit.network import layers_of


@pytest.mark.parametrize("width", [0, 64])
def test_both_tasks_are_ridges_of_scikit_learn(width):
    data = load("mnist_places")
    codes, digits = data["trained"].astype(float), data["labels"].astype(int)
    lots = dealt(digits, 3)
    shown, asked = features(codes, width, 3)
    size = np.mean(np.sum((shown - shown.mean(axis=0)) ** 2, axis=1))
    result = compute(width=width, network="trained", ridge=0.1, seed=3)
    for task, answers in enumerate((digits, lots)):
        model = Ridge(alpha=0.1 * size).fit(shown, np.eye(10)[np.repeat(answers, SHOWN)])
        right = np.mean(model.predict(asked).argmax(axis=1) == np.repeat(answers, 8 - SHOWN))
        assert result["right"][task, -1] == pytest.approx(right, abs=0.003)


def test_who_knows_the_digit_alone_gets_a_sixth_of_the_lots():
    digits = load("mnist_places")["labels"]
    for seed in range(3):
        lots = dealt(digits, seed)
        counts = [np.bincount(lots[digits == k], minlength=10) for k in range(10)]
        assert np.sum(counts, axis=0).tolist() == [12] * 10
        assert 100 * np.max(counts, axis=1).sum() / 120 == pytest.approx(FLOOR)


def test_lots_have_nothing_to_do_with_the_digit_but_are_the_same_at_every_place():
    data = load("mnist_places")
    assert data["trained"].shape == data["untrained"].shape == (120, 8, 32)
    assert np.bincount(data["labels"]).tolist() == [12] * 10


def test_a_probe_of_other_drawings_knows_no_lots():
    """A lot depends on its drawing alone, so the probe knows nothing of drawings never shown."""
    codes = load("mnist_places")["trained"].astype(float).reshape(120, -1)
    lots = np.array([np.random.default_rng(s).permutation(np.arange(120) % 10) for s in range(20)])
    right = []
    for each in lots:
        model = Ridge(alpha=1.0).fit(codes[:60], np.eye(10)[each[:60]])
        right.append(np.mean(model.predict(codes[60:]).argmax(axis=1) == each[60:]))
    assert np.mean(right) == pytest.approx(0.1, abs=0.03)


@pytest.mark.parametrize(
    ("network", "matrix", "widest"),
    [("trained", (97, 20), (99, 45)), ("untrained", (35, 14), (51, 20))],
)
def test_the_numbers_of_the_section(network, matrix, widest):
    right = 100 * np.mean(
        [compute(width=256, network=network, ridge=0.1, seed=s)["right"] for s in range(8)], axis=0
    )
    assert tuple(right[:, 0].round().astype(int)) == matrix
    assert tuple(right[:, WIDTHS.index(256)].round().astype(int)) == widest


def test_the_stored_codes_are_those_of_the_stored_drawings():
    """Only where drawings touch no edge: here they move into a blank margin, there they wrap."""
    data = load("mnist_places")
    codes = layers_of(moved(data), load("mnist_network_shifts"))[3].reshape(120, 8, -1)
    off = np.abs(codes - data["trained"]).max(axis=2)
    assert np.median(off) < 0.01  # drawings whose ink does not wrap around


def moved(data):
    """Move all drawings to all their places, (960, 28, 28); ink that leaves at an edge is lost."""
    wide = np.pad(data["images"] / 255, ((0, 0), (4, 4), (4, 4)))
    return np.array(
        [
            image[4 - down : 32 - down, 4 - right : 32 - right]
            for image, own in zip(wide, data["moves"], strict=True)
            for right, down in own
        ]
    )


def test_the_readers_own_encoder_takes_both_tasks(kept):
    """Its codes are torch's, and two numbers cannot distinguish 120 drawings."""
    own = {key: torch.tensor(value).double() for key, value in encoder_of(load(YOURS)).items()}
    small = torch.tensor(moved(load("mnist_places"))).unflatten(1, (14, 2)).unflatten(3, (14, 2))
    h = silu(small.mean((2, 4)).flatten(1) @ own["w0"] + own["b0"])
    wanted = (h @ own["w1"] + own["b1"]).reshape(120, 8, 2)
    off = np.abs(codes_of(YOURS) - wanted.numpy()).max(axis=2)
    assert np.median(off) < 1e-6  # drawings whose ink does not wrap around
    result = compute(width=16, network=YOURS, ridge=0.1, seed=0)
    assert result["right"].shape == (2, 2)
    assert result["right"][1].max() < 0.3
    assert "two numbers" in frame(result).note
