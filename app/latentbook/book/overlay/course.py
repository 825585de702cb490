"""``course.toml``: what a course takes from the book, adds, hides and replaces."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentbook.book.read.manifest import COURSE, Manifest, line_of, read_manifest
from latentbook.book.read.problems import FileProblems, Problems
from latentbook.book.read.toml import read_toml, tables

IDENTIFIER = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True)
class Named:
    """A name in the file, and its line."""

    name: str
    line: int


@dataclass(frozen=True)
class Edit:
    """A text of the course for a label: after it, or in its place where it had the hash ``of``."""

    label: str
    file: str
    line: int
    of: str = ""


@dataclass(frozen=True)
class Course:
    """The content of the file.

    Attributes
    ----------
    folder : of the course
    book : release of the book that the course was made for; empty for a book of its own
    elsewhere : address of the whole book, for references to what the course leaves out
    """

    folder: Path
    manifest: Manifest
    book: str
    elsewhere: str
    instruments: tuple[Named, ...]
    hidden: tuple[Named, ...]
    inserts: tuple[Edit, ...]
    replaced: tuple[Edit, ...]

    def shown(self, place: str | Path) -> Path:
        """A file of the course as messages name it."""
        return Path(self.folder.name) / place


def read_course(folder: Path, problems: Problems) -> Course:
    """Read the file; what is wrong is reported.

    Raises
    ------
    BookErrors
        If there is no such file, or it is no TOML.
    """
    path = folder / COURSE
    report = problems.of(Path(folder.name) / COURSE)
    manifest = read_manifest(path, report)
    if not manifest.entries:
        problems.raise_all()
    values = read_toml(path, report)
    text = path.read_text(encoding="utf-8")
    book, elsewhere = (_text(key, values, text, report) for key in ("book", "elsewhere"))
    if elsewhere and not re.fullmatch(r"https?://.+/", elsewhere):
        report.add(
            line_of(text, "elsewhere"),
            f"elsewhere is the address of a book, like 'https://host/book/'; got {elsewhere!r}",
        )
    instruments = tuple(_names("instruments", values, text, report))
    for each in instruments:
        if not IDENTIFIER.fullmatch(each.name):
            report.add(each.line, f"an instrument's name is snake_case; got {each.name!r}")
    edits = {
        "insert": tuple(_edits("insert", "after", (), values, text, report)),
        "replace": tuple(_edits("replace", "label", ("of",), values, text, report)),
    }
    return Course(
        folder,
        manifest,
        book,
        elsewhere,
        instruments,
        tuple(_names("hide", values, text, report)),
        edits["insert"],
        edits["replace"],
    )


def _text(key: str, values: Mapping[str, Any], text: str, report: FileProblems) -> str:
    value = values.get(key, "")
    if isinstance(value, str):
        return value
    report.add(line_of(text, key), f"{key} must be text; got {value!r}")
    return ""


def _names(key: str, values: Mapping[str, Any], text: str, report: FileProblems) -> Iterator[Named]:
    """The names of a list, each once, with their lines."""
    start = re.search(rf"^{key}\s*=", text, re.MULTILINE)
    given = values.get(key, [])
    seen: set[str] = set()
    for name in given if isinstance(given, list) else [given]:
        place = text.find(f'"{name}"', start.end() if start else 0)
        line = text.count("\n", 0, max(place, start.start() if start else 0)) + 1
        if not isinstance(name, str):
            report.add(line, f"{key} must be a list of names; got {name!r}")
        elif name in seen:
            report.add(line, f"{key} names {name!r} twice")
        else:
            seen.add(name)
            yield Named(name, line)


def _edits(
    key: str,
    target: str,
    more: tuple[str, ...],
    values: Mapping[str, Any],
    text: str,
    report: FileProblems,
) -> Iterator[Edit]:
    lines = [
        text.count("\n", 0, match.start()) + 1
        for match in re.finditer(rf"^\[\[{key}\]\]", text, re.MULTILINE)
    ]
    accepted = (target, "file", *more)
    seen: set[str] = set()
    for nth, given in enumerate(tables(key, values.get(key, []), report, line_of(text, key))):
        line = lines[nth] if nth < len(lines) else line_of(text, key)
        wrong = [name for name in given if name not in accepted]
        wrong += [name for name in accepted[:2] if name not in given]
        wrong += [name for name in accepted if not isinstance(given.get(name, ""), str)]
        if wrong:
            report.add(
                line, f"[[{key}]] has {', '.join(accepted)}; wrong or missing: {', '.join(wrong)}"
            )
            continue
        if given[target] in seen and key == "replace":
            report.add(line, f"{given[target]!r} is replaced twice")
            continue
        seen.add(given[target])
        yield Edit(given[target], given["file"], line, given.get("of", ""))
