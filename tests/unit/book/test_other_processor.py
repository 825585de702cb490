"""A check that compares digits which depend on the processor is reported."""

from __future__ import annotations

import numpy as np
import pytest

from latentbook.base.errors import BookErrors
from latentbook.book.overlay.merge import open_project
from latentbook_authoring.check.book import check_book
from latentbook_authoring.check.other_processor import moved, refusal
from tests.unit.book.test_check import QUIZ

from .conftest import HEAD, MakeBook

LAW = "from widgets.kit.laws import law, numbers\nlaw('It is odd.', f, {holds}, x=numbers('n'))"
ODD = "lambda value, x: value == -f(-x)"
CUBE = "def f(x):\n    return x**3"

FRAGILE = {
    "a law on a power": (CUBE, LAW.format(holds=ODD)),
    "a power": ("import numpy as np\ndef f(x):\n    return x**0.3", "assert f(2) == 2**0.3"),
    "a logarithm": ("import math\ndef f(x):\n    return math.log(x)", "assert f(8) / f(2) == 3"),
    "a limit": (
        "import math\ndef f(x):\n    return math.ceil(math.log2(6 * x) - math.log2(3 * x))",
        "assert all(f(x) == 1 for x in range(5, 50))",
    ),
    "a matrix product": (
        "import numpy as np\ndef f(x):\n    return x @ x",
        "import numpy as np\nx = np.eye(3) / 7 + 0.1\nassert np.array_equal(f(x), x @ x)",
    ),
    "linear algebra": (
        "import numpy as np\ndef f(x):\n    return np.linalg.eigh(x)[0]",
        "import numpy as np\nx = np.array([[2.0, 1], [1, 1]])\nassert f(x)[1] == (3 + 5**0.5) / 2",
    ),
}
SOUND = {
    "products": ("def f(x):\n    return x * x * x", LAW.format(holds=ODD)),
    "closeness": (CUBE, LAW.format(holds="lambda value, x: np.allclose(value, -f(-x))")),
    "an order": (
        "import numpy as np\ndef f(x):\n    return np.sort(x)",
        LAW.format(holds="lambda value, x: all(value[1:] >= value[:-1])"),
    ),
    "whole numbers": (
        "import numpy as np\ndef f(x):\n    return 2**x @ np.ones((4, 4))",
        "import numpy as np\nassert f(np.arange(4.0)).tolist() == [15.0] * 4",
    ),
    "a call by keywords": (
        "import numpy as np\ndef f(x):\n    return np.sum(np.exp(x), axis=-1, keepdims=True)",
        "import numpy as np\nassert f(np.zeros((2, 3))).shape == (2, 1)",
    ),
}


@pytest.mark.parametrize("what", FRAGILE)
def test_what_depends_on_the_last_digit_is_refused(what: str) -> None:
    code, check = FRAGILE[what]
    assert refusal("other", code, check)["line"] == check.count("\n") + 1


@pytest.mark.parametrize("what", SOUND)
def test_what_does_not_is_accepted(what: str) -> None:
    code, check = SOUND[what]
    found = refusal("other", code, f"import numpy as np\n{check}")
    assert found == {"message": None, "line": None}


def test_results_move_to_a_neighbour_and_whole_numbers_stay() -> None:
    rng = np.random.default_rng(0)
    given = np.array([0.1, 3.0, -2.5, 0.0, np.inf, np.nan])
    with np.errstate(invalid="ignore"):
        found = moved(given, rng)
    spacing = np.spacing(np.abs(given[[0, 2]]))
    assert np.all(np.abs(found[[0, 2]] - given[[0, 2]]) == spacing)
    np.testing.assert_array_equal(found[[1, 3, 4, 5]], given[[1, 3, 4, 5]])
    assert type(moved(np.float32(0.1), rng)) is np.float32
    assert moved(7, rng) == 7
    assert type(moved(np.linalg.eigh(np.eye(2)), rng)).__name__ == "EighResult"


def test_the_check_names_the_line(make_book: MakeBook) -> None:
    solution = "def double(x):\n    return 2 * x"
    text = HEAD + QUIZ.format(solution=solution, mistake="def double(x):\n    return x", words="2")
    text = text.replace("assert double(2) == 4", "assert double(0.1**0.5) == 2 * 0.1**0.5")
    with pytest.raises(BookErrors) as caught:
        check_book(open_project(make_book({"sample/text.md": text})), record=True, report=print)
    line = text[: text.index("assert")].count("\n") + 1
    (found,) = (str(each) for each in caught.value.errors)
    assert found.startswith(f"content/sample/text.md:{line}: this compares digits that depend on")
    assert "np.isclose" in found


def test_a_solution_that_fails_itself_there_is_told_at_the_check(make_book: MakeBook) -> None:
    solution = "assert 0.1**0.5 * 0.1**0.5 == 0.1**0.5 * 0.1**0.5\ndef double(x):\n    return 2 * x"
    text = HEAD + QUIZ.format(solution=solution, mistake="def double(x):\n    return x", words="2")
    with pytest.raises(BookErrors) as caught:
        check_book(open_project(make_book({"sample/text.md": text})), record=True, report=print)
    line = text[: text.index("```{check}")].count("\n") + 1
    (found,) = (str(each) for each in caught.value.errors)
    assert found.startswith(f"content/sample/text.md:{line}: the solution of")
    assert "fails where the last digits are others" in found
