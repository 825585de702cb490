"""A book or a course: its folder and its manifest, opened once and passed on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from latentbook.book.read.contents import BOOK, manifest_file
from latentbook.book.read.days import Days
from latentbook.book.read.laid import Laid
from latentbook.book.read.manifest import BookManifest, CourseManifest, read_manifest
from latentbook.errors import FileProblems, Problems
from latentbook.settings import Settings


@dataclass(frozen=True)
class Project:
    """What is said of a book as a whole.

    Attributes
    ----------
    laid : how a course differs from the book below
    manifest : of the book or the course
    below : manifest of the book that a course is made from
    problems : every mistake found so far
    """

    settings: Settings
    laid: Laid
    manifest: BookManifest | CourseManifest
    below: BookManifest | CourseManifest | None
    problems: Problems

    @classmethod
    def open(cls, settings: Settings) -> Project:
        """The project of a folder; what is wrong with its manifest is in its problems."""
        content, laid = settings.content, Laid.read(settings.root)
        problems = Problems(laid.origins)

        def manifest(file: Path) -> BookManifest | CourseManifest:
            return read_manifest(file, problems.of(Path(content.name) / file.name))

        has_book = laid.book is not None and (content / BOOK).is_file()
        below = manifest(content / BOOK) if has_book else None
        return cls(settings, laid, manifest(manifest_file(content)), below, problems)

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
