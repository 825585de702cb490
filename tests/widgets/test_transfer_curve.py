"""The head against scikit-learn's logistic regression, the curves against the page's own heads."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tests.figures import check_figures
from widgets import transfer_curve
from widgets.data import load
from widgets.transfer_curve import CLASSES, METHODS, PENALTY, POOL, SIZES, fit_head

TARGETS = ("fashion_mnist", "mnist")


def compute(**changed):
    return transfer_curve.compute(**{**transfer_curve.instrument.defaults(), **changed})


def test_the_head_is_scikit_learns_logistic_regression():
    rng = np.random.default_rng(3)
    h, labels = rng.normal(size=(200, 12)) * rng.uniform(0.1, 5, 12) + 3, np.arange(200) % CLASSES
    h[:, 0] += labels
    weights, bias = fit_head(h, labels, 3000)
    mean, scale = h.mean(axis=0), h.std(axis=0) + 0.1 * h.std()
    u = np.concatenate([(h - mean) / scale, np.ones((200, 1))], axis=1)
    # scikit-learn's loss is C times the sum of losses plus |w|^2 / 2; the last column is the bias
    theirs = LogisticRegression(C=1 / PENALTY, fit_intercept=False, tol=1e-10, max_iter=5000)
    theirs.fit(u, labels)
    wanted = theirs.predict_proba(u)
    odds = h @ weights + bias
    received = np.exp(odds - odds.max(axis=1, keepdims=True))
    received /= received.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(received, wanted, atol=1e-5)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("layer", ["maps", "features"])
def test_heads_trained_here_lie_on_the_recorded_curve(target, layer):
    """With equally many labels they agree, up to other draws and test images."""
    for labels in (1, 3, 10):
        here = [
            compute(labels=labels, target=target, layer=layer, draw=draw)["new"][-1]
            for draw in range(20)
        ]
        recorded = compute(labels=labels, target=target)["accuracy"]
        which = list(METHODS).index(layer), SIZES.index(labels)
        assert np.mean(here) == pytest.approx(recorded[which].mean(), abs=0.06)


def test_a_draw_has_as_many_images_of_each_class_and_holds_the_smaller_ones():
    labels = load("transfer")["fashion_mnist_labels"]
    assert (np.arange(CLASSES) == labels[: CLASSES * POOL].reshape(CLASSES, POOL).T).all()
    result = compute(labels=3, steps=0)
    assert result["new"].tolist() == [pytest.approx(0.1, abs=0.03)]  # equal odds: always answers 0
    assert compute(labels=1000)["used"] == compute(labels=10)["used"] == 10


def test_every_stage_of_the_curves_is_drawn():
    for labels in SIZES:
        for test in ("centred", "shifted"):
            for target in TARGETS:
                frame = transfer_curve.frame(compute(labels=labels, test=test, target=target))
                check_figures(frame)
                low, high = transfer_curve.ENDS[target, test]
                seen = compute(labels=labels, test=test, target=target)["accuracy"]
                assert low <= 100 * seen.min() and 100 * seen.max() <= high
