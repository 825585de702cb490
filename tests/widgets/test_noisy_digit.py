"""Noise off a digit: the noise against its moments, the ways against other libraries."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import median_filter  # type: ignore[import-untyped]
from sklearn.decomposition import PCA  # type: ignore[import-untyped]

from latentbook_decoders.models import registry
from training.data import load_dataset
from training.exports.cleaners import SERVED
from widgets import data, noisy_digit
from widgets.engine.controls import accepted
from widgets.kit.noise import gaussian, median_of_nine, projected, salt_and_pepper

CARD = json.loads(Path(data.__file__).with_name("mnist_cleaners.json").read_text(encoding="utf-8"))[
    "metrics"
]


def compute(**changed):
    return noisy_digit.compute(**accepted(noisy_digit.instrument, changed))


@pytest.fixture(scope="module")
def digits():
    return load_dataset("mnist").test_images[:200].reshape(-1, 784) / 255


def test_white_noise_has_its_moments(digits):
    noise = gaussian(digits, 0.3, np.random.default_rng(0)) - digits
    assert noise.mean() == pytest.approx(0, abs=5 * 0.3 / np.sqrt(noise.size))
    assert noise.std() == pytest.approx(0.3, rel=0.01)


def test_salt_and_pepper_hit_the_share_and_leave_the_rest():
    grey = np.full((100, 784), 0.25)
    noisy = salt_and_pepper(grey, 0.2, np.random.default_rng(0))
    assert set(np.unique(noisy)) == {0.0, 0.25, 1.0}
    assert np.mean(noisy == 1) == pytest.approx(0.1, abs=0.005)
    assert np.mean(noisy == 0) == pytest.approx(0.1, abs=0.005)


def test_the_median_is_that_of_scipy(digits):
    noisy = salt_and_pepper(digits[:5], 0.2, np.random.default_rng(0))
    theirs = [median_filter(image, 3, mode="nearest") for image in noisy.reshape(-1, 28, 28)]
    assert np.array_equal(median_of_nine(noisy).reshape(-1, 28, 28), theirs)


def test_a_projection_is_that_of_scikit_learn(digits):
    pca = PCA(10, svd_solver="full").fit(digits)
    theirs = pca.inverse_transform(pca.transform(digits))
    ours = projected(digits, {"mean": pca.mean_, "components": pca.components_}, 10)
    assert ours == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("name", SERVED)
@torch.no_grad()
def test_the_page_has_the_networks_of_the_server(name, digits):
    """Up to weights of half precision."""
    noisy = gaussian(digits[:20], 0.5, np.random.default_rng(0))
    model = registry.load(f"{name}_autoencoder_mnist")
    z, _ = model.encode(torch.from_numpy(noisy.astype(np.float32)))
    theirs = model.decode(z).flatten(1).numpy()
    ours = noisy_digit.decoded(noisy_digit.encoded(noisy, name), name)
    assert ours == pytest.approx(theirs, abs=0.02)
    assert np.abs(ours - theirs).mean() < 1e-3


def test_what_units_add_is_the_answer():
    """All that units add, with the bias, are the log-odds of the shown digit."""
    result = compute(network="contractive", digit=7)
    stored = data.load("mnist_cleaners")
    h = noisy_digit.encoded(result["noisy"][None], "contractive")
    adds = h.T * stored["contractive_decoder"].astype(float)
    ink = adds.sum(0) + stored["contractive_decoder_bias"]
    assert 1 / (1 + np.exp(-ink)) == pytest.approx(result["images"]["contractive"], abs=1e-9)
    sizes = np.abs(adds).sum(1)
    shown = np.abs(result["marks"]).sum(1)
    assert shown == pytest.approx(np.sort(sizes)[::-1][: noisy_digit.SHOWN])


def test_the_card_says_what_the_noise_is():
    """White noise has 784 sigma^2; a lost pixel of grey x is off by x^2 or (1 - x)^2."""
    for sigma, row in zip(noisy_digit.STRENGTHS, CARD["errors"]["gaussian"], strict=True):
        assert row[0] == pytest.approx(784 * sigma**2, rel=0.01)
    x = load_dataset("mnist").test_images.reshape(-1, 784) / 255
    lost = np.mean(np.sum(x**2 + (1 - x) ** 2, axis=1)) / 2
    for share, row in zip(noisy_digit.SHARES, CARD["errors"]["pepper"], strict=True):
        assert row[0] == pytest.approx(share * lost, rel=0.01)


@pytest.mark.parametrize("kind", noisy_digit.KINDS)
def test_no_linear_way_beats_the_best_linear_one(kind):
    """A projection is linear; least squares was free to choose it."""
    rows = np.array(CARD["errors"][kind])
    linear, components = (
        rows[:, noisy_digit.CURVES.index(name)] for name in ("linear", "components")
    )
    assert np.all(linear < components)


def test_shown_digits_are_like_the_test_digits():
    """Mean errors of the forty digits on the page, beside those of all 10,000."""
    shown = [compute(digit=k + 1, seed=k) for k in range(40)]
    for name in ("noise", *noisy_digit.NETWORKS, "median"):
        mean = np.mean([result["errors"][name] for result in shown])
        assert mean == pytest.approx(shown[0]["means"][name], rel=0.15), name
