"""The list of chapters in ``book.toml`` or ``course.toml``."""

from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BeforeValidator

from latentbook.book.read.options import LABEL
from latentbook.datafile import Entry, matching

BOOK, COURSE = "book.toml", "course.toml"

CONTENT, PRACTICE, WIDGETS = "content", "practice", "widgets"
"""Folders: of the text, of what it includes, of the instruments."""

FRONT = "front"
"""Slug of the front page, ``front.md``, at the root of the site."""

ASSIGNMENTS = "assignments"
"""Folder of the assignments, which are no chapters."""

INSTRUMENTS = "instruments"
"""Folder of a course's own instruments."""

PACKAGES = "packages.json"
"""The packages that a book or course adds to the page's Python."""

LISTED = "instruments.txt"
"""In the folder ``widgets``: the names of all instruments."""

EVIDENCE = "evidence"
"""Folder of a chapter with the evidence for its sections, ``evidence/SECTION.md``."""

RESERVED = (
    *(FRONT, ASSIGNMENTS, "contents", "facts", "references", "glossary", "notation", "formulas"),
    *("evidence", "notes", "review", "summary", "work", "assets", "embed", "runtime"),
    *("api", "healthz", "readyz", "metrics", "class", "show", "j", "classroom", "join"),
    *("lti", "auth"),
)
"""First parts of addresses that are taken: by other pages and files, then by routes of the server,
also of features that are off. ``tests/unit/book/test_addresses.py`` compares them with both.
"""


def page_label(place: str) -> str:
    """The label of a page: ``compress``, and ``evidence-compress`` for its evidence."""
    *folders, name = place.split("/")
    return f"{EVIDENCE}-{name}" if folders[-1:] == [EVIDENCE] else name


def chapter_slug(text: str) -> str:
    """Return a slug if a chapter may have it."""
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

    In a course a chapter without a number gets the next free one, and one without sections has
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
    """The file in a folder of content: a course's, else a book's."""
    course = content / COURSE
    return course if course.is_file() else content / BOOK
