"""Packages of cards, imported by Anki's own library."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from anki.collection import Collection, ImportAnkiPackageOptions, ImportAnkiPackageRequest

from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook_authoring.check.book import check_book

from .conftest import BOOK, HEAD, MakeBook

CARD = r"""
:::{recall} What is $\vx$, and *why*?
:label: r-x

So, by $a < b$ & [this](index.md).
:::
"""
GAP = r"""
:::{recall}
:label: r-gap

The sum is {gap}`one`.

$$L = \gap{\sum_i p_i} + D$$
:::
"""
MACROS = '\n[macros]\nvx = "\\\\mathbf{x}"\n'


@pytest.fixture
def anki(tmp_path: Path) -> Iterator[Collection]:
    collection = Collection(str(tmp_path / "anki.anki2"))
    yield collection
    collection.close()


def notes_after(collection: Collection, package: Path) -> dict[str, tuple[int, list[str]]]:
    """Id and fields of each note, by label, after importing a package."""
    request = ImportAnkiPackageRequest(
        package_path=str(package), options=ImportAnkiPackageOptions(merge_notetypes=True)
    )
    collection.import_anki_package(request)
    notes = [collection.get_note(id) for id in collection.find_notes("")]
    return {note.fields[3]: (note.id, note.fields) for note in notes}


def test_cards_are_imported_once_and_updated_by_a_later_edition(
    make_book: MakeBook, anki: Collection
) -> None:
    files = {"book.toml": BOOK + MACROS, "sample/text.md": HEAD + CARD + GAP}
    settings = make_book(files)
    check_book(open_project(settings), record=True, report=str)
    records = settings.content / "sample" / "cards.json"
    earlier = re.sub(r"\d{4}-\d\d-\d\d", "2026-01-01", records.read_text())
    records.write_text(earlier)
    site = build_site(open_project(settings), report=str)
    [book], [chapter] = (site.glob(f"review/{place}*.apkg") for place in ("", "sample/"))

    first = notes_after(anki, chapter)
    assert notes_after(anki, chapter) == notes_after(anki, book) == first
    assert {len(anki.get_note(id).cards()) for id, _ in first.values()} == {1}
    assert [deck.name for deck in anki.decks.all_names_and_ids() if "::" in deck.name] == [
        "A small book::Sample"
    ]
    front, back, source, _ = first["r-x"][1]
    assert front.startswith(r"What is \({\mathbf{x}}\), and <em>why</em>?")
    assert back == r"<p>So, by \(a &lt; b\) &amp; this.</p>"
    assert source == "2.1 Text, A small book"
    front, back, *_ = first["r-gap"][1]
    assert r"\[L = \boxed{\phantom{\sum_i p_i}} + D\]" in front
    assert r"\[L = \boxed{\sum_i p_i} + D\]" in back
    assert '<mark class="gap">one</mark>' in back

    make_book({**files, "sample/text.md": HEAD + CARD.replace("So, ", "Because, ") + GAP})
    check_book(open_project(settings), record=True, report=str)
    build_site(open_project(settings), report=str)
    later = notes_after(anki, book)
    fields = {label: (id, [front, *rest]) for label, (id, [front, _, *rest]) in later.items()}
    assert fields == {label: (id, [f, *rest]) for label, (id, [f, _, *rest]) in first.items()}
    assert "Because, by" in later["r-x"][1][1]
    assert later["r-gap"] == first["r-gap"]
