"""Laws over random inputs: true laws hold, and a broken one shows its simplest counterexample."""

import json

import numpy as np
import pytest

from widgets.engine import failure, host
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
        # negative breaks the law.
        (lambda x: -np.sum(np.exp(x) - 1 - x), lambda value, x: value >= 0, [1.0]),
        (np.max, lambda value, x: value < 2.5, [3.0]),
        # Broken only if two numbers differ, so the shortest counterexample has two.
        (lambda x: x - x[0], lambda value, x: np.allclose(value, 0), [0.0, 1.0]),
        (np.max, lambda value, x: value >= 0, [-1.0]),
    ],
)
def test_the_case_shown_is_the_smallest(function, holds, smallest):
    with pytest.raises(Broken) as broken:
        law("It holds.", function, holds, x=numbers("n"))
    assert f"x = {smallest}" in str(broken.value)


def test_the_case_runs_and_shows_what_the_message_says():
    scope = {}
    exec("def wrong(X, k):\n    return X[:, :k] * 2", scope)  # like reader's code, in another file
    wrong = scope["wrong"]
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
        a[:] = 7  # must not change the inputs of the law
        return a

    sizes = {"a": numbers("n", "k", low=1, high=2), "b": numbers("k", "n")}
    law("All is well.", note, lambda value, a, b: np.all(a <= 2), **sizes)
    assert len(seen) > 10


@pytest.mark.parametrize(
    ("function", "holds"),
    [
        (lambda x: np.zeros(0), lambda value, x: value >= 0),
        (lambda x: np.zeros(0), lambda value, x: np.allclose(value, 1)),
        (lambda x: np.zeros((3, 0)), lambda value, x: np.all(value == 1)),
        (lambda x: [], lambda value, x: all(v == 1 for v in value)),
        (lambda x: [[], []], lambda value, x: np.allclose(value, 1)),
        (lambda x: (x, np.zeros(0)), lambda value, x: np.allclose(value[1], 1)),
        (lambda x: {}, lambda value, x: all(value.values())),
        (lambda x: x if x.any() else x[:0], lambda value, x: np.all(value == x)),
        (lambda x: x[:1], lambda value, x: value[1:] == x[1:][:0]),
    ],
)
def test_a_law_does_not_hold_of_nothing(function, holds):
    with pytest.raises(Broken, match="leaves nothing that the law could hold of"):
        law("It holds.", function, holds, x=numbers("n"))


def test_a_law_holds_of_a_list_in_which_something_is_empty():
    law("Groups.", lambda x: [[], x], lambda value, x: value[1] is not None, x=numbers("n"))


def test_an_error_of_the_function_is_its_own():
    with pytest.raises(ZeroDivisionError):
        law("It runs.", lambda x: 1 // 0, lambda value, x: True, x=numbers("n"))


READERS = "def alias(f, rate):\n    return f - rate * (f > 1)"
LAW = """
import functools
from widgets.kit.laws import law, numbers
half = 2
def wrapped(f):
    return alias(f, 2.0)
law("It folds.", {function}, lambda value, f: value >= 0, freq=numbers(1, low=0))
"""


@pytest.mark.parametrize(
    ("function", "name", "offered"),
    [
        ("lambda f: alias(f, 2.0)", "alias(freq, 2.0)", True),
        (
            "(lambda f: alias(f, 2.0) if f > 0 else f)",
            "alias(freq, 2.0) if freq > 0 else freq",
            True,
        ),
        ("lambda f: (lambda g: alias(g, 2.0))(f)", "(lambda g: alias(g, 2.0))(freq)", True),
        ("lambda f: alias(np.abs(f), 2.0)", "alias(np.abs(freq), 2.0)", True),
        ("lambda f: alias(f, half)", "alias(freq, half)", False),
        ("wrapped", "wrapped", False),
        ("functools.partial(alias, rate=2.0)", "(…)", False),
    ],
)
def test_a_case_is_offered_only_if_the_readers_code_can_run_it(function, name, offered):
    scope, check = {}, LAW.format(function=function)
    exec(f"{READERS}\nimport numpy as np", scope)
    failure.remember_source(failure.CHECK, check)
    with pytest.raises(Broken) as broken:
        exec(compile(check, failure.CHECK, "exec"), scope)
    reply = host.said(broken.value, "")
    english, values = reply["sentence"]
    assert reply["message"] == english.format(**values)
    assert values["name"] == name and "lambda>" not in reply["message"]
    assert bool(reply["case"]) == offered
    if offered:
        said = []
        exec(f"{READERS}\n{reply['case']}", {"print": said.append})
        assert said[0].tolist() == pytest.approx(json.loads(values["value"]))
