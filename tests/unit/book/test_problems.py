"""A problem has a task and a rubric; its solution is in a course's own folder, and in no site."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentbook.base.errors import BookErrors, LatentbookError
from latentbook.book.build import build_site
from latentbook.book.load import load
from latentbook.book.overlay.merge import open_project
from latentbook.book.write.exports import chapter_cells
from latentbook.book.write.search import search_index
from latentbook.settings import Settings
from latentbook_authoring.scaffold import SCAFFOLD
from latentbook_authoring.scaffold.course import SOLVED
from latentbook_authoring.solutions import SOLUTIONS, build_solutions

from .conftest import FRONT, HEAD, MakeBook

PROBLEM = """
::::{problem} The lamp
:label: problem-lamp

Hold a *lamp* to it.

:::{rubric}
- A control.
:::

:::{pitfalls}
- No control.
:::
::::
"""
COURSE = """\
title = "A course"
subtitle = "Of a book"
description = "For tests."
language = "en"
book = "0.1.0"

[[parts]]
title = "All"
chapters = ["sample"]
"""
SOLUTION = """\
## Solution

The answer is forty-two lumens.

```{code-cell} python
:label: solution-lamp
:title: The lamp, computed

lumens = 40 + 2
print(lumens)
```

That is {num}`solution-lamp.lumens:d`.
"""


def test_search_and_notebooks_have_it(make_book: MakeBook) -> None:
    loaded = load(make_book({"sample/text.md": f"{HEAD}{PROBLEM}\nSee {{ref}}`problem-lamp`.\n"}))
    assert '"Problem","number":"2.1"' in search_index(loaded.book).decode()
    cells = chapter_cells(loaded.book.chapters[0], loaded.sources[0], loaded)
    text = "\n".join(cell.source for cell in cells)
    assert "**Problem 2.1. The lamp**\n\nHold a *lamp* to it." in text
    assert "<summary>Where people go wrong</summary>\n\n- No control." in text
    assert "See problem\N{NO-BREAK SPACE}2.1." in text


@pytest.mark.parametrize("name", ["rubric", "pitfalls"])
def test_what_it_lacks_is_reported(name: str, make_book: MakeBook) -> None:
    text = PROBLEM.replace("- A control." if name == "rubric" else "- No control.", "")
    with pytest.raises(BookErrors, match=f"a problem needs one {{{name}}} that is not empty"):
        load(make_book({"sample/text.md": HEAD + text}))


@pytest.fixture
def course(make_book: MakeBook, tmp_path: Path) -> Settings:
    """A course over a book with two problems."""
    second = PROBLEM.replace("problem-lamp", "problem-mirror")
    settings = make_book({"sample/text.md": HEAD + PROBLEM + second})
    folder = tmp_path / "mine"
    files: Mapping[str, str] = {"course.toml": COURSE, "content/front.md": FRONT}
    for name, text in {**files, f"{SOLUTIONS}/problem-lamp.md": SOLUTION}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return settings.model_copy(update={"course": folder, "build": folder / "build"})


def test_solutions_are_on_the_instructors_pages_and_in_no_site(
    course: Settings, small_runtime: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    solved = build_solutions(course, said.append)
    page = (solved / "sample" / "text" / "index.html").read_text(encoding="utf-8")
    places = [page.index(words) for words in ("a <em>lamp</em>", "forty-two", ">42<", "mirror")]
    assert places == sorted(places)
    assert "No solution yet: problem 1.2, solutions/problem-mirror.md" in said
    site = build_site(open_project(course), report=said.append)
    files = [path for path in site.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"forty-two" in path.read_bytes()]


def test_a_solution_of_no_problem_is_refused(course: Settings) -> None:
    assert course.course is not None
    (course.course / SOLUTIONS / "problem-lmap.md").write_text(SOLUTION, encoding="utf-8")
    with pytest.raises(LatentbookError, match=r"problem-lmap\.md: no problem .* Did you mean"):
        build_solutions(course, lambda message: None)


@pytest.mark.parametrize("place", SOLVED)
def test_the_examples_of_a_new_course_solve_problems_of_the_book(place: str, root: Path) -> None:
    problems = root / "content" / "representations" / "representations-problems.md"
    assert f":label: {Path(place).stem}\n" in problems.read_text(encoding="utf-8")
    text = (SCAFFOLD / "course" / place).read_text(encoding="utf-8")
    code = text.split("```")[1].split("\n\n", 1)[1]
    scope: dict[str, Any] = {}
    exec(code, scope)
    quoted = re.findall(r"\{num\}`solution-\w+\.(\w+)", text)
    assert quoted
    assert scope.keys() >= set(quoted)


def test_the_solution_of_the_example_course_finds_the_known_errors(root: Path) -> None:
    course = root / "examples" / "course"
    text = (course / SOLUTIONS / "problem-spend-bits.md").read_text(encoding="utf-8")
    scope: dict[str, Any] = {}
    exec(text.split("```")[1].split("\n\n", 1)[1], scope)
    # Max 1960, Quantizing for minimum distortion, table 2: equal steps, one to four bits
    np.testing.assert_allclose(scope["left"][1:5], (0.3634, 0.1188, 0.03744, 0.01154), rtol=0.02)
    assert scope["bits"].sum() == 24
    assert scope.keys() >= set(re.findall(r"\{num\}`[\w-]+\.(\w+)", text))
    section = course / "content" / "autoencoders" / "rounding-off.md"
    assert ":label: problem-spend-bits\n" in section.read_text(encoding="utf-8")
