"""The bottleneck against scikit-learn's PCA and published numbers."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from widgets import bottleneck
from widgets.data import load


def compute(**changed):
    rest = {"k": 30, "data": "synthetic", "decay": 1.0, "seed": 0, "show": "reconstruction"}
    return bottleneck.compute(**{**rest, **changed})


@pytest.mark.parametrize(("k", "decay", "seed"), [(1, 0.5, 3), (7, 1.0, 0), (40, 2.2, 8)])
def test_synthetic_equals_sklearn(k, decay, seed):
    result = compute(k=k, decay=decay, seed=seed)
    pictures = bottleneck.sample_pictures(decay, np.random.default_rng(seed))
    pca = PCA(k, svd_solver="full").fit(pictures)
    rebuilt = pca.inverse_transform(pca.transform(pictures))
    assert result["kept"] == pytest.approx(100 * pca.explained_variance_ratio_.sum())
    assert result["error"] == pytest.approx(np.sum((rebuilt - pictures) ** 2, axis=1).mean())
    np.testing.assert_allclose(result["x_hat"].reshape(10, 64), rebuilt[:10])


def test_full_width_loses_nothing():
    result = compute(k=64)
    assert result["kept"] == pytest.approx(100)
    assert result["error"] == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(result["x_hat"], result["x"])
    assert bottleneck.frame(result).readouts["compression"] == 1


@pytest.mark.parametrize("decay", [0.0, 1.0, 3.0])
def test_spectrum_has_the_decay_asked_for(decay):
    """Components of many samples have variances close to j^-decay, normalised to the total."""
    share = np.mean([compute(decay=decay, seed=s)["share"] for s in range(30)], axis=0)
    wanted = np.arange(1, 65.0) ** -decay
    wanted *= 100 / wanted.sum()
    if decay == 0:  # sorted sample eigenvalues spread around equal shares
        assert share.mean() == pytest.approx(wanted.mean())
        assert share.max() < 2 * wanted.max()
    else:
        np.testing.assert_allclose(share[:5], wanted[:5], rtol=0.12)


def test_mnist_numbers_are_the_published_ones():
    """Hinton & Salakhutdinov 2006: 30 components leave 13.87 per test image."""
    frame = bottleneck.frame(compute(data="mnist"))
    assert frame.readouts["error"] == pytest.approx(13.87, abs=0.005)
    assert frame.readouts["kept"] == pytest.approx(73.1, abs=0.05)
    assert frame.readouts["compression"] == pytest.approx(784 / 30)


def test_mnist_reconstruction_is_the_nearest_point_of_the_plane():
    """The residual of each digit is orthogonal to the kept components; least squares agrees."""
    pca = load("mnist_pca")
    result = compute(data="mnist", k=12)
    centred = pca["digits"] / 255 - pca["mean"]
    basis = pca["components"][:12].astype(float)
    nearest = np.linalg.lstsq(basis.T, centred.T, rcond=None)[0].T @ basis + pca["mean"]
    # The components are stored in half precision, so they are orthonormal to about 1e-3.
    np.testing.assert_allclose(result["x_hat"].reshape(10, 784), nearest, atol=5e-3)


def test_residual_is_what_is_off():
    lost = bottleneck.frame(compute(data="mnist", show="residual")).panels[1].images
    result = compute(data="mnist")
    off = np.abs(result["x"] - result["x_hat"]) * 255
    assert np.abs(lost[1] - off.clip(0, 255)).max() <= 0.5
