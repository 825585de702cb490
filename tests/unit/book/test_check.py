"""``check``: snippets re-run, outputs compared; solutions pass, mistakes get their message."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from latentbook.base.errors import BookErrors
from latentbook.book.compose.author_code import AuthorCode, Reply
from latentbook.book.directives.code_cell import Snippet
from latentbook.book.load import load
from latentbook.book.overlay.merge import open_project
from latentbook.book.read.recordings import PLOTLY, Recorded, rounded_figure, same_outputs
from latentbook.book.write import site
from latentbook.runtime.pins import PLATFORM
from latentbook.settings import Settings
from latentbook_authoring.check.book import check_book
from widgets.engine.failure import SHOW_A_FIGURE

from ..runtime.projects import project
from .conftest import BOOK, HEAD, OPENING, MakeBook

CELL = """
```{{code-cell}} python
:label: {label}
:title: A snippet

{code}
```
"""
QUIZ = """
::::{{quiz}} code
:label: q-double

Write `double`.

```{{code-cell}} python
def double(x):
    ...
```

```{{check}} python
assert double(2) == 4, "Twice 2 is 4."
```

```{{solution}} python
{solution}
```

```{{mistake}} {words}
{mistake}
```

:::{{answer}}
Worked.
:::
::::
"""
GOOD = {
    "solution": "def double(x):\n    return factor * x",
    "mistake": "def double(x):\n    return x",
    "words": "twice 2",
}


def cell(label: str, code: str) -> str:
    return CELL.format(label=label, code=code)


def report(message: str) -> None:
    pass


def mistakes(settings: Settings, **options: bool) -> list[str]:
    with pytest.raises(BookErrors) as caught:
        check_book(open_project(settings), report=report, **options)
    return [str(error) for error in caught.value.errors]


def test_recorded_output_is_what_the_page_shows(make_book: MakeBook) -> None:
    text = cell("first", "import sys\nx = 2\nprint(x)\nprint('warned', file=sys.stderr)\nx + 1")
    text += cell("second", "print(x * 2)") + cell("third", "None")
    settings = make_book({"sample/text.md": HEAD + text})
    check_book(open_project(settings), record=True, report=report)
    recorded = json.loads((settings.content / "sample" / "outputs.json").read_text())
    assert [value["outputs"] for value in recorded.values()] == [
        [
            {"kind": "stdout", "data": "2\n"},
            {"kind": "stderr", "data": "warned\n"},
            {"kind": "text/plain", "data": "3"},
        ],
        [{"kind": "stdout", "data": "4\n"}],
        [],
    ]
    check_book(open_project(settings), report=report)


def test_missing_stale_and_different_outputs(make_book: MakeBook) -> None:
    first = cell("first", "x = 2")
    second = cell("second", "print(x)\nprint('end')")
    settings = make_book({"sample/text.md": HEAD + first + second})
    assert mistakes(settings) == [
        f"content/sample/text.md:{line}: the output of {label} is not recorded: "
        "run this check with --record"
        for line, label in ((6, "first"), (13, "second"))
    ]
    check_book(open_project(settings), record=True, report=report)

    # A change in an earlier snippet makes the later one's output stale, too.
    chapter = settings.content / "sample/text.md"
    chapter.write_text(HEAD + cell("first", "x = 3") + second, encoding="utf-8")
    assert [line.split(": ", 1)[0] for line in mistakes(settings)] == [
        "content/sample/text.md:6",
        "content/sample/text.md:13",
    ]

    chapter.write_text(HEAD + first + second, encoding="utf-8")
    outputs = settings.content / "sample" / "outputs.json"
    outputs.write_text(outputs.read_text().replace(r"2\n", r"5\n"))
    assert mistakes(settings) == [
        "content/sample/text.md:13: the output of second differs: "
        "recorded 'stdout:5', now 'stdout:2'"
    ]


def test_a_snippet_that_fails_is_reported_at_its_line(make_book: MakeBook) -> None:
    settings = make_book({"sample/text.md": HEAD + cell("first", "x = 1\n\nx / 0")})
    assert mistakes(settings, record=True) == [
        "content/sample/text.md:12: first fails: ZeroDivisionError: division by zero"
    ]
    assert not (settings.content / "outputs").exists()


def test_chapters_do_not_see_each_others_names(make_book: MakeBook) -> None:
    book = """
