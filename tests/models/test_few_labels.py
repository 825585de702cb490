"""A probe of a few labels against scikit-learn, and its ridge."""

import numpy as np
from sklearn.linear_model import Ridge

from training.exports import few_labels
from training.exports.few_labels import Labelled


def blobs(n: int, seed: int, width: int = 12) -> Labelled:
    """Draw codes around ten centres."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 10
    places = np.random.default_rng(0).normal(size=(10, width))
    return Labelled(places[labels] + 0.8 * rng.normal(size=(n, width)), labels)


def test_probe_is_ridge_regression_with_an_intercept() -> None:
    some = blobs(100, 1)
    matrix, intercept = few_labels.probe_of_few(some, 0.3)
    alpha = 0.3 * 100 * some.codes.var(axis=0).mean()
    wanted = Ridge(alpha=alpha).fit(some.codes, np.eye(10)[some.labels])
    np.testing.assert_allclose(matrix, wanted.coef_.T, atol=1e-9)
    np.testing.assert_allclose(intercept, wanted.intercept_, atol=1e-9)


def test_a_draw_has_ten_of_each_class() -> None:
    drawn = few_labels.draw(blobs(1000, 2), 5)
    np.testing.assert_array_equal(np.bincount(drawn.labels), 10)


def test_the_ridge_is_the_best_on_held_out_codes_and_not_on_those_scored() -> None:
    train, held, test = blobs(1000, 2), blobs(500, 3), blobs(500, 4)
    card = few_labels.read_of_few(train, held, test)
    chosen = [few_labels.draw(train, seed) for seed in range(few_labels.DRAWS)]
    means = {
        ridge: np.mean(few_labels.shares_right(chosen, ridge, held)) for ridge in few_labels.RIDGES
    }
    assert means[card["ridge"]] == max(means.values())
    shuffled = Labelled(test.codes, np.roll(test.labels, 1))
    assert few_labels.read_of_few(train, held, shuffled)["ridge"] == card["ridge"]
    assert few_labels.read_of_few(train, held, shuffled)["mean"] < 0.2 < 0.6 < card["mean"]
