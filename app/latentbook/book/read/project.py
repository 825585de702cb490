"""A book or a course: its folder and its manifest, opened once and passed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from latentbook.book.read.contents import BOOK
from latentbook.book.read.days import Days
from latentbook.book.read.manifest import BookManifest, CourseManifest, read_manifest
from latentbook.errors import FileProblems, Origins, Problems
from latentbook.settings import Settings


@dataclass(frozen=True)
class Laid:
    """How a course differs from the book under it. A book by itself differs in nothing.

    Attributes
    ----------
    origins : where each line was written
    hidden : label -> where the course hides it
    book : content of the book under the course; None without one
    full_book_url : address of the whole book; may be empty
    made_for : release of the book that the course was made for; may be empty
    instruments : names of the course's own
    """

    origins: Origins = field(default_factory=Origins)
    hidden: Mapping[str, str] = field(default_factory=dict)
    book: Path | None = None
    full_book_url: str = ""
    made_for: str = ""
    instruments: tuple[str, ...] = ()

    def from_book(self, path: Path, line: int) -> bool:
        """Whether a line comes from the book under a course."""
        return self.book is not None and self.origins.of(path, line)[0].parts[0] == self.book.name


@dataclass(frozen=True)
class Project:
    """A book or a course as a whole.

    Attributes
    ----------
    settings : its folders; of a course, those that it was merged into
    below : manifest of the book under a course
    problems : every mistake found so far
    """

    settings: Settings
    laid: Laid
    manifest: BookManifest | CourseManifest
    below: BookManifest | CourseManifest | None
    problems: Problems

    @classmethod
    def open(cls, settings: Settings) -> Project:
        """Open a book; mistakes in its manifest are in its problems."""
        problems, content = Problems(), settings.content
        report = problems.of(Path(content.name) / BOOK)
        return cls(settings, Laid(), read_manifest(content / BOOK, report), None, problems)

    def shown(self, name: str) -> Path:
        """A file of the content as messages name it."""
        return Path(self.settings.content.name) / name

    def report(self, name: str) -> FileProblems:
        return self.problems.of(self.shown(name))

    def not_open(self, now: datetime) -> Days:
        """Withheld content at a moment; authors are shown drafts."""
        return self.manifest.openings.not_open(now, drafts=self.settings.reload)

    def macros(self) -> dict[str, str]:
        """The book's macros; for a course, also those of its book."""
        own, book = dict(self.manifest.macros), self.below.macros if self.below else {}
        for name in sorted(own.keys() & book.keys()):
            message = f"macro {name!r} is used twice: the book has it already"
            self.manifest.file.add(message, "macros", name)
        return {**book, **own}
