"""The field of a unit against torch's own gradients, closed forms and a limit."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.special import erf
from torch import nn

from widgets import receptive_field
from widgets.receptive_field import SIDE


def compute(**changed):
    return receptive_field.compute(**{**receptive_field.instrument.defaults(), **changed})


def stack(depth, kernel, stride):
    """Build the same network in torch, with equal weights."""
    layers = [
        nn.Conv2d(1, 1, kernel, stride, padding=(kernel - 1) // 2, bias=False).double()
        for _ in range(depth)
    ]
    for layer in layers:
        nn.init.constant_(layer.weight, 1 / kernel**2)
    return nn.Sequential(*layers)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5])
def test_influence_is_the_squared_gradient_of_torch(kernel, stride):
    for depth in (1, 2, 3):
        result = compute(depth=depth, kernel=kernel, stride=stride, unit=(7.0, -12.0))
        x = torch.zeros(1, 1, SIDE, SIDE, dtype=torch.float64, requires_grad=True)
        y = stack(depth, kernel, stride)(x)[0, 0]
        assert len(y) == result["sizes"][-1]
        centres = torch.from_numpy(result["centres"])
        row = (centres - (SIDE / 2 + 12 - 0.5)).abs().argmin()
        column = (centres - (SIDE / 2 + 7 - 0.5)).abs().argmin()
        (gradient,) = torch.autograd.grad(y[row, column], x)
        wanted = gradient[0, 0].square().numpy()
        np.testing.assert_allclose(result["influence"], wanted / wanted.sum(), atol=1e-15)


def test_gradient_of_the_drawn_network_is_that_of_torch():
    sizes = receptive_field.layer_sizes(4, 2, 1, 4)
    drawn = receptive_field.drawn_gradient(
        sizes, 4, 2, 1, np.array([1, 2]), np.random.default_rng(5)
    )
    rng = np.random.default_rng(5)
    channels = [1, 2, 2, 2, 1]
    weights = [
        torch.from_numpy(rng.normal(size=(4, 4, a, b)) * np.sqrt(2 / (16 * a)))
        for a, b in pairwise(channels)
    ]
    x = torch.from_numpy(rng.normal(size=(SIDE, SIDE, 1))).permute(2, 0, 1)[None].requires_grad_()
    h = x
    for i, weight in enumerate(weights):
        h = nn.functional.conv2d(h, weight.permute(3, 2, 0, 1), stride=2, padding=1)
        h = h if i == 3 else nn.functional.silu(h)
    (gradient,) = torch.autograd.grad(h[0, 0, 1, 2], x)
    np.testing.assert_allclose(drawn, gradient[0, 0].numpy(), atol=1e-12)


@pytest.mark.parametrize("weights", ["equal", "drawn"])
def test_nothing_outside_the_theoretical_field_counts(weights):
    result = compute(depth=5, kernel=3, stride=1, unit=(4.0, 4.0), weights=weights)
    (top, left), side = result["corner"], result["field"]
    inside = result["influence"][top : top + side, left : left + side]
    assert inside.sum() == pytest.approx(1, abs=1e-12)
    if weights == "equal":
        assert (inside > 0).all()


@pytest.mark.parametrize(
    ("kernel", "stride", "depth", "wanted"),
    [
        (3, 1, 10, 21),
        (4, 2, 2, 10),  # the encoder of conv_vae_mnist
        (3, 2, 3, 15),
        (5, 3, 2, 17),
    ],
)
def test_theoretical_field_in_closed_form(kernel, stride, depth, wanted):
    assert compute(kernel=kernel, stride=stride, depth=depth)["field"] == wanted


def test_shares_of_deep_stacks_are_nearly_those_of_a_normal_distribution():
    """Paths add up n independent uniform steps: variance n (k^2 - 1) / 12, halved by the square."""
    depth, kernel = 10, 5
    result = compute(depth=depth, kernel=kernel)
    deviation = np.sqrt(depth * (kernel**2 - 1) / 12 / 2)
    side = result["held"]
    held = erf(side / 2 / deviation / np.sqrt(2)) ** 2  # share in a square of that side
    smaller = erf((side - 2) / 2 / deviation / np.sqrt(2)) ** 2
    assert smaller < 0.95 <= held


def test_sides_in_a_large_image_are_those_in_the_middle_of_this_one():
    for depth in range(1, 11):
        result = compute(depth=depth)
        assert result["fields"][depth - 1] == result["field"]
        assert result["expected"][depth - 1] == result["held"]


def test_drawn_weights_have_the_expected_side_on_average():
    sides = [compute(depth=6, weights="drawn", seed=seed)["held"] for seed in range(60)]
    assert np.mean(sides) == pytest.approx(compute(depth=6, weights="drawn")["expected"][5], abs=1)


def test_no_layer_follows_a_single_unit():
    result = compute(depth=10, stride=3)
    assert result["sizes"].tolist() == [64, 22, 8, 3, 1]
    assert "single unit" in receptive_field.frame(result).note
