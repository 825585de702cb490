"""Sparse codes against scikit-learn's lasso and the conditions of the optimum."""

import numpy as np
import pytest
from sklearn.linear_model import Lasso

from widgets import sparse_code as widget
from widgets.data import load


def compute(**changed):
    return widget.compute(**{**widget.instrument.defaults(), **changed})


@pytest.mark.parametrize("atoms", widget.SIZES)
@pytest.mark.parametrize("gamma", [0.2, 1.0, 4.0])
def test_codes_equal_the_lasso_of_scikit_learn(atoms, gamma):
    """Its objective is ours divided by 2 d, d = 64 pixels."""
    for patch in (1, 7, 23):
        result = compute(atoms=atoms, gamma=gamma, patch=patch)
        x, D, z = result["x"], result["D"], result["z"]
        lasso = Lasso(alpha=gamma / (2 * len(x)), fit_intercept=False, tol=1e-10, max_iter=100_000)
        expected = lasso.fit(D.T, x).coef_

        def loss(z, x=x, D=D):
            return np.sum((x - z @ D) ** 2) + gamma * np.abs(z).sum()

        assert loss(z) == pytest.approx(loss(expected), rel=2e-3)
        np.testing.assert_allclose(z @ D, expected @ D, atol=0.03)
        assert np.count_nonzero(z) == pytest.approx(np.count_nonzero(expected), abs=3)


def test_without_a_price_every_unit_is_on():
    for atoms in widget.SIZES:
        result = compute(gamma=0.0, atoms=atoms)
        assert np.count_nonzero(result["z"]) == atoms
    assert widget.frame(compute(gamma=0.0, atoms=256.0)).readouts["error"] < 1e-3


def test_a_high_price_empties_the_code():
    for patch in range(1, widget.PATCHES + 1):
        frame = widget.frame(compute(gamma=16.0, patch=patch))
        assert frame.readouts["active"] == 0
        assert "empty" in frame.note


@pytest.mark.parametrize("share", [0.98, 1.02])
def test_the_code_is_empty_from_the_stated_price_on(share):
    result = compute()
    bound = 2 * np.abs(result["D"] @ result["x"]).max()
    z = widget.sparse_code(result["x"], result["D"], share * bound)
    assert np.any(z) == (share < 1)


def test_soft_threshold_minimises_its_own_objective():
    grid = np.linspace(-3, 3, 60_001)
    for z in (-1.4, -0.2, 0.0, 0.3, 2.5):
        objective = 0.5 * (grid - z) ** 2 + 0.5 * np.abs(grid)
        assert widget.soft_threshold(z, 0.5) == pytest.approx(grid[objective.argmin()], abs=1e-4)


def test_curves_are_those_of_the_test_patches_shown():
    """The page shows the first 40 of 500 patches: their mean is close."""
    stored = load("digit_patches")
    at = list(stored["gammas"]).index(1.0)
    active = [np.count_nonzero(compute(patch=p)["z"]) for p in range(1, 41)]
    assert np.mean(active) == pytest.approx(stored["active_64"][at], rel=0.2)


def test_more_atoms_leave_less_error_at_the_same_price():
    stored = load("digit_patches")
    errors = np.stack([stored[f"error_{size:.0f}"] for size in widget.SIZES])
    assert (np.diff(errors[:, :7], axis=0) < 0).all()
