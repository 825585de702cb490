"""``content/book.toml``: title, order and numbers of the chapters, notation, days."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.book.language import ENGLISH, Language, content_language, language
from app.book.read.days import Days, read_days
from app.book.read.facts import read_toml, table, tables
from app.book.read.options import LABEL
from app.book.read.problems import FileProblems, Problems
from app.errors import UnknownName, accepted_names

TEXTS = ("title", "subtitle", "description")
LANGUAGES = ("language", "content_language")
FRONT = "front"
"""Slug of the front page: its text is ``front.md``, its place the root of the site."""

RESERVED = (
    *(FRONT, "contents", "facts", "references", "glossary", "notation", "formulas", "notes"),
    *("assets", "embed", "runtime", "api", "healthz", "readyz"),
)
"""First parts of addresses that are taken."""


@dataclass(frozen=True)
class ChapterEntry:
    """A chapter as the book lists it."""

    slug: str
    number: str
    line: int


@dataclass(frozen=True)
class Manifest:
    """The content of the file.

    Attributes
    ----------
    language : of the interface
    content_language : of the text
    macros : the TeX that each command's name stands for
    """

    title: str
    subtitle: str
    description: str
    language: Language
    content_language: Language
    macros: Mapping[str, str]
    parts: tuple[tuple[str, tuple[ChapterEntry, ...]], ...]
    days: Days

    @property
    def entries(self) -> tuple[ChapterEntry, ...]:
        """All chapters in reading order."""
        return tuple(entry for _, entries in self.parts for entry in entries)


def read_manifest(path: Path, report: FileProblems) -> Manifest:
    """Read the file; what is wrong is reported."""
    values = read_toml(path, report)
    if not values:
        return Manifest("", "", "", language(ENGLISH), language(ENGLISH), {}, (), Days())
    text = path.read_text(encoding="utf-8")
    accepted = (*TEXTS, *LANGUAGES, "time_zone", "macros", "parts", "days")
    for key in values:
        if key not in accepted:
            report.add(line_of(text, key), f"unknown key {key!r}. {accepted_names(key, accepted)}")
    for key in TEXTS:
        if not isinstance(values.get(key), str) or not values[key]:
            report.add(line_of(text, key), f"{key} must be text; got {values.get(key)!r}")
    macros = {}
    for name, tex in table("macros", values.get("macros", {}), report, line_of(text, "macros")):
        if re.fullmatch(r"[A-Za-z]+", name) and isinstance(tex, str):
            macros[name] = tex
            continue
        report.add(
            line_of(text, name),
            f"a macro is a name of letters and its TeX; got {name!r} = {tex!r}",
        )
    listed = tables("parts", values.get("parts", []), report, line_of(text, "parts"))
    parts = tuple(_part(part, text, report) for part in listed)
    title, subtitle, description = (str(values.get(key, "")) for key in TEXTS)
    languages = _languages(values, text, report)
    days = read_days(values, text, report)
    manifest = Manifest(title, subtitle, description, *languages, macros, parts, days)
    _check_entries(manifest.entries, report)
    return manifest


def days_of(content: Path) -> Days:
    """The days of a book, whatever else is wrong with its manifest."""
    path = content / "book.toml"
    return read_manifest(path, Problems().of(path)).days


def _languages(
    values: Mapping[str, Any], text: str, report: FileProblems
) -> tuple[Language, Language]:
    """Of the interface, and of the text."""
    chosen = language(ENGLISH)
    try:
        chosen = language(str(values.get("language")))
    except UnknownName as error:
        report.add(line_of(text, "language"), str(error))
    try:
        return chosen, content_language(str(values.get("content_language", chosen.tag)), chosen)
    except ValueError as error:
        report.add(line_of(text, "content_language"), str(error))
        return chosen, chosen


def line_of(text: str, word: str) -> int:
    """The first line on which a word stands by itself, or 1."""
    match = re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text)
    return text.count("\n", 0, match.start()) + 1 if match else 1


def _part(part: Any, text: str, report: FileProblems) -> tuple[str, tuple[ChapterEntry, ...]]:
    entries = []
    for unknown in set(part) - {"title", "chapters"}:
        report.add(line_of(text, unknown), f"unknown key {unknown!r}. Accepted: chapters, title.")
    chapters = part.get("chapters", [])
    for chapter in tables("chapters", chapters, report, line_of(text, "chapters")):
        slug, number = chapter.get("slug"), chapter.get("number")
        line = line_of(text, str(slug))
        if set(chapter) != {"slug", "number"}:
            report.add(
                line, f"a chapter has slug and number; got {', '.join(chapter) or 'nothing'}"
            )
        elif not isinstance(slug, str) or not LABEL.fullmatch(slug) or slug in RESERVED:
            report.add(
                line,
                f"slug must be kebab-case and none of {', '.join(RESERVED)}; got {slug!r}",
            )
        elif not re.fullmatch(r"\d+|[A-Z]", str(number)):
            report.add(line, f"number must be whole or a capital letter; got {number!r}")
        else:
            entries.append(ChapterEntry(slug, str(number), line))
    return str(part.get("title", "")), tuple(entries)


def _check_entries(entries: tuple[ChapterEntry, ...], report: FileProblems) -> None:
    if not entries:
        report.add(1, "the book has no chapters: list them under [[parts]]")
    for name in ("slug", "number"):
        seen: set[str] = set()
        for entry in entries:
            value = getattr(entry, name)
            if value in seen:
                report.add(entry.line, f"two chapters have the {name} {value!r}")
            seen.add(value)
