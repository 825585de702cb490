"""The result of loading: the book with everything that the site is made from."""

from __future__ import annotations

from dataclasses import dataclass

from latentbook.book.compose.facts import FactLedger
from latentbook.book.compose.labels import Labels
from latentbook.book.compose.math import Notation
from latentbook.book.compose.media import Media
from latentbook.book.compose.types import Book
from latentbook.book.read.brand import Brand
from latentbook.book.read.numbers import Asked
from latentbook.book.read.project import Laid
from latentbook.book.read.source import ChapterSource


@dataclass(frozen=True)
class Loaded:
    """A book, the files its pages need, and what it was made from.

    ``apart`` are the files of instruments that appear only in withheld content.
    """

    book: Book
    media: Media
    sources: tuple[ChapterSource, ...]  # the open part of the chapters, without the front page
    whole: tuple[ChapterSource, ...]  # the chapters as written, with withheld content
    labels: Labels
    notation: Notation
    facts: FactLedger
    apart: frozenset[str]
    laid: Laid
    brand: Brand | None
    asked: tuple[Asked, ...]  # every number that the text quotes
