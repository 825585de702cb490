"""Jacobians against finite differences and torch, averages against the card of the models."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import widgets.data
from widgets import contractive as widget

MODELS = widgets.data.load("contractive_plane")
CARD = json.loads((Path(widgets.data.__file__).parent / "contractive_plane.json").read_text())


def compute(gamma=0.0, at=(0.5, -0.6)):
    return widget.compute(gamma=gamma, at=at)


def test_weights_of_the_penalty_are_those_of_the_models():
    np.testing.assert_allclose(MODELS["gammas"], widget.GAMMAS)


@pytest.mark.parametrize("model", range(len(widget.GAMMAS)))
def test_jacobian_equals_finite_differences(model):
    W, b, _ = widget.weights(MODELS, model)
    x = np.random.default_rng(model).uniform(-2, 2, size=(200, 2))
    h = 1e-5
    moves = h * np.eye(2)
    differences = np.stack(
        [widget.encode(x + move, W, b) - widget.encode(x - move, W, b) for move in moves], axis=2
    ) / (2 * h)
    np.testing.assert_allclose(widget.jacobian(x, W, b), differences, atol=1e-5)


def test_jacobian_equals_autograd():
    W, b, _ = (torch.from_numpy(each) for each in widget.weights(MODELS, 3))
    for x in torch.tensor([[0.3, -1.0], [-1.9, 0.2]], dtype=torch.float64):
        expected = torch.autograd.functional.jacobian(lambda x: torch.sigmoid(W @ x + b), x)
        found = widget.jacobian(x.numpy()[None], W.numpy(), b.numpy())[0]
        np.testing.assert_allclose(found, expected.numpy(), rtol=1e-12)


def test_averages_are_those_of_training():
    result = compute()
    for i, gamma in enumerate(widget.GAMMAS):
        stated = CARD["metrics"][f"{gamma:g}"]
        assert result["norms"][i] == pytest.approx(stated["jacobian_squared_norm"], abs=1e-4)
        assert result["errors"][i] == pytest.approx(stated["squared_error"], abs=1e-5)


def test_each_model_is_near_the_best_of_all_under_its_own_weight():
    """Training ends in local minima: within an eighth of the best of the seven."""
    result = compute()
    for i, gamma in enumerate(widget.GAMMAS):
        losses = result["errors"] + gamma * result["norms"]
        assert losses[i] <= losses.min() * 1.125 + 1e-5


def test_ellipses_show_how_far_the_code_moves():
    """The axes of an ellipse are eigenvectors of J^T J, as long as the roots of its eigenvalues."""
    J = compute(gamma=1.0)["jacobians"][:1]
    outline = widget.ellipses(np.zeros((1, 2)), J)[:, :41].T / widget.SIZE
    eigenvalues, vectors = np.linalg.eigh(J[0].T @ J[0])
    along = np.abs(outline @ vectors).max(axis=0)
    np.testing.assert_allclose(along, np.sqrt(eigenvalues), rtol=5e-3)


def test_the_norm_falls_and_the_error_grows_with_the_penalty():
    result = compute()
    assert (np.diff(result["norms"]) < 0).all()
    assert (np.diff(result["errors"]) > 0).all()
