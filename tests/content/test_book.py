"""The book itself: all in it is right, its Python does what the page says, and it exports."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from latentbook.book.build import build_site
from latentbook.book.check import check_book
from latentbook.book.compose.blocks import Block, Equation
from latentbook.book.compose.notebook import Cell
from latentbook.book.compose.question import Question
from latentbook.book.compose.types import Chapter, Loaded
from latentbook.book.directives.code_cell import Snippet
from latentbook.book.directives.instrument import InstrumentBlock
from latentbook.book.load import load
from latentbook.book.write.exports import chapter_cells, notebook, script
from latentbook.settings import Settings
from tests.site_pages import broken_links, repeated_ids


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return load(Settings())


def test_every_snippet_solution_and_mistake_does_what_it_says() -> None:
    check_book(Settings(), report=print)


def every(blocks: tuple[Block, ...], kind: type) -> list[Block]:
    """The blocks of one kind, those inside folds and remarks included."""
    found: list[Block] = []
    for block in blocks:
        if isinstance(block, kind):
            found.append(block)
        found += every(getattr(block, "blocks", ()), kind)
    return found


def test_numbers_run_from_one_without_gaps(loaded: Loaded) -> None:
    for chapter in loaded.book.chapters:
        blocks = tuple(block for page in chapter.pages for block in page.blocks)
        for kind in (Equation, InstrumentBlock, Snippet, Question):
            numbers = [block.number for block in every(blocks, kind) if block.number]  # type: ignore[union-attr]
            assert numbers == [f"{chapter.number}.{i + 1}" for i in range(len(numbers))]
        sections = [section.number for section in chapter.sections]
        assert sections == [f"{chapter.number}.{i + 1}" for i in range(len(sections))]


def test_every_fact_is_stated_somewhere(loaded: Loaded) -> None:
    unused = [fact.id for fact in loaded.book.facts if not fact.uses]
    assert not unused


def exports(loaded: Loaded) -> Iterator[tuple[Chapter, list[Cell]]]:
    for chapter, source in zip(loaded.book.chapters, loaded.sources, strict=True):
        yield chapter, chapter_cells(chapter, source, loaded)


def test_notebooks_are_valid_and_scripts_are_python(loaded: Loaded) -> None:
    for chapter, cells in exports(loaded):
        nbformat.validate(nbformat.reads(notebook(chapter, cells).decode(), as_version=4))
        compile(script(cells), chapter.slug, "exec")


@pytest.mark.long
def test_scripts_run(loaded: Loaded, tmp_path: Path) -> None:
    """The snippets in them are run by the check above; here they run without the page."""
    for chapter, cells in exports(loaded):
        path = tmp_path / f"{chapter.slug}.py"
        path.write_bytes(script(cells))
        done = subprocess.run([sys.executable, path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_every_link_of_the_site_leads_to_something() -> None:
    folder = build_site(Settings(), report=print)
    assert broken_links(folder) == []
    assert repeated_ids(folder) == []
