"""The probe against scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.neighbors import NearestCentroid

from widgets.kit import probe
from widgets.kit.benchmark_codes import codes, labels
from widgets.kit.probe import (
    MATRICES,
    RIDGES,
    chosen_logistic,
    chosen_ridge,
    drawn,
    fit,
    held_out,
    left_out,
    logistic,
    nearest_mean,
    over_draws,
    scores,
    squared_loss,
)


def some(n, k, seed=0):
    rng = np.random.default_rng(seed)
    answers = rng.permutation(np.arange(n) % 10)
    return rng.normal(size=(n, k)) + answers[:, None] * rng.normal(size=k), answers


def ridge_of(h, ridge):
    return Ridge(alpha=ridge * np.mean(np.sum((h - h.mean(axis=0)) ** 2, axis=1)), solver="svd")


@pytest.mark.parametrize(("n", "k"), [(60, 5), (60, 60), (30, 200)])
@pytest.mark.parametrize("ridge", [0.01, 1.0])
def test_it_is_ridge_regression_to_one_hot_labels(n, k, ridge):
    h, answers = some(n, k)
    asked = np.random.default_rng(1).normal(size=(7, k))
    model = ridge_of(h, ridge).fit(h, np.eye(10)[answers])
    np.testing.assert_allclose(scores(asked, fit(h, answers, ridge)), model.predict(asked), 1e-7)


@pytest.mark.parametrize(("n", "k"), [(40, 4), (30, 50)])
def test_what_is_left_out_is_fitted_without_it(n, k):
    h, answers = some(n, k)
    apart = cross_val_predict(ridge_of(h, 1.0), h, np.eye(10)[answers], cv=LeaveOneOut())
    np.testing.assert_allclose(left_out(h, answers), apart, rtol=1e-6, atol=1e-9)


def test_the_nearest_mean_is_a_matrix_with_an_intercept():
    h, answers = some(80, 6)
    asked = np.random.default_rng(1).normal(size=(200, 6)) * 3
    named = scores(asked, nearest_mean(h, answers)).argmax(axis=1)
    assert (named == NearestCentroid().fit(h, answers).predict(asked)).all()


@pytest.mark.parametrize("ridge", [0.01, 1.0, 10.0])
@pytest.mark.parametrize("n", [10, 200])
def test_logistic_regression_is_that_of_scikit_learn(n, ridge):
    h, answers = some(n, 3)
    asked = np.random.default_rng(1).normal(size=(50, 3))
    mean = h.mean(axis=0)
    unit = np.sqrt(np.mean(np.sum((h - mean) ** 2, axis=1)))
    model = LogisticRegression(C=1 / ridge, tol=1e-9, max_iter=20_000)
    model.fit((h - mean) / unit, answers)
    odds = scores(asked, logistic(h, answers, ridge)[0])
    chances = np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(chances, model.predict_proba((asked - mean) / unit), atol=1e-3)


def test_losses_are_those_of_scikit_learn():
    h, answers = some(200, 6)
    asked, wanted = some(50, 6, seed=1)
    fitted = fit(h, answers)
    odds = scores(asked, fitted)
    chances = np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)
    assert probe.log_loss(asked, wanted, fitted) == pytest.approx(log_loss(wanted, chances))
    one_hot = np.eye(10)[wanted]
    found = squared_loss(asked, wanted, fitted)
    assert found == pytest.approx(10 * mean_squared_error(one_hot, odds))


def test_the_ridge_is_the_one_of_the_least_loss_on_labels_held_out():
    h, answers = some(50, 3)
    order = np.argsort(answers, kind="stable")
    h, answers = h[order], answers[order]
    held = held_out(len(h))
    loss = [
        probe.log_loss(h[held], answers[held], logistic(h[~held], answers[~held], ridge)[0])
        for ridge in RIDGES
    ]
    wanted, _ = logistic(h, answers, RIDGES[int(np.argmin(loss))])
    np.testing.assert_allclose(chosen_logistic(h, answers)[0], wanted[0], rtol=1e-6)


@pytest.mark.parametrize(
    ("per_class", "of_each"), [(1, 0), (2, 1), (5, 1), (10, 2), (20, 4), (50, 10)]
)
def test_one_label_in_five_of_each_class_is_held_out(per_class, of_each):
    known = np.repeat(np.arange(10), per_class)
    held = known[held_out(len(known))]
    assert np.bincount(held, minlength=10).tolist() == [of_each] * 10


def test_the_scale_of_a_code_does_not_matter():
    h, answers = some(50, 8)
    np.testing.assert_allclose(
        scores(h, fit(h, answers)), scores(1000 * h + 3, fit(1000 * h + 3, answers)), atol=1e-8
    )


def test_labels_are_drawn_by_class_and_none_twice():
    _, answers = some(200, 2)
    places = drawn(answers, 7, np.random.default_rng(0))
    assert len(set(places)) == 70
    assert np.bincount(answers[places]).tolist() == [7] * 10


def test_whole_numbers_and_their_floats_make_the_same_probe():
    """The server stores pixels as bytes."""
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (300, 20)).astype(np.uint8)
    answers = np.arange(300) % 10
    for matrix in MATRICES:
        asked = {"per_class": 5, "draws": 3, "matrix": matrix}
        of_bytes = over_draws(grey, answers, grey, answers, **asked)
        assert (of_bytes == over_draws(grey / 255, answers, grey / 255, answers, **asked)).all()


def test_the_chosen_ridge_is_best_on_labels_left_out():
    shown, _, _ = codes("masked")
    known = labels()[0]
    right = {ridge: np.mean(left_out(shown, known, ridge).argmax(1) == known) for ridge in RIDGES}
    assert right[chosen_ridge(shown, known)] == max(right.values()) > right[1.0]