title = "A"
subtitle = "B"
description = "C"
language = "en"

[[parts]]
title = "D"
chapters = [{ number = 1, slug = "one" }, { number = 2, slug = "two" }]
"""
    settings = make_book(
        {
            "book.toml": book,
            "one/index.md": OPENING,
            "one/text.md": HEAD + cell("first", "x = 1"),
            "two/index.md": OPENING.replace("[text]", "[second-text]"),
            "two/second-text.md": HEAD + cell("second", "x"),
        }
    )
    (told,) = mistakes(settings, record=True)
    assert told.startswith(
        "content/two/second-text.md:10: second fails: NameError: name 'x' is not defined"
    )


def test_solution_passes_and_mistake_fails_in_a_copy_of_the_scope(make_book: MakeBook) -> None:
    text = cell("first", "factor = 2") + QUIZ.format(**GOOD) + cell("last", "'double' in dir()")
    settings = make_book({"sample/text.md": HEAD + text})
    check_book(open_project(settings), record=True, report=report)
    recorded = json.loads((settings.content / "sample" / "outputs.json").read_text())
    assert recorded["last"]["outputs"] == [{"kind": "text/plain", "data": "False"}]


def test_what_cannot_run_or_judge_is_told_with_what_to_write(make_book: MakeBook) -> None:
    quiz = QUIZ.format(**GOOD).replace("assert double(2) == 4, ", "double(2) == 4; ")
    text = HEAD + cell("first", "%matplotlib inline\nfactor = 2") + quiz
    book = BOOK.replace("[[parts]]", '[macros]\nR2 = "x"\n\n[[parts]]', 1)
    told = mistakes(make_book({"sample/text.md": text, "book.toml": book}))
    line = text[: text.index("double(2) == 4")].count("\n") + 1
    assert told == [
        "content/book.toml:7: R2 of [macros] must be a name of letters only; got 'R2'",
        "content/sample/text.md:10: only IPython understands '%matplotlib inline': leave it out",
        f"content/sample/text.md:{line}: write assert before 'double(2) == 4'",
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"solution": GOOD["mistake"]}, "the solution of q-double fails the check: Twice 2 is 4."),
        ({"solution": "double"}, "the solution of q-double fails: NameError"),
        ({"mistake": GOOD["solution"]}, "a mistake passes the check of q-double"),
        (
            {"words": "half"},
            "the mistake gets a message without 'half': 'Twice 2 is 4.'",
        ),
    ],
)
def test_solutions_and_mistakes_that_do_not_do_their_duty(
    change: dict[str, str], message: str, make_book: MakeBook
) -> None:
    text = cell("first", "factor = 2") + QUIZ.format(**{**GOOD, **change})
    part = "solution" if "solution" in change else "mistake"
    (found,) = mistakes(make_book({"sample/text.md": HEAD + text}), record=True)
    assert message in found
    line = 1 + (HEAD + text).split(f"```{{{part}}}")[0].count("\n")
    assert int(found.split(":")[1]) in (line, line + 1), found  # its first line, or its code


def test_a_package_that_only_the_page_has_is_named(make_book: MakeBook) -> None:
    lock = {
        "requested": ["compiled-thing"],
        "packages": {
            "compiled-thing": {
                "name": "compiled-thing",
                "version": "1.0",
                "file_name": f"compiled_thing-1.0-cp314-cp314-{PLATFORM}.whl",
                "install_dir": "site",
                "imports": ["compiled_thing"],
            }
        },
    }
    files = {"sample/text.md": HEAD + cell("first", "import compiled_thing.inner")}
    settings = make_book({**files, "packages.json": json.dumps(lock)})
    (found,) = mistakes(settings, record=True)
    assert found.startswith("content/sample/text.md:10: first fails: ModuleNotFoundError")
    assert found.endswith("Install it here too: python -m pip install 'compiled-thing'")


NOT_IN_THE_PAGE = """\
import os, json.decoder, _heapq, widgets.contract
from numpy.linalg import svd


