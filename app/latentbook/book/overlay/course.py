"""A course: its folder, and what its ``course.toml`` takes from the book, adds and hides."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from latentbook.book.read.contents import COURSE
from latentbook.book.read.manifest import CourseManifest, read_manifest
from latentbook.errors import Problems


@dataclass(frozen=True)
class Course:
    """A folder with a ``course.toml``."""

    folder: Path
    manifest: CourseManifest

    def shown(self, place: str | Path) -> Path:
        """A file of the course as messages name it."""
        return Path(self.folder.name) / place


def read_course(folder: Path, problems: Problems) -> Course:
    """Read the file and report what is wrong.

    Raises
    ------
    BookErrors
        If there is no such file, or it is no TOML, or it lists no chapter.
    """
    manifest = read_manifest(folder / COURSE, problems.of(Path(folder.name) / COURSE))
    if not manifest.entries:
        problems.raise_all()
    assert isinstance(manifest, CourseManifest)
    return Course(folder, manifest)
