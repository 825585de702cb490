"""Snippets and solutions in the page's own Python, where it puts out something else."""

from __future__ import annotations

import pytest

from latentbook.book import page_python
from latentbook.book.check import check_book
from latentbook.book.overlay.merge import open_project
from latentbook.book.page_python import advice

from .conftest import HEAD, MakeBook
from .test_check import GOOD, QUIZ, cell, mistakes, report


@pytest.fixture(autouse=True)
def only_cpython() -> None:
    """Not here."""


IN_PAGE = {
    "integers of 32 bits": (
        "import numpy as np\nx = np.arange(100_001)\nprint(x.sum())",
        "content/sample/text.md:12: whole numbers have 32 bits in the page, where x.sum() gives "
        '705082704 instead of 5000050000: write x.sum(dtype="int64")',
    ),
    "an array of them": (
        "import numpy as np\nnp.array([100_000]) ** 2",
        "content/sample/text.md:11: whole numbers have 32 bits in the page, where "
        "np.array([100_000]) ** 2 gives 1410065408 instead of 10000000000: write ",
    ),
    "the name of a type": (
        "import numpy as np\nprint(np.arange(3).dtype)",
        "content/sample/text.md:6: first gives 'stdout:int32' in the page, and 'stdout:int64' "
        'here: whole numbers have 32 bits in the page: write dtype="int64"',
    ),
    "a warning": (
        "import numpy as np\nprint(np.log(np.zeros(1)))",
        "content/sample/text.md:6: first gives '' in the page, and 'stderr:first:2: "
        "RuntimeWarning: divide by zero encountered in log' here: the page's NumPy cannot warn",
    ),
    "another release of Python": (
        "import sys\nprint(sys.maxsize)",
        "content/sample/text.md:6: first gives 'stdout:2147483647' in the page, and ",
    ),
    "an error": (
        "import numpy as np\nx = np.zeros(2)\nx[[2**40 % 3]] + np.intp(2**40)",
        "content/sample/text.md:12: first works here, but in the page it fails: OverflowError: ",
    ),
}


@pytest.mark.parametrize("what", IN_PAGE)
def test_what_differs_in_the_page_is_told_at_its_line(what: str, make_book: MakeBook) -> None:
    code, told = IN_PAGE[what]
    settings = make_book({"sample/text.md": HEAD + cell("first", code)})
    errors = mistakes(settings, record=True)
    assert [error[: len(told)] for error in errors] == [told]
    assert not (settings.content / "sample/outputs.json").exists()


def test_last_digits_are_told_and_rounded_numbers_are_the_same() -> None:
    """The digits that a page gave for np.exp(np.linspace(0, 3, 10001)).sum()."""
    assert "np.round(values, 6)" in advice("stdout:63628.999656225555", "stdout:63628.99965622557")
    assert "np.round(values, 6)" in advice("array([0.1 ])", "array([0.10000000002])")
    assert "np.round(values, 6)" not in advice("stdout:0.5", "stdout:0.6")


def test_a_solution_has_to_pass_in_the_page_too(make_book: MakeBook) -> None:
    body = "return int((np.array([x]) * 2**30)[0] >> 29)"
    solution = f"import numpy as np\ndef double(x):\n    {body}"
    settings = make_book({"sample/text.md": HEAD + QUIZ.format(**{**GOOD, "solution": solution})})
    [error] = mistakes(settings, record=True)
    assert error.endswith(
        "the solution of q-double passes here, but not in the page: Twice 2 is 4."
    )


def test_what_has_not_changed_does_not_run_in_the_page_again(
    make_book: MakeBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_book({"sample/text.md": HEAD + cell("first", "print(sum(range(71)))")})
    check_book(open_project(settings), record=True, report=report)

    def refuse(*given: object, **named: object) -> None:
        raise AssertionError("it runs again")

    monkeypatch.setattr(page_python, "run_once", refuse)
    check_book(open_project(settings), report=report)
    with pytest.raises(AssertionError, match="runs again"):
        (settings.content / "sample/text.md").write_text(HEAD + cell("first", "print(2485 + 0)"))
        check_book(open_project(settings), report=report)


def test_a_chapter_that_ends_the_pages_python_does_not_hide_another(
    make_book: MakeBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = "import os, sys\nif sys.platform == 'emscripten':\n    while True: pass\nprint(1)"
    settings = make_book({"sample/text.md": HEAD + cell("first", ended) + cell("second", "1")})
    settings = settings.model_copy(update={"code_timeout": 10})
    told = mistakes(settings, record=True)
    assert told == ["content/sample/text.md:6: first does not end in the page's Python within 20 s"]
