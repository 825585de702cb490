"""Snippets and solutions whose output differs in the page's own Python."""

from __future__ import annotations

import pytest

from latentbook.book.overlay.merge import open_project
from latentbook_authoring.check import page_python
from latentbook_authoring.check.book import check_book
from latentbook_authoring.check.page_python import advice

from .conftest import HEAD, MakeBook
from .test_check import GOOD, QUIZ, cell, mistakes, report


@pytest.fixture(autouse=True)
def only_cpython() -> None:
    """Override the fixture of this name: these tests need the page's Python."""


IN_PAGE = (
    (
        "import numpy as np\nx = np.arange(100_001)\nprint(x.sum())",
        6,
        "whole numbers have 32 bits in the page, where x.sum() gives "
        '705082704 instead of 5000050000: write x.sum(dtype="int64")',
    ),
    (
        "np.array([100_000]) ** 2",
        4,
        "whole numbers have 32 bits in the page, where "
        "np.array([100_000]) ** 2 gives 1410065408 instead of 10000000000: write ",
    ),
    (
        "print(np.arange(3).dtype)",
        0,
        "third gives 'stdout:int32' in the page, and 'stdout:int64' "
        'here: whole numbers have 32 bits in the page: write dtype="int64"',
    ),
    (
        "print(np.log(np.zeros(1)))",
        0,
        "fourth gives '' in the page, and 'stderr:fourth:1: "
        "RuntimeWarning: divide by zero encountered in log' here: the page's NumPy cannot warn",
    ),
    (
        "import sys\nprint(sys.maxsize)",
        0,
        "fifth gives 'stdout:2147483647' in the page, and ",
    ),
    (
        "x = np.zeros(2)\nx[[2**40 % 3]] + np.intp(2**40)",
        5,
        "sixth works here, but in the page it fails: OverflowError: ",
    ),
)
"""Snippets, the line reported for each (0 is its opening line), and the message."""


def test_what_differs_in_the_page_is_told_at_its_line(make_book: MakeBook) -> None:
    text, told = HEAD, []
    labels = ("first", "second", "third", "fourth", "fifth", "sixth")
    for label, (code, line, words) in zip(labels, IN_PAGE, strict=True):
        opened = text.count("\n") + 2  # an empty line precedes it
        told.append(f"content/sample/text.md:{opened + line}: {words}")
        text += cell(label, code)
    settings = make_book({"sample/text.md": text})
    errors = mistakes(settings, record=True)
    assert [error[: len(each)] for error, each in zip(errors, told, strict=True)] == told
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