def root():
    from scipy.optimize import brentq


try:
    import torch
except ImportError:
    torch = None
import tkinter, PIL.Image
"""


def test_an_import_that_the_page_lacks_is_a_mistake_of_check_and_build(
    make_book: MakeBook,
) -> None:
    """It does not matter whether this Python has the module, or where the code is."""
    text = cell("first", NOT_IN_THE_PAGE) + QUIZ.format(**{**GOOD, "solution": "import regex"})
    text += cell("listing", "import torch").replace(":title:", ":read-only:\n:title:")
    settings = make_book({"sample/text.md": HEAD + text})
    with pytest.raises(BookErrors) as caught:
        load(settings)
    found = [str(error) for error in caught.value.errors]
    assert found == mistakes(settings)
    place, lacks = "content/sample/text.md", "the page's Python does not have"
    solution = 1 + (HEAD + text).split("\n").index("import regex")
    assert found == [
        f"{place}:15: {lacks} scipy: `latentbook packages add scipy` adds it",
        f"{place}:22: {lacks} tkinter: it has its standard library, numpy, widgets, and what "
        "`latentbook packages add` can add (`latentbook docs packages`). A snippet that needs "
        "others is shown with :read-only:, and does not run",
        f"{place}:22: {lacks} PIL: `latentbook packages add pillow` adds it",
        f"{place}:{solution}: {lacks} regex: `latentbook packages add regex` adds it",
    ]


def test_what_several_imports_lack_is_said_once(make_book: MakeBook) -> None:
    text = cell("first", "import torch") + cell("second", "from torch import nn\nimport scipy")
    told = mistakes(make_book({"sample/text.md": HEAD + text}))
    assert [each.partition(": ")[0] for each in told] == [
        "content/sample/text.md:10",
        "content/sample/text.md:18",
    ]
    assert told[0].endswith("does not run; also in line 17")


PLAIN = """
```{code-cell}
x = 1
x
```

## The *next*

```{code-cell} ipython3
x = 1
x
```

```{code-cell}
x = 1
x
```
"""


def test_snippets_need_neither_label_nor_title(make_book: MakeBook) -> None:
    """The label comes from the code, so it stays when other snippets come or go."""
    settings = make_book({"sample/text.md": HEAD + PLAIN})
    check_book(open_project(settings), record=True, report=report)
    check_book(open_project(settings), report=report)
    path = settings.content / "sample" / "text.md"
    before = snippets_of(settings)
    assert [title for title, _ in before.values()] == ["Text", "The next", "The next"]
    assert {output for _, output in before.values()} == {"1"}
    path.write_text(HEAD + "\n```{code-cell}\ny = 2\n```\n" + PLAIN)
    check_book(open_project(settings), record=True, report=report)
    assert before.items() <= snippets_of(settings).items()


def snippets_of(settings: Settings) -> dict[str, tuple[str, str]]:
    """Title and last output of each snippet, by label."""
    (section,) = load(settings).book.chapters[0].sections
    blocks = [each for each in section.blocks if isinstance(each, Snippet)]
    return {b.label: (b.title.words, b.outputs[-1].text if b.outputs else "") for b in blocks}


PREDICT = """
::::{quiz} predict
:label: q-line

What?

```python
import regex
print(1)
```

- [x] `1`

