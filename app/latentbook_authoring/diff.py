"""``latentbook course diff``: what a different edition of the book changes in a course.

``book.lock.json`` in the course's folder records the edition that its author has accepted. For a
separate book it records the files of the engine that its instruments import, and their display.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import Any, ClassVar

from pydantic import model_serializer, model_validator

from latentbook.base.datafile import Entry, Json, write_json
from latentbook.base.errors import BookErrors, LatentbookError, Problems
from latentbook.base.hashing import content_hash
from latentbook.base.report import Report
from latentbook.book.compose.blocks import all_blocks
from latentbook.book.compose.labels import numbered
from latentbook.book.directives import directives_with
from latentbook.book.directives.instrument import InstrumentBlock
from latentbook.book.load import compose
from latentbook.book.overlay.merge import (
    merge,
    open_project,
    release,
)
from latentbook.book.overlay.sourced_text import SourcedText, digest
from latentbook.book.read.contents import WIDGETS, page_label
from latentbook.book.read.day import right_now
from latentbook.book.read.parse import source_lines
from latentbook.book.read.project import CourseManifest, Project
from latentbook.book.read.sources import sources
from latentbook.plugins import plugins_of
from latentbook.settings import Settings

LOCK = "book.lock.json"
SHORT = 12
"""Digits of a hash in the file."""

NAMED = re.compile(r"`(?:[^`<]*<)?([^`<>]+)>?`")
"""A label in a role: `label`, or `text <label>`."""


class Seen(Entry):
    """A labelled part of the book: its place and the hash of its text, one line in the file."""

    kind: str
    page: str
    hash: str

    @model_validator(mode="before")
    @classmethod
    def _read(cls, written: Any) -> Any:
        if not isinstance(written, str):
            return written  # a file of release 0.3 has a table
        values = written.split(", ")
        return dict(zip(cls.model_fields, values, strict=True)) if len(values) == 3 else written

    @model_serializer
    def _written(self) -> str:
        return ", ".join((self.kind, self.page, self.hash[:SHORT]))


class Shown(Entry):
    """An instrument of a separate book.

    Attributes
    ----------
    page : page that contains it
    author : hash of its code and settings
    picture : hash of its display in its first state
    """

    page: str
    author: str
    picture: str


class Edition(Entry):
    """An edition of the book, seen from a course.

    Attributes
    ----------
    hash : of all the book's text
    book : everything with a label; in the file, only labels in chapters of the course or named by
        its texts
    numbers : of everything in the course, by label: 'question 2.3'
    engine : of a separate book: hashes of the files of the kit and the contract that its
        instruments import
    shown : of a separate book: its instruments, by label
    """

    stand_in: ClassVar = {"release": "", "hash": "", "book": {}, "numbers": {}}
    release: str
    hash: str
    book: Mapping[str, Seen]
    numbers: Mapping[str, str]
    engine: Mapping[str, str] = {}
    shown: Mapping[str, Shown] = {}


def edition_of(project: Project) -> Edition:
    if (below := project.below) is None:
        return _of_its_own(project)
    hashes: dict[str, str] = {}
    total = hashlib.sha256()
    for file in (each for each in below.files if each.endswith(".md")):
        place = Path(file)
        sheet = SourcedText.of(below.files.data(file).decode(), place)
        total.update(f"{file} {digest(sheet.text)}\n".encode())
        name = page_label(
            (place.parent if place.stem == "index" else place.with_suffix("")).as_posix()
        )
        hashes[name] = digest(sheet.text)
        hashes |= {label: digest(sheet.source(r)) for label, r in sheet.regions().items()}
    directives = directives_with(plugins_of(project.settings))
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


def _of_its_own(project: Project) -> Edition:
    widgets = project.widgets
    folder = project.home.resolve()
    engine: dict[str, str] = {}
    shown: dict[str, Shown] = {}
    for page in compose(project, right_now()).book.pages:
        for block in all_blocks(page.blocks):
            if not isinstance(block, InstrumentBlock):
                continue
            own = [str([view.value for view in block.controls])]
            for place in sources(widgets, block.instrument.name):
                hashed = content_hash(widgets.data(place))
                if widgets.path(place).resolve().is_relative_to(folder):
                    own.append(hashed)
                elif not place.startswith("engine/"):  # authors do not call the engine
                    engine[f"{WIDGETS}/{place}"] = hashed
            picture = content_hash(f"{block.readouts} {block.panels} {block.note}")
            where = page.place or page.title
            shown[block.label] = Shown(page=where, author=content_hash(*own), picture=picture)
    parts = *sorted(engine.values()), *sorted(each.picture for each in shown.values())
    total = content_hash(*parts, length=64)
    return Edition(release=release(), hash=total, book={}, numbers={}, engine=engine, shown=shown)


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
        If the course does not fit that edition.
    """
    assert settings.course is not None
    project = open_project(settings)
    path, edition = settings.course / LOCK, edition_of(project)
    chapters = {entry.slug for entry in project.manifest.entries}
    named = {label for _, label in _named(project, edition.book.keys())}
    own = {
        label: seen
        for label, seen in edition.book.items()
        if label in named or seen.page.partition("/")[0] in chapters
    }
    edition = edition.model_copy(update={"book": own})
    write_json(path, edition.model_dump(exclude_defaults=True), indent=1, sort_keys=True)
    return path


def tell(settings: Settings, report: Report) -> bool:
    """Report changes since the recorded edition; return whether there are any.

    Raises
    ------
    LatentbookError
        If no edition is recorded.
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
    own = project.below is None
    changes = _of_the_engine(then, now) if own else differences(project.manifest, then, now)
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
    """Yield a sentence for each label in the course's own texts that the book no longer has."""
    for place, label in _named(project, gone):
        yield f"{place}: {label!r} is gone from the book"


def _named(project: Project, labels: Set[str]) -> Iterator[tuple[str, str]]:
    """Yield place and label for each of these labels in the course's own texts."""
    for place in (each for each in project.files if each.endswith(".md")):
        page = project.shown(place)
        for line, text in enumerate(source_lines(project.files.data(place).decode()), start=1):
            for label in sorted(labels & {*NAMED.findall(text)}):
                if not project.overlay.from_book(page, line):
                    yield project.problems.place(page, line), label


def _of_the_engine(then: Edition, now: Edition) -> Iterator[tuple[str, list[str]]]:
    """Yield each kind of change in the engine under a separate book as (heading, lines)."""
    files = (then.engine.keys() | now.engine.keys()) if then.shown and now.shown else ()
    changed = sorted(name for name in files if then.engine.get(name) != now.engine.get(name))
    yield "Files of the engine that have changed", changed
    pictures = [
        f"{label}, in {here.page}"
        for label, here in now.shown.items()
        if (was := then.shown.get(label))
        and was.author == here.author
        and was.picture != here.picture
    ]
    yield "Instruments that show something else, though you have not changed them", pictures


def differences(
    course: CourseManifest, then: Edition, now: Edition
) -> Iterator[tuple[str, list[str]]]:
    """Yield each kind of change as (heading, lines)."""
    replaced = {each.label for each in course.replace}
    seen = {label: seen for label, seen in then.book.items() if label in then.numbers}
    chapters = {entry.slug for entry in course.entries}
    chapters &= {each.page.partition("/")[0] for each in seen.values()}
    changed: dict[str, list[str]] = {"question": [], "page": [], "block": []}
    for label, was in seen.items():
        here = now.book.get(label, was)
        if label in now.numbers and label not in replaced and here.hash[:SHORT] != was.hash[:SHORT]:
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
