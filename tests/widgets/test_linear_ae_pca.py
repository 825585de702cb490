"""Gradient descent against autograd and the data; the plane against scipy and sklearn."""

import numpy as np
import pytest
import torch
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA

from widgets import linear_ae_pca as ae


def compute(seed=0, **changed):
    values = {"k": 2, "rate": 0.05, "steps": 200, "noise": 0.02, **changed}
    return ae.compute(**values, seed=seed)


@pytest.fixture
def data():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(40, ae.D)) * np.linspace(2, 0.1, ae.D)
    return x - x.mean(axis=0), 0.3 * rng.normal(size=(3, ae.D))


def test_loss_and_gradient_equal_autograd_on_the_data(data):
    x, W = data
    loss, gradient = ae.loss_and_gradient(W, x.T @ x / len(x))
    points, weights = torch.from_numpy(x), torch.from_numpy(W).requires_grad_()
    mean = ((points - points @ weights.T @ weights) ** 2).sum(1).mean()
    mean.backward()
    assert loss == pytest.approx(mean.item())
    np.testing.assert_allclose(gradient, weights.grad.numpy(), rtol=1e-10)


def test_descent_through_the_covariance_is_descent_through_the_data(data):
    x, W = data
    losses, path = ae.descend(W, x.T @ x / len(x), rate=0.01, steps=25)
    assert losses.shape == (26,)
    points = torch.from_numpy(x)
    weights = torch.from_numpy(W.copy()).requires_grad_()
    optimizer = torch.optim.SGD([weights], lr=0.01)
    for _ in range(25):
        optimizer.zero_grad()
        ((points - points @ weights.T @ weights) ** 2).sum(1).mean().backward()
        optimizer.step()
    np.testing.assert_allclose(path[-1], weights.detach().numpy(), rtol=1e-9)


def test_cosines_equal_scipy(data):
    _, W = data
    components = np.linalg.qr(np.random.default_rng(1).normal(size=(ae.D, 3)))[0].T
    angles = subspace_angles(W.T, components.T)  # descending
    np.testing.assert_allclose(ae.cosines(W[None], components)[0], np.cos(angles)[::-1])


@pytest.mark.parametrize("seed", range(5))
def test_training_finds_the_plane_of_pca(seed):
    """d = 8, k = 2, N = 600, noise 0.02: the cosines of the principal angles reach 1.0000."""
    result = compute(seed, rate=0.1)
    frame = ae.frame(result)
    assert format(frame.readouts["cosine"], ".4f") == "1.0000"
    assert frame.readouts["gap"] < 1e-6 * result["variance"]
    rows = result["rows"][-1]  # orthonormal in the end, but rotated by any angle
    np.testing.assert_allclose(rows @ rows.T, np.eye(2), atol=1e-3)


def test_floor_is_what_sklearn_leaves():
    result = compute(k=3, noise=0.4)
    rng = np.random.default_rng(0)
    plane = np.linalg.qr(rng.normal(size=(8, 2)))[0].T
    x = rng.normal(size=(600, 2)) * [1, 0.7] @ plane + 0.4 * rng.normal(size=(600, 8))
    pca = PCA(3, svd_solver="full").fit(x)
    left = x - pca.inverse_transform(pca.transform(x))
    assert result["floor"] == pytest.approx((left**2).sum(axis=1).mean())
    np.testing.assert_allclose(np.abs(result["points"]), np.abs(pca.transform(x)[:, :2]), atol=1e-9)


def test_never_below_the_floor():
    for k in range(1, 5):
        result = compute(k=k, noise=0.3, steps=300)
        assert (result["loss"] >= result["floor"] - 1e-12).all()


def test_a_high_rate_diverges_and_says_so():
    result = compute(rate=1.0)
    frame = ae.frame(result)
    assert "Diverged at step" in frame.note
    assert len(result["loss"]) <= 200
    assert np.isfinite(result["loss"]).all()


@pytest.mark.parametrize(("share", "settles"), [(0.9, True), (1.2, False)])
def test_settles_only_below_the_stated_rate(share, settles):
    x = np.random.default_rng(2).normal(size=(300, ae.D)) * np.linspace(1, 0.2, ae.D)
    S = x.T @ x / len(x)
    stable = 1 / (4 * np.linalg.eigvalsh(S)[-1])
    losses, _ = ae.descend(0.1 * np.eye(1, ae.D), S, share * stable, steps=3000)
    assert (np.ptp(losses[-20:]) < 1e-9) == settles


def test_no_steps_shows_the_start():
    result = compute(steps=0)
    assert result["loss"].shape == (1,)
    assert not result["diverged"]