:::{answer}
So.
:::
::::
"""


def test_a_listing_to_predict_runs_in_the_page_too(make_book: MakeBook) -> None:
    settings = make_book({"sample/text.md": HEAD + PREDICT})
    line = 1 + (HEAD + PREDICT).split("\n").index("import regex")
    assert f"content/sample/text.md:{line}: the page's Python does not have regex" in "\n".join(
        mistakes(settings)
    )


def test_listings_run_in_a_process_of_their_own(make_book: MakeBook) -> None:
    listing = cell("listing", "import colorsys\n\n1 / 0")
    text = listing.replace(":title:", ":read-only:\n:needs: colorsys\n:title:")
    settings = make_book({"sample/text.md": HEAD + text})
    assert mistakes(settings) == [
        "content/sample/text.md:14: listing fails: ZeroDivisionError: division by zero"
    ]
    said: list[str] = []
    missing = text.replace("needs: colorsys", "needs: no_such_module")
    (settings.content / "sample/text.md").write_text(HEAD + missing, encoding="utf-8")
    check_book(open_project(settings), report=said.append)
    assert "  listing is not run: no_such_module is not installed" in said


def test_figures_are_compared_as_numbers_and_text_to_the_letter() -> None:
    figure = rounded_figure('{"data": [{"y": [0.123456789, 2]}], "layout": {}}')
    assert json.loads(figure)["data"][0]["y"] == [0.123457, 2]
    near = figure.replace("0.123457", "0.123459")
    far = figure.replace("0.123457", "0.1236")
    plots = [[Recorded(kind=PLOTLY, data=data)] for data in (figure, near, far)]
    assert same_outputs(plots[0], plots[1])
    assert not same_outputs(plots[0], plots[2])
    texts = [[Recorded(kind="stdout", data=data)] for data in ("0.123457", "0.123459")]
    assert not same_outputs(*texts)
    assert not same_outputs([], texts[0])


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (
            {"sample/numbers.py": "a = 1 / 0\n", "sample/text.md": HEAD + "\n{num}`a:.1f`\n"},
            "content/sample/numbers.py:1: fails: ZeroDivisionError: division by zero",
        ),
        (
            {"sample/text.md": HEAD + cell("first", "x = 1\n1 / 0") + "\n{num}`first.x:d`\n"},
            "content/sample/text.md:11: first fails: ZeroDivisionError: division by zero",
        ),
    ],
)
def test_the_cause_is_told_and_not_what_follows(
    files: dict[str, str], told: str, make_book: MakeBook
) -> None:
    (found,) = mistakes(make_book(files), record=True)
    assert found.startswith(told)


def test_what_comes_out_otherwise_each_time_is_not_recorded(make_book: MakeBook) -> None:
    draw = "import numpy as np\nprint(np.random.default_rng().random())"
    settings = make_book({"sample/text.md": HEAD + cell("drawn", draw)})
    [error] = mistakes(settings, record=True)
    assert error.startswith("content/sample/text.md:6: the output of drawn differs: recorded ")
    assert not (settings.content / "sample/outputs.json").exists()


def test_only_what_has_changed_is_run_again(
    make_book: MakeBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cell also runs again for a question after it. A mistake is reported every time."""
    first = CELL.format(label="first", code="factor = 2\nprint(factor)")
    second = CELL.format(label="second", code="print(factor + 1)")
    quiz = QUIZ.format(**GOOD)
    asked: list[str] = []
    ask = AuthorCode.ask

    def noting(self: AuthorCode, request: Mapping[str, Any]) -> Reply:
        what = request.get("filename") or request["type"]
        if what == "call":
            what = json.loads(request["code"])["function"].partition(":")[2]
        if what != "faults":  # of an instrument
            asked.append(what)
        return ask(self, request)

    monkeypatch.setattr(AuthorCode, "ask", noting)

    def checked(text: str, *, record: bool = False) -> list[str]:
        asked.clear()
        settings = make_book({"sample/text.md": HEAD + text})
        check_book(open_project(settings), record=record, report=lambda message: None)
        return asked

    question = ["check_answer", "refusal", "check_answer"]
    checked(first + second + quiz, record=True)
    assert checked(first + second + quiz) == []
    assert checked("\nMore words.\n" + first + second + quiz) == []
    other = quiz.replace("factor * x", "x * factor")
    assert checked(first + second + other) == ["first", "second", *question]
    assert checked(first + second + other) == []
    wrong = quiz.replace("factor * x", "factor + 3 * x")
    for _ in range(2):
        with pytest.raises(BookErrors, match="the solution of q-double fails the check: Twice 2"):
            checked(first + second + wrong)
        assert asked == ["first", "second", "check_answer", "check_answer"]
    changed = first.replace("factor = 2", "factor = 2.0")
    with pytest.raises(BookErrors, match="the output of first was recorded for other code"):
        checked(changed + second + quiz)
    assert asked == ["first", "second", *question]


