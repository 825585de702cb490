"""``latentbook course diff``: what a different edition of the book changes in a course.

``book.lock.json`` in the course's folder records the edition that its author has accepted.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import ClassVar

from latentbook.book.compose.labels import numbered
from latentbook.book.directives import DIRECTIVES, by_name
from latentbook.book.overlay.merge import merge, open_project, release
from latentbook.book.overlay.sourced_text import SourcedText, digest
from latentbook.book.read.parse import source_lines
from latentbook.book.read.project import CourseManifest, Project
from latentbook.datafile import Entry, Json, write_json
from latentbook.errors import BookErrors, LatentbookError, Problems
from latentbook.report import Report
from latentbook.settings import Settings

LOCK = "book.lock.json"
NAMED = re.compile(r"`(?:[^`<]*<)?([^`<>]+)>?`")
"""A label as roles name it: `label`, or `text <label>`."""


class Seen(Entry):
    """A labelled thing of the book: its place and the hash of its text."""

    kind: str
    page: str
    hash: str


class Edition(Entry):
    """An edition of the book, seen from a course.

    Attributes
    ----------
    hash : of all the book's text
    book : everything with a label
    numbers : of everything in the course, by label: 'question 2.3'
    """

    stand_in: ClassVar = {"release": "", "hash": "", "book": {}, "numbers": {}}
    release: str
    hash: str
    book: Mapping[str, Seen]
    numbers: Mapping[str, str]


def edition_of(project: Project) -> Edition:
    if (below := project.below) is None:
        raise LatentbookError(f"{project.manifest.title!r} is a book of its own: none is below it.")
    book = below.settings.content
    hashes: dict[str, str] = {}
    total = hashlib.sha256()
    for path in sorted(book.rglob("*.md")):
        sheet = SourcedText.of(path.read_text(encoding="utf-8"), path.relative_to(book))
        total.update(f"{path.relative_to(book).as_posix()} {digest(sheet.text)}\n".encode())
        name = path.parent.name if path.stem == "index" else path.stem
        hashes[name] = digest(sheet.text)
        hashes |= {label: digest(sheet.source(r)) for label, r in sheet.regions().items()}
    directives = by_name(DIRECTIVES)
    targets = numbered(below, directives).targets.values()
    here = numbered(project, directives).targets.values()
    return Edition(
        release=release(),
        hash=total.hexdigest(),
        book={
            t.label: Seen(kind=t.kind, page=t.page, hash=hashes.get(t.label, "")) for t in targets
        },
        numbers={t.label: f"{t.kind} {t.number}".strip() for t in here},
    )


def read_lock(course: Path) -> Edition:
    path = course / LOCK
    if not path.is_file():
        raise LatentbookError(
            f"{path} is missing: `latentbook course diff {course} --accept` records the edition "
            "of the book that the course is compared with."
        )
    problems = Problems()
    edition = Json.read(path, problems.of(path)).checked(Edition)
    problems.raise_all()
    return edition


def accept(settings: Settings) -> Path:
    """Record the installed edition.

    Raises
    ------
    BookErrors
        If the course does not fit it.
    LatentbookError
        If the course has no book below.
    """
    assert settings.course is not None
    path, edition = settings.course / LOCK, edition_of(open_project(settings))
    write_json(path, edition.model_dump(), indent=1, sort_keys=True)
    return path


def tell(settings: Settings, report: Report) -> bool:
    """Report changes since the recorded edition; return whether there are any.

    Raises
    ------
    LatentbookError
        If the course has no book below, or no edition recorded.
    """
    assert settings.course is not None
    project = merge(settings)
    assert isinstance(project.manifest, CourseManifest)
    now = edition_of(project)
    then = read_lock(settings.course)
    report(f"Recorded: {then.release}, edition {then.hash[:12]}")
    report(f"Installed: {now.release}, edition {now.hash[:12]}")
    stale = [str(error) for error in BookErrors(project.problems.errors).errors]
    stale += _dangling(project, then.book.keys() - now.book.keys())
    changes = differences(project.manifest, then, now)
    found = False
    for heading, lines in [("Does not fit any more", stale), *changes]:
        if lines:
            found = True
            report(f"\n{heading}")
            for line in lines:
                report(f"  {line}")
    if not found:
        report("Nothing of this course has changed")
    return found


def _dangling(project: Project, gone: Set[str]) -> Iterator[str]:
    """Where the course's own texts name labels that the book no longer has."""
    content = project.settings.content
    for path in sorted(content.rglob("*.md")):
        page = project.shown(path.relative_to(content).as_posix())
        for line, text in enumerate(source_lines(path.read_text(encoding="utf-8")), start=1):
            for label in sorted(gone & {*NAMED.findall(text)}):
                if not project.laid.from_book(page, line):
                    yield f"{project.problems.place(page, line)}: {label!r} is gone from the book"


def differences(
    course: CourseManifest, then: Edition, now: Edition
) -> Iterator[tuple[str, list[str]]]:
    """Yield each kind of change as (heading, lines)."""
    replaced = {each.label for each in course.replace}
    chapters = {entry.slug for entry in course.entries}
    seen = {label: seen for label, seen in then.book.items() if label in then.numbers}
    changed: dict[str, list[str]] = {"question": [], "page": [], "block": []}
    for label, was in seen.items():
        here = now.book.get(label, was)
        if label in now.numbers and label not in replaced and here.hash != was.hash:
            kind = "page" if here.kind in ("chapter", "section") else here.kind
            line = f"{label}, {now.numbers[label]} in {here.page}"
            changed[kind if kind in changed else "block"].append(line)
    yield "Questions that have changed", changed["question"]
    yield "Other blocks that have changed", changed["block"]
    yield "Sections and chapters that have changed", changed["page"]
    gone = [
        f"{label}, {then.numbers[label]} in {was.page}"
        for label, was in seen.items()
        if label not in now.book
    ]
    yield "Labels that are gone", gone
    moved = [
        f"{label}: {number} becomes {now.numbers[label]}"
        for label, number in then.numbers.items()
        if then.hash != now.hash and now.numbers.get(label, number) != number
    ]
    yield "Numbers that move", moved
    added = [
        f"{label}, {new.kind} in {new.page}"
        for label, new in now.book.items()
        if label not in then.book and new.page.partition("/")[0] in chapters
    ]
    yield "New in chapters of this course", added
