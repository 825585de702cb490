"""``book.toml`` or ``course.toml``: title, order and numbers of the chapters, notation, days.

A course says more in its file, of which ``latentbook.book.overlay.course`` reads the rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from latentbook.book.read.brand import Brand, read_brand, read_line
from latentbook.book.read.days import Days, read_days
from latentbook.book.read.options import LABEL
from latentbook.book.read.problems import FileProblems, Problems
from latentbook.book.read.toml import read_toml, table, tables
from latentbook.book.translations.language import ENGLISH, Language, content_language, language
from latentbook.errors import LatentbookError, accepted_names

TEXTS = ("title", "subtitle", "description")
LANGUAGES = ("language", "content_language")
BOOK, COURSE = "book.toml", "course.toml"
COURSE_KEYS = ("book", "elsewhere", "hide", "insert", "instruments", "replace")
"""What only a course can say: how it differs from the book that it is made from."""

FRONT = "front"
"""Slug of the front page: its text is ``front.md``, its place the root of the site."""

RESERVED = (
    *(FRONT, "contents", "facts", "references", "glossary", "notation", "formulas", "notes"),
    *("assets", "embed", "runtime", "api", "healthz", "readyz"),
)
"""First parts of addresses that are taken."""


@dataclass(frozen=True)
class ChapterEntry:
    """A chapter as the book lists it. A course may list ``sections``; else its opening does."""

    slug: str
    number: str
    line: int
    sections: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Manifest:
    """The content of the file.

    Attributes
    ----------
    language : of the interface
    content_language : of the text
    macros : the TeX that each command's name stands for
    term : of a course: when it is held
    brand : None for the program's own
    licence : of a book: the terms for its text, as a line of Markdown that follows the title
    """

    title: str
    subtitle: str
    description: str
    language: Language
    content_language: Language
    macros: Mapping[str, str]
    parts: tuple[tuple[str, tuple[ChapterEntry, ...]], ...]
    days: Days
    term: str = ""
    brand: Brand | None = None
    licence: str = ""

    @property
    def entries(self) -> tuple[ChapterEntry, ...]:
        """All chapters in reading order."""
        return tuple(entry for _, entries in self.parts for entry in entries)


def manifest_file(content: Path) -> Path:
    """The file in a folder of content: a course's, else a book's."""
    course = content / COURSE
    return course if course.is_file() else content / BOOK


def read_manifest(path: Path, report: FileProblems) -> Manifest:
    """Read the file; what is wrong is reported."""
    of_course = path.name == COURSE
    values = read_toml(path, report)
    if not values:
        return Manifest("", "", "", language(ENGLISH), language(ENGLISH), {}, (), Days())
    text = path.read_text(encoding="utf-8")
    accepted: tuple[str, ...] = (
        *TEXTS,
        *LANGUAGES,
        "term",
        "brand",
        "time_zone",
        "macros",
        "parts",
        "days",
    )
    accepted += COURSE_KEYS if of_course else ("licence",)
    for key in values:
        if key not in accepted:
            report.add(line_of(text, key), f"unknown key {key!r}. {accepted_names(key, accepted)}")
    for key in TEXTS:
        if not isinstance(values.get(key), str) or not values[key]:
            report.add(line_of(text, key), f"{key} must be text; got {values.get(key)!r}")
    macros = _macros(values, text, report)
    listed = tables("parts", values.get("parts", []), report, line_of(text, "parts"))
    read_part = _course_part if of_course else _part
    parts = tuple(read_part(part, text, report) for part in listed)
    if of_course:
        parts = _counted(parts)
    term = values.get("term", "")
    if not isinstance(term, str):
        report.add(line_of(text, "term"), f"term must be text; got {term!r}")
    licence = read_line("licence", values, line_of(text, "licence"), report)
    brand = Brand() if of_course and not values.get("book") else None
    if "brand" in values:
        place = text.find("[brand]")
        line = text.count("\n", 0, place) + 1 if place >= 0 else line_of(text, "brand")
        brand = read_brand(values["brand"], path.parent, line, text, report)
    title, subtitle, description = (str(values.get(key, "")) for key in TEXTS)
    languages = _languages(values, text, report)
    days = read_days(values, text, report)
    manifest = Manifest(
        title, subtitle, description, *languages, macros, parts, days, str(term), brand, licence
    )
    _check_entries(manifest.entries, report)
    return manifest


def _macros(values: Mapping[str, Any], text: str, report: FileProblems) -> dict[str, str]:
    macros = {}
    for name, tex in table("macros", values.get("macros", {}), report, line_of(text, "macros")):
        if re.fullmatch(r"[A-Za-z]+", name) and isinstance(tex, str):
            macros[name] = tex
            continue
        report.add(
            line_of(text, name),
            f"a macro is a name of letters and its TeX; got {name!r} = {tex!r}",
        )
    return macros


def days_of(content: Path) -> Days:
    """The days of a book or course, whatever else is wrong with its manifest."""
    path = manifest_file(content)
    return read_manifest(path, Problems().of(path)).days


def _languages(
    values: Mapping[str, Any], text: str, report: FileProblems
) -> tuple[Language, Language]:
    """Of the interface, and of the text."""
    chosen = language(ENGLISH)
    try:
        chosen = language(values.get("language"))
    except LatentbookError as error:
        report.add(line_of(text, "language"), str(error))
    tag = values.get("content_language", chosen.untranslated or chosen.tag)
    try:
        return chosen, content_language(tag, chosen)
    except LatentbookError as error:
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
        elif _is_slug(slug, line, report) and _is_number(number, line, report):
            entries.append(ChapterEntry(str(slug), str(number), line))
    return str(part.get("title", "")), tuple(entries)


def _course_part(
    part: Any, text: str, report: FileProblems
) -> tuple[str, tuple[ChapterEntry, ...]]:
    """A part of a course: its chapters are slugs, or tables that say more. No number is "" here."""
    entries = []
    for unknown in set(part) - {"title", "chapters"}:
        report.add(line_of(text, unknown), f"unknown key {unknown!r}. Accepted: chapters, title.")
    chapters = part.get("chapters", [])
    for chapter in chapters if isinstance(chapters, list) else [chapters]:
        given = {"slug": chapter} if isinstance(chapter, str) else chapter
        if not isinstance(given, dict):
            report.add(
                line_of(text, "chapters"),
                f'a chapter is a slug, or {{ slug = "…", sections = ["…"] }}; got {given!r}',
            )
            continue
        slug, number, sections = (given.get(key) for key in ("slug", "number", "sections"))
        line = line_of(text, str(slug))
        for unknown in set(given) - {"slug", "number", "sections"}:
            report.add(line, f"unknown key {unknown!r}. Accepted: number, sections, slug.")
        if sections is not None and not _are_texts(sections):
            report.add(line, f"sections must be a list of their names; got {sections!r}")
            sections = None
        if _is_slug(slug, line, report) and (number is None or _is_number(number, line, report)):
            listed = None if sections is None else tuple(sections)
            entries.append(
                ChapterEntry(str(slug), "" if number is None else str(number), line, listed)
            )
    return str(part.get("title", "")), tuple(entries)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_slug(slug: Any, line: int, report: FileProblems) -> bool:
    if isinstance(slug, str) and LABEL.fullmatch(slug) and slug not in RESERVED:
        return True
    report.add(line, f"slug must be kebab-case and none of {', '.join(RESERVED)}; got {slug!r}")
    return False


def _is_number(number: Any, line: int, report: FileProblems) -> bool:
    if re.fullmatch(r"\d+|[A-Z]", str(number)):
        return True
    report.add(line, f"number must be whole or a capital letter; got {number!r}")
    return False


def _counted(
    parts: tuple[tuple[str, tuple[ChapterEntry, ...]], ...],
) -> tuple[tuple[str, tuple[ChapterEntry, ...]], ...]:
    """The same parts; chapters without a number get the next whole one that nobody has."""
    taken = {entry.number for _, entries in parts for entry in entries}
    free = (str(number) for number in count(1) if str(number) not in taken)
    return tuple(
        (title, tuple(e if e.number else replace(e, number=next(free)) for e in entries))
        for title, entries in parts
    )


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