def test_a_drawing_without_a_seed_is_told(make_book: MakeBook, packages: str) -> None:
    draw = "import numpy as np\nimport matplotlib.pyplot as plt\nplt.plot(np.random.randn(9))"
    text = cell("drawn", draw).replace(":title:", ":alt: Noise.\n:title:")
    settings = make_book({"sample/text.md": HEAD + text, "packages.json": packages})
    [error] = mistakes(settings, record=True)
    assert error.startswith("content/sample/text.md:6: the output of drawn differs: ")
    assert "give random numbers a seed" in error


def test_a_figure_that_is_not_drawn_is_told_with_every_missing_key(make_book: MakeBook) -> None:
    figure = '{"data": [{"type": "scatter", "x": [1, 2], "y": [1, 4]}], "layout": {"height": 320}}'
    settings = make_book({"sample/text.md": HEAD + cell("first", figure)})
    [error] = mistakes(settings, record=True)
    assert error.startswith("content/sample/text.md:6: the figure of first cannot be drawn: ")
    missing = re.findall(r"(\S+) is missing", error)
    assert missing == [f"layout.{key}" for key in ("width", "margin", "xaxis", "yaxis")]


def test_the_figure_that_is_suggested_is_drawn(make_book: MakeBook) -> None:
    code = SHOW_A_FIGURE.partition("\n")[2]
    settings = make_book({"sample/text.md": HEAD + cell("first", code)})
    check_book(open_project(settings), record=True, report=report)


def test_a_page_with_too_many_elements_is_told_as_the_build_does(
    make_book: MakeBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "MAX_ELEMENTS", 400)
    settings = make_book({"sample/text.md": HEAD + "\n" + "a *b*\n\n" * 400})
    [error] = mistakes(settings)
    assert re.match(
        r"content/sample/text\.md:2: the page has \S+ HTML elements; at most 400", error
    )


def test_no_path_of_the_machine_is_recorded(make_book: MakeBook) -> None:
    code = "import os, sys, warnings, json, numpy\nprint(numpy.__file__, json.__file__)\n"
    code += "print(os.getcwd(), os.path.expanduser('~/data'))\n"
    code += "warnings.warn_explicit('old', UserWarning, numpy.__file__, 3)\nos.getcwd()"
    settings = make_book({"sample/text.md": HEAD + cell("first", code)})
    check_book(open_project(settings), record=True, report=report)
    recorded = json.loads((settings.content / "sample/outputs.json").read_text())
    assert [output["data"] for output in recorded["first"]["outputs"]] == [
        "numpy/__init__.py json/__init__.py\n~ ~/data\n",
        "numpy/__init__.py: UserWarning: old\n",
        "'~'",
    ]


def test_paths_that_were_recorded_elsewhere_are_the_same() -> None:
    then = "/home/ann/b/.venv/lib/python3.12/site-packages/sklearn/a.py:599: FutureWarning: so\n"
    now = "C:\\ann\\Lib\\site-packages\\sklearn/a.py: FutureWarning: so\n"
    assert same_outputs(*([Recorded(kind="stderr", data=each)] for each in (then, now)))


IMPURE = """

_calls = []
_compute = compute


def compute(*state, **given):
    _calls.append(given)
    return {**_compute(*state, **given), "calls": len(_calls)}
"""


def test_the_books_own_instruments_are_held_to_their_contract(
    make_book: MakeBook, tmp_path: Path
) -> None:
    book, copy = make_book({}), project(tmp_path / "copy")
    for name in ("static", "package-lock.json"):
        (copy.root / name).symlink_to(book.root / name)
    for name in ("bottleneck", "train_vae"):
        file = copy.widgets / f"{name}.py"
        file.write_text(file.read_text() + IMPURE)
    told = mistakes(copy.model_copy(update={"content": book.content, "build": book.build}))
    assert len(told) == 2
    for name, each in zip(("bottleneck", "train_vae"), sorted(told), strict=True):
        assert re.match(rf"widgets/{name}\.py:\d+: {name} fails: ContractError: compute ", each)
        assert "returns another 'calls' the second time" in each
