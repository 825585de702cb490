"""The list of chapters in ``book.toml`` or ``course.toml``."""

from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator

from latentbook.book.read.options import LABEL
from latentbook.datafile import Entry, matching

BOOK, COURSE = "book.toml", "course.toml"

FRONT = "front"
"""Slug of the front page, ``front.md``, at the root of the site."""

ASSIGNMENTS = "assignments"
"""Folder of the assignments, which are no chapters."""

RESERVED = (
    *(FRONT, ASSIGNMENTS, "contents", "facts", "references", "glossary", "notation", "formulas"),
    *("notes", "review", "work", "assets", "embed", "runtime", "api", "healthz", "readyz"),
)
"""First parts of addresses that are taken."""


Slug: TypeAlias = Annotated[
    str,
    matching(
        rf"(?!({'|'.join(RESERVED)})$){LABEL.pattern}",
        f"must be kebab-case and none of {', '.join(RESERVED)}",
    ),
]
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
