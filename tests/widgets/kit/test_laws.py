"""Laws over drawn inputs: true ones hold, and a broken one is shown where it is easy to see."""

import numpy as np
import pytest

from widgets.kit.laws import Broken, law, numbers


def kl(mu, logvar):
    return 0.5 * np.sum(np.exp(logvar) + mu**2 - 1 - logvar, axis=1)


def test_a_law_that_is_true_holds():
    pair = {"mu": numbers("n", "k"), "logvar": numbers("n", "k")}
    law("Never negative.", kl, lambda value, mu, logvar: value >= -1e-12, **pair)


@pytest.mark.parametrize(
    ("function", "holds", "smallest"),
    [
        # exp(a) - 1 - a is 0 at 0 and positive elsewhere, so 1 is the shortest number at which its
        # negative shows.
        (lambda x: -np.sum(np.exp(x) - 1 - x), lambda value, x: value >= 0, [1.0]),
        (np.max, lambda value, x: value < 2.5, [3.0]),
        # Broken only where two numbers differ: nothing shorter than two of them shows it.
        (lambda x: x - x[0], lambda value, x: np.allclose(value, 0), [0.0, 1.0]),
        (np.max, lambda value, x: value >= 0, [-1.0]),
    ],
)
def test_the_case_shown_is_the_smallest(function, holds, smallest):
    with pytest.raises(Broken) as broken:
        law("It holds.", function, holds, x=numbers("n"))
    assert f"x = {smallest}" in str(broken.value)


def test_the_case_runs_and_shows_what_the_message_says():
    def wrong(X, k):
        return X[:, :k] * 2

    with pytest.raises(Broken, match=r"k = 2: there wrong gives \[\[0\., 2\.\]\]") as broken:
        law("X comes back.", wrong, lambda v, X, k: np.allclose(v, X), X=numbers("n", 2), k=2)
    said = []
    exec(broken.value.case, {"wrong": wrong, "print": said.append})
    np.testing.assert_array_equal(said[0], [[0.0, 2.0]])


def test_inputs_share_the_sizes_they_name_and_stay_in_their_bounds():
    seen = set()

    def note(a, b):
        assert a.shape == b.shape[::-1]
        assert np.all((a >= 1) & (a <= 2))
        seen.add(a.shape)
        a[:] = 7  # must not change what the law is told
        return a

    sizes = {"a": numbers("n", "k", low=1, high=2), "b": numbers("k", "n")}
    law("All is well.", note, lambda value, a, b: np.all(a <= 2), **sizes)
    assert len(seen) > 10


def test_an_error_of_the_function_is_its_own():
    with pytest.raises(ZeroDivisionError):
        law("It runs.", lambda x: 1 // 0, lambda value, x: True, x=numbers("n"))
