"""A chapter as notebook and script: valid, complete, and running from top to bottom."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from latentbook.book.compose.notebook import Cell
from latentbook.book.compose.types import Chapter
from latentbook.book.load import load
from latentbook.book.overlay.merge import open_project
from latentbook.book.write.exports import chapter_cells, notebook, script
from latentbook_authoring.check.book import check_book

from .conftest import BOOK, HEAD, MakeBook, fixture_chapter

SNIPPETS = (
    HEAD
    + """
```{code-cell} python
:label: sum
:title: A sum

import numpy as np
total = np.arange(4).sum()
print(total)
total + 1
```

```{code-cell} python
:label: listing
:title: Not run
:read-only:

import no_such_module
```
"""
)


Exported = tuple[Chapter, list[Cell]]


@pytest.fixture
def export(make_book: MakeBook) -> Exported:
    macro = '[macros]\nvx = "\\\\mathbf{x}"\n\n'
    settings = make_book(
        {
            **fixture_chapter(),
            "sample/snippets.md": SNIPPETS + "\nAn input $\\vx$.\n",
            "book.toml": BOOK.replace("[[parts]]", macro + "[[parts]]"),
        }
    )
    check_book(open_project(settings), record=True, report=lambda message: None)
    loaded = load(settings)
    (chapter,), (source,) = loaded.book.chapters, loaded.sources
    return chapter, chapter_cells(chapter, source, loaded)


@pytest.fixture
def cells(export: Exported) -> list[Any]:
    book = nbformat.reads(notebook(*export).decode(), as_version=4)
    nbformat.validate(book)
    return list(book.cells)


def test_notebook_holds_the_code_with_its_recorded_output(cells: list[Any]) -> None:
    code = {cell.id: cell for cell in cells if cell.cell_type == "code"}
    assert list(code) == ["q-code", "sum"]
    stream, value = code["sum"].outputs
    assert (stream.name, stream.text) == ("stdout", "6\n")
    assert value.data == {"text/plain": "np.int64(7)"}


def test_text_needs_nothing_of_this_book(cells: list[Any]) -> None:
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    for mark in (":::", "{eq}", "{ref}", "{cite}", "{term}", "{#", "[^", "<!--", r"\vx"):
        assert mark not in text
    for part in (
        "# 2 Sample",
        "## 2.1 Running text",
        "### The end",
        r"\tag{2.1}",
        "Section\xa02.1 begins a sentence. In the middle, section\xa02.1 does not.",
        "## References",
        "- Baldi, P. & Hornik, K. (1989).",
        "*manifold*",
        "Baldi & Hornik 1989; Kingma & Welling 2014",
        "> <sup>far</sup> One paragraph.",
        "> **What $x$ is**",
        "<summary>Why</summary>",
        "**Table 2.1.**",
        "> **Source.** The optimum spans the *principal* plane.",
        "<summary>Worked answer</summary>",
        "An input ${\\mathbf{x}}$.",
    ):
        assert part in text, part


def test_options_are_asked_without_what_tells_the_right_one(cells: list[Any]) -> None:
    [cell] = [cell.source.replace("\\", "") for cell in cells if "Which one?" in cell.source]
    asked, told, *_ = cell.partition("Which one?")[2].split("<summary>Worked answer</summary>")
    for option in ("- [ ] First, with $k$", "- [ ] Second", "- [ ] Third"):
        assert option in asked
    for mark in ("[x]", "Feedback", "The second."):
        assert mark not in asked and mark in told


def test_script_runs_from_top_to_bottom(export: Exported, tmp_path: Path) -> None:
    path = tmp_path / "sample.py"
    path.write_bytes(script(export[1]))
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "6\n", "")


def test_cells_of_the_notebook_run_in_order(cells: list[Any]) -> None:
    scope: dict[str, Any] = {}
    for cell in cells:
        if cell.cell_type == "code":
            exec(cell.source, scope)
    assert scope["total"] == 6
