"""The book itself: everything in it is right, its Python gives the printed results, it exports."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import nbformat
import pytest

from latentbook.book.compose.author_code import AuthorCode, Reply
from latentbook.book.compose.blocks import Block, Equation
from latentbook.book.compose.notebook import Cell
from latentbook.book.compose.question import Question
from latentbook.book.compose.types import Chapter, Loaded
from latentbook.book.directives.code_cell import Snippet
from latentbook.book.directives.instrument import InstrumentBlock
from latentbook.book.load import load
from latentbook.book.overlay.merge import open_project
from latentbook.book.read.numbers import rounded
from latentbook.book.read.recordings import NUMBERS
from latentbook.book.read.source import ChapterSource
from latentbook.book.write.exports import chapter_cells, notebook, script
from latentbook.settings import Settings
from latentbook_authoring.check.book import check_book
from tests.lot import by_lot
from tests.site_pages import broken_links, repeated_ids


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return load(Settings())


SLOW_NUMBERS = ("representations", "autoencoders", "judging", "generative-stack")
"""Chapters whose numbers take two thirds of a check. `make test` uses their recorded numbers."""


def sources_of(chapter: str) -> tuple[str, ...]:
    return f"content/{chapter}/", "widgets/kit/"


def recorded_numbers(source: ChapterSource) -> dict[str, float]:
    return source.recordings.known[NUMBERS].numbers


@pytest.mark.sweep
def test_every_snippet_solution_and_mistake_does_what_it_says(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = {
        source.numbers.source: recorded_numbers(source)
        for source in loaded.whole
        if source.entry.slug in SLOW_NUMBERS
    }
    assert len(recorded) == len(SLOW_NUMBERS)
    run = AuthorCode.ask

    def ask(code: AuthorCode, request: dict[str, Any]) -> Reply:
        if request["type"] == "numbers" and request["code"] in recorded:
            return {"type": "done", "value": recorded[request["code"]]}
        return run(code, request)

    monkeypatch.setattr(AuthorCode, "ask", ask)
    patient = Settings(code_timeout=600)  # however slow this machine is
    chapters = by_lot((each.slug for each in loaded.book.chapters), sources_of)
    check_book(open_project(patient), chapters=chapters, report=print)


@pytest.fixture(scope="module")
def computing() -> Loaded:
    return load(Settings(), computing=True)


@pytest.mark.long
@pytest.mark.sweep
@pytest.mark.parametrize("chapter", by_lot(SLOW_NUMBERS, sources_of))
def test_numbers_print_as_recorded(computing: Loaded, chapter: str) -> None:
    source = next(each for each in computing.whole if each.entry.slug == chapter)
    with closing(AuthorCode(3600)) as code:
        reply = code.ask({"type": "numbers", "code": source.numbers.source})
    computed = {name: rounded(value) for name, value in reply["value"].items()}
    then = {maker: recording.numbers for maker, recording in source.recordings.known.items()}
    now = then | {NUMBERS: computed}
    asked = [each.content for each in computing.asked if each.slug == chapter]
    assert asked
    for content in asked:
        number = source.numbers.number
        assert number(content, now).text == number(content, then).text, content


def every(blocks: tuple[Block, ...], kind: type) -> list[Block]:
    """List the blocks of one kind, including those inside folds and remarks."""
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


def test_every_section_says_what_to_keep_of_it(loaded: Loaded) -> None:
    """Except problems, which have no single takeaway."""
    sections = [each for chapter in loaded.book.chapters for each in chapter.sections]
    without = {each.name for each in sections if not each.takeaways}
    assert without == {each.name for each in sections if each.name.endswith("-problems")}


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


SCRIPTS = ("begin", "convolutional", "workshop")


@pytest.mark.long
def test_scripts_run(loaded: Loaded, tmp_path: Path) -> None:
    """The check above runs all snippets; here some chapters run without the page."""
    for chapter, cells in exports(loaded):
        if chapter.slug not in SCRIPTS:
            continue
        path = tmp_path / f"{chapter.slug}.py"
        path.write_bytes(script(cells))
        done = subprocess.run([sys.executable, path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_every_link_of_the_site_leads_to_something(site: Path) -> None:
    assert broken_links(site) == []
    assert repeated_ids(site) == []


def classes(text: str, pattern: str) -> set[str]:
    return {name for found in re.findall(pattern, text) for name in found.split()}


def test_what_is_styled_late_is_on_no_page_that_paints_without_it(site: Path) -> None:
    """Dialogs, cards and their forms appear later; a number is marked only under a pointer."""
    sheets = {
        name: next(site.glob(f"assets/{name}-*.css")).read_text("utf-8")
        for name in ("book", "more")
    }
    book, more = (classes(sheets[name], r"\.([a-z][\w-]*)") for name in ("book", "more"))
    late = [page for page in site.rglob("*.html") if " data-late " in page.read_text("utf-8")]
    assert len(late) > 2
    for page in late:
        shown = re.sub(r"(?s)<(dialog|template).*?</\1>", "", page.read_text("utf-8"))
        assert classes(shown, r'class="([^"]+)"') & (more - book) <= {"form", "quoted"}, page
