"""The file that lists the chapters of a book or a course, and how it lists them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from latentbook.book.read.options import LABEL
from latentbook.datafile import Entry

BOOK, COURSE = "book.toml", "course.toml"

FRONT = "front"
"""Slug of the front page: its text is ``front.md``, its place the root of the site."""

RESERVED = (
    *(FRONT, "contents", "facts", "references", "glossary", "notation", "formulas", "notes"),
    *("assets", "embed", "runtime", "api", "healthz", "readyz"),
)
"""First parts of addresses that are taken."""


def _slug(slug: str) -> str:
    if LABEL.fullmatch(slug) and slug not in RESERVED:
        return slug
    raise ValueError(f"must be kebab-case and none of {', '.join(RESERVED)}")


def _number(number: Any) -> str:
    if re.fullmatch(r"\d+|[A-Z]", str(number)):
        return str(number)
    raise ValueError("must be whole or a capital letter")


class ChapterEntry(Entry):
    """A chapter as the file lists it: its slug, or a table that says more.

    A course may leave out the number, for the next that is free, and may list the sections; else
    the chapter's opening does.
    """

    short = "slug"
    slug: Annotated[str, AfterValidator(_slug)]
    number: Annotated[str, BeforeValidator(_number)] = ""
    sections: tuple[str, ...] | None = None


class PartEntry(Entry):
    """A titled group of chapters."""

    title: str = ""
    chapters: tuple[ChapterEntry, ...] = ()


def manifest_file(content: Path) -> Path:
    """The file in a folder of content: a course's, else a book's."""
    course = content / COURSE
    return course if course.is_file() else content / BOOK
