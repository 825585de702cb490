"""What a book is made of, down to its blocks (:mod:`app.book.compose.blocks`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from app.book.compose.blocks import Block, Heading
from app.book.compose.pieces import Html, Link


@dataclass(frozen=True)
class Section:
    """A numbered section: everything up to the next ``##``."""

    label: str
    number: str
    html: Html  # the title
    title: str
    blocks: tuple[Block, ...]

    @property
    def headings(self) -> tuple[Heading, ...]:
        """The headings inside, for the list of contents."""
        return tuple(b for b in self.blocks if isinstance(b, Heading) and b.level == 3)


@dataclass(frozen=True)
class Reference:
    """One source. ``html`` is its full entry, ``short`` reads like Baldi & Hornik 1989."""

    key: str
    short: str
    html: Html
    url: str  # its DOI, arXiv or web address; may be empty
    uses: tuple[Link, ...]


@dataclass(frozen=True)
class Fact:
    """One claim of the ledger."""

    id: str
    claim: Html
    sources: tuple[Link, ...]
    confidence: str
    checked: date
    note: Html
    uses: tuple[Link, ...]


@dataclass(frozen=True)
class Dispute:
    """A statement on which sources differ."""

    html: Html
    sources: tuple[Link, ...]


@dataclass(frozen=True)
class Chapter:
    """One chapter, or the front page (whose number is empty)."""

    slug: str
    number: str
    title: str
    standfirst: Html
    level: str
    description: str
    builds_on: tuple[Link, ...]
    minutes: int
    lead: tuple[Block, ...]  # what stands before the first section
    sections: tuple[Section, ...]
    instruments: tuple[Link, ...]
    questions: tuple[Link, ...]
    snippets: tuple[Link, ...]
    references: tuple[Reference, ...]  # cited here, in alphabetical order
    previous: Link | None
    next: Link | None
    notebook: str  # URL of SLUG.ipynb
    script: str  # URL of SLUG.py


@dataclass(frozen=True)
class Part:
    """A titled group of chapters, for the page of contents."""

    title: str
    chapters: tuple[Chapter, ...]


@dataclass(frozen=True)
class Book:
    """Everything the pages are made from."""

    title: str
    subtitle: str
    description: str
    language: str
    front: Chapter
    parts: tuple[Part, ...]
    facts: tuple[Fact, ...]
    gaps: tuple[Html, ...]
    disputed: tuple[Dispute, ...]
    references: tuple[Reference, ...]

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        """All chapters in reading order."""
        return tuple(chapter for part in self.parts for chapter in part.chapters)


@dataclass(frozen=True)
class Page:
    """What the frame around a page needs."""

    name: str  # front | chapter | contents | facts | references | missing
    title: str  # for <title>: "Autoencoders & VAEs · Latentbook"
    description: str
    root: str  # "./" or "../": for data-root and for links
    config: Html  # JSON for script#latentbook-config, safe inside a script element
