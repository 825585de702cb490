"""The list of chapters in ``book.toml`` or ``course.toml``."""

from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BeforeValidator

from latentbook.base.datafile import Entry, matching
from latentbook.book.read.options import LABEL

BOOK, COURSE = "book.toml", "course.toml"

CONTENT, PRACTICE, WIDGETS = "content", "practice", "widgets"
"""Folders of the text, of the files that it includes, and of the instruments."""

FRONT = "front"
"""Slug of the front page, ``front.md``, at the root of the site."""

ASSIGNMENTS = "assignments"
"""Folder of the assignments, which are not chapters."""

INSTRUMENTS = "instruments"
"""Folder of a course's own instruments."""

PACKAGES = "packages.json"
"""The packages that a book or course adds to the page's Python."""

LISTED = "instruments.txt"
"""File in the folder ``widgets`` with the names of all instruments."""

EVIDENCE = "evidence"
"""Folder of a chapter with the evidence for its sections, ``evidence/SECTION.md``."""

RESERVED = (
    *(FRONT, ASSIGNMENTS, "contents", "facts", "references", "glossary", "notation", "formulas"),
    *("evidence", "notes", "review", "summary", "work", "assets", "embed", "runtime"),
    *("api", "healthz", "readyz", "metrics"),
)
"""First parts of addresses in use: by other pages and files, then by routes of the server. Plugins
have more. ``tests/unit/book/test_addresses.py`` compares them with both.
"""


def page_label(place: str) -> str:
    """The label of a page: ``compress``, and ``evidence-compress`` for its evidence."""
    *folders, name = place.split("/")
    return f"{EVIDENCE}-{name}" if folders[-1:] == [EVIDENCE] else name


def chapter_slug(text: str) -> str:
    """Return the slug; raise ValueError if a chapter cannot have it."""
    if not LABEL.fullmatch(text):
        raise ValueError("must be kebab-case, like 'sparse-codes'")
    if text in RESERVED:
        raise ValueError(
            "is taken: these addresses belong to the book's other pages, to its files and to the "
            f"server: {', '.join(sorted(RESERVED))}"
        )
    return text


Slug: TypeAlias = Annotated[str, AfterValidator(chapter_slug)]
Number: TypeAlias = Annotated[
    str, BeforeValidator(str), matching(r"\d+|[A-Z]", "must be whole or a capital letter")
]


class ChapterEntry(Entry):
    """A chapter in the list: its slug, or a table.

    In a course, a chapter without a number gets the next free one. A chapter without sections has
    those that its opening lists.
    """

    short = "slug"
    slug: Slug
    number: Number = ""
    sections: tuple[str, ...] | None = None


class PartEntry(Entry):
    title: str = ""
    chapters: tuple[ChapterEntry, ...] = ()


def manifest_file(content: Path) -> Path:
    """Return the manifest in a content folder: a course's if it exists, else a book's."""
    course = content / COURSE
    return course if course.is_file() else content / BOOK
