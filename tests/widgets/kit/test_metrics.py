"""Retrieval, clustering and calibration against scikit-learn and scipy."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.cluster import KMeans
from sklearn.metrics import normalized_mutual_info_score
from sklearn.neighbors import NearestNeighbors

from widgets.kit.benchmark_codes import codes, labels
from widgets.kit.metrics import (
    best_sharpness,
    calibration_error,
    calibration_floor,
    k_means,
    mutual_information,
    precision_at,
    softmax,
)


def test_precision_counts_the_neighbours_of_scikit_learn():
    shown, test, _ = codes("vae_16")
    shown_labels, test_labels = labels()
    near = NearestNeighbors(n_neighbors=7).fit(shown).kneighbors(test, return_distance=False)
    wanted = np.mean(shown_labels[near] == test_labels[:, None])
    assert precision_at(7, test, test_labels, shown, shown_labels) == pytest.approx(wanted, 1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_mutual_information_is_that_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 7, 200), rng.integers(0, 4, 200)
    b[:100] = a[:100] % 4
    assert mutual_information(a, b) == pytest.approx(normalized_mutual_info_score(a, b), abs=1e-12)


def test_mutual_information_at_its_ends():
    a = np.arange(100) % 10
    assert mutual_information(a, (3 * a + 1) % 10) == pytest.approx(1)
    assert mutual_information(np.arange(100) // 10, a) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("name", ["deep", "autoencoder"])
def test_clusters_are_about_as_tight_as_those_of_scikit_learn(name):
    _, test, _ = codes(name)
    test = test.astype(float)

    def inertia(member):
        return sum(
            np.sum((h - h.mean(axis=0)) ** 2) for h in (test[member == c] for c in range(10))
        )

    best = KMeans(10, n_init=10, random_state=0).fit(test).inertia_
    assert best * 0.999 < inertia(k_means(test, 10)) < best * 1.03


def test_calibration_error_of_known_confidences():
    """Of ten images at 0.95, eight are right; of ten at 0.62, nine are."""
    chances = np.repeat([[0.95, 0.05], [0.62, 0.38]], 10, axis=0)
    answers = np.repeat([0, 1, 0, 1], [8, 2, 9, 1])
    assert calibration_error(chances, answers) == pytest.approx(0.5 * 0.15 + 0.5 * 0.28)


def test_the_temperature_is_the_most_likely_one():
    rng = np.random.default_rng(0)
    scores, answers = rng.normal(size=(400, 10)), rng.integers(0, 10, 400)
    scores[np.arange(400), answers] += 1.5
    scores /= 8

    def loss(log):
        return -log_softmax(np.exp(log) * scores, axis=1)[np.arange(400), answers].mean()

    wanted = np.exp(minimize_scalar(loss, bounds=(0, np.log(100)), method="bounded").x)
    assert best_sharpness(scores, answers) == pytest.approx(wanted, rel=0.03)
    np.testing.assert_allclose(softmax(scores, 3), np.exp(log_softmax(3 * scores, axis=1)))


def test_perfect_calibration_leaves_an_error_that_more_images_make_smaller():
    """In one bin: the mean distance of a share from its probability, sqrt(2 p (1 - p) / (pi n))."""
    for n in (400, 6400):
        chances = np.repeat([[0.7, 0.3]], n, axis=0)
        wanted = np.sqrt(2 * 0.7 * 0.3 / (np.pi * n))
        assert calibration_floor(chances, draws=2000) == pytest.approx(wanted, rel=0.06)
