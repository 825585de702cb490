"""The PDF of the book. test_every_page.py checks the pages that readers print.

A course of a few sections contains everything that print changes; a release prints the complete
book.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from latentbook.book.compose.blocks import Block, Equation, Prose
from latentbook.book.compose.pieces import Layout
from latentbook.book.compose.question import Question
from latentbook.book.compose.types import Book
from latentbook.book.directives.admonition import Admonition
from latentbook.book.directives.fold import Fold
from latentbook.book.load import load
from latentbook.book.write.prefill import fill
from latentbook.book.write.render import printed
from latentbook.settings import Settings

pytestmark = pytest.mark.long

ADDRESS = "https://book.example.org/course/"
BUILD = "from latentbook.cli import main; main()", "build", "--pdf", "--address", ADDRESS

COURSE = """
title = "Two chapters"
subtitle = "In print"
description = "All that is printed in a way of its own."
language = "en"
book = "0.3.0"
full_book_url = "https://host.example/book/"

[[parts]]
title = "What a code is for"
chapters = [
  { slug = "representations", sections = ["useful", "properties"] },
  { slug = "autoencoders", sections = ["compress", "two-terms", "gradients", "vae"] },
]
"""
FRONT = "---\ntitle: Two chapters\nstandfirst: In print.\ndescription: In print.\n---\n"


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(COURSE, id="course"),
        pytest.param("", id="book", marks=pytest.mark.release),
    ],
)
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of what is printed: a separate build, filled from the book's caches."""
    folder = tmp_path_factory.mktemp("printed")
    fill(folder / "build" / "cache", Settings().build / "cache")
    if request.param:
        (folder / "course.toml").write_text(request.param)
        (folder / "content").mkdir()
        (folder / "content" / "front.md").write_text(FRONT)
    return Settings(course=folder if request.param else None, build=folder / "build")


@pytest.fixture(scope="module")
def book_read(settings: Settings) -> Book:
    return load(settings).book


@pytest.fixture(scope="module")
def pdf(site: Path, settings: Settings) -> PdfReader:
    """The PDF that the command writes, in a separate process: each can run only one Playwright."""
    course = ["--course", str(settings.course)] if settings.course else []
    done = subprocess.run(
        [sys.executable, "-c", *BUILD, *course],
        env={**os.environ, "LATENTBOOK_BUILD": str(settings.build)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (path,) = settings.build.glob("*.pdf")
    assert f"The book is in {path}" in done.stdout
    return PdfReader(path)


@pytest.fixture(scope="module")
def text(pdf: PdfReader) -> list[str]:
    """The text of each page."""
    return [page.extract_text() for page in pdf.pages]


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def annotations(pdf: PdfReader) -> Iterator[Any]:
    for page in pdf.pages:
        for each in page.get("/Annots") or ():
            yield each.get_object()


def all_blocks(blocks: tuple[Block, ...]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, (Admonition, Fold)):
            yield from all_blocks(block.blocks)
        if isinstance(block, Question):
            yield from all_blocks(block.question + block.hint + block.answer)


def written_pages(text: list[str]) -> dict[str, int]:
    """Read the printed contents: title -> page number."""
    found: dict[str, int] = {}
    for page in text[1:]:
        if found and "About this book" in lines(page):  # the first page after the contents
            break
        entries = (re.fullmatch(r"(.+?)\s*(\d+)", line) for line in lines(page))
        found |= {entry[1]: int(entry[2]) for entry in entries if entry}
    return found


def test_the_contents_name_the_pages_on_which_the_titles_stand(
    text: list[str], book_read: Book
) -> None:
    pages = written_pages(text)
    for chapter in book_read.chapters:
        assert chapter.title in lines(text[pages[f"{chapter.number} {chapter.title}"] - 1])
        for section in chapter.sections:
            title = f"{section.number} {section.title}"
            page = lines(text[pages[title] - 1])
            assert page[0] == f"{chapter.number} {chapter.title} {title}"  # the running head
            assert title in page
    for title in ("About this book", "Hints", "Worked answers", "Sourced facts", "References"):
        assert title in lines(text[pages[title] - 1])


def test_the_outline_has_every_chapter_and_section(pdf: PdfReader, book_read: Book) -> None:
    def titles(outline: list[Any]) -> Iterator[str]:
        for each in outline:
            if isinstance(each, list):
                yield from titles(each)
            else:
                yield each.title

    found = titles(pdf.outline)  # each `in` below consumes it up to its title: order counts
    for chapter in book_read.chapters:
        assert chapter.title in found
        for each in chapter.sections:
            assert f"{each.number} {each.title}" in found, chapter.title


def test_links_lead_to_a_place_in_the_book_or_out_of_it(pdf: PdfReader) -> None:
    places = {str(each["/Dest"]) for each in annotations(pdf) if "/Dest" in each}
    assert places
    assert places <= set(pdf.named_destinations)
    outside = {str(each["/A"]["/URI"]) for each in annotations(pdf) if "/A" in each}
    assert f"{ADDRESS}autoencoders/compress/#bottleneck" in outside
    own = [address for address in outside if address.startswith(ADDRESS)]
    assert all("/#" in address or address == ADDRESS for address in own)
    assert not [address for address in outside if not address.startswith(("https://", "http://"))]


def test_every_numbered_equation_is_there(pdf: PdfReader, text: list[str], book_read: Book) -> None:
    numbered = {
        f"/{chapter.slug}.{block.label}": block.number
        for chapter in book_read.chapters
        for page in chapter.pages
        for block in all_blocks(page.blocks)
        if isinstance(block, Equation) and block.number
    }
    assert len(numbered) > 20
    for name, number in numbered.items():
        page = pdf.get_destination_page_number(pdf.named_destinations[name])
        # At the foot of a page the extracted line contains the number, then the equation.
        begun = re.compile(rf"{re.escape(number)}(?![\d.])")
        assert any(begun.match(line) for line in lines(text[page or 0])), name


def test_no_answer_stands_before_the_answers(text: list[str], book_read: Book) -> None:
    """Looks for the longest run of plain words of each answer; it may cross a page break."""
    words = "".join("".join(page.split()) for page in text)
    start = len(
        "".join("".join(page.split()) for page in text[: written_pages(text)["Worked answers"] - 1])
    )
    looked_for = 0
    for chapter in book_read.chapters:
        for page in chapter.pages:
            for block in all_blocks(page.blocks):
                for part in block.answer if isinstance(block, Question) else ():
                    html = printed(part.html, Layout("")) if isinstance(part, Prose) else ""
                    runs = re.findall(r"[\w ,]{25,}", html)
                    if not runs:
                        continue
                    looked_for += 1
                    run = "".join(max(runs, key=len).split())
                    assert run not in words[:start], run
                    assert run[:20] in words[start:] or run[-20:] in words[start:], run
    assert looked_for > 5


def test_fonts_are_embedded_and_the_document_is_tagged(pdf: PdfReader, book_read: Book) -> None:
    for page in pdf.pages:
        for font in (page["/Resources"].get("/Font") or {}).values():  # type: ignore[attr-defined]
            font = font.get_object()
            if font["/Subtype"] == "/Type3":  # its glyphs are drawings in the file
                assert font["/CharProcs"]
                continue
            for inner in font.get("/DescendantFonts", [font]):
                descriptor = inner.get_object()["/FontDescriptor"].get_object()
                assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor)
    root = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]  # type: ignore[index]
    assert root["/Lang"] == "en"  # type: ignore[index]
    assert pdf.metadata is not None
    assert pdf.metadata.title == book_read.title
