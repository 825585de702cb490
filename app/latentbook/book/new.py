"""``latentbook new``: a chapter, a section or an instrument to start from, small and complete."""

from __future__ import annotations

import re
from pathlib import Path

from latentbook.book.check import record_chapter
from latentbook.book.load import load
from latentbook.book.read.manifest import RESERVED
from latentbook.book.read.options import LABEL
from latentbook.book.read.source import INDEX, PRINT
from latentbook.book.scaffold import write_from
from latentbook.errors import LatentbookError, UnknownName
from latentbook.settings import Settings

IDENTIFIER = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
WIDGETS_TUPLE = re.compile(r"(WIDGETS: tuple\[str, \.\.\.\] = \((?:[^)]*\n)?)(\s*\))")
SECTION_LIST = re.compile(r"(^sections:\s*\[[^\]]*?),?(?=\s*\])", re.MULTILINE)
CHAPTER_LIST = re.compile(r"(chapters\s*=\s*\[[^\]]*?)(,?\s*\])")


def new_chapter(settings: Settings, slug: str) -> list[Path]:
    """Write a chapter of one section, with one of each common block; list it in ``book.toml``.

    Returns
    -------
    list of Path
        What was written or changed.

    Raises
    ------
    LatentbookError
        If there is no book, the slug is malformed, or the chapter already exists. Nothing is
        overwritten.
    """
    if not LABEL.fullmatch(slug) or slug in RESERVED:
        raise LatentbookError(
            f"A chapter's slug is kebab-case, like 'sparse-codes', and none of "
            f"{', '.join(RESERVED)}; got {slug!r}."
        )
    book = settings.content / "book.toml"
    if not book.is_file():
        raise LatentbookError(
            f"{book} is missing: a chapter is added to a book. docs/authoring.md says what a book "
            "consists of."
        )
    folder = settings.content / slug
    if folder.exists():
        raise LatentbookError(f"{folder} already exists; nothing was written.")
    text = book.read_text(encoding="utf-8")
    numbers = [int(number) for number in re.findall(r"\bnumber\s*=\s*(\d+)", text)]
    entry = f'{{ number = {max(numbers, default=0) + 1}, slug = "{slug}" }}'
    folder.mkdir(parents=True)
    opening = folder / INDEX
    write_from("chapter.md", opening, slug)
    book.write_text(_with_chapter(text, entry, slug), encoding="utf-8")
    section, _, outputs = new_section(settings, slug, f"{slug}-constant")
    return [opening, section, book, outputs]


def new_section(settings: Settings, slug: str, name: str) -> list[Path]:
    """Write a section, list it at the end of its chapter, and record what its snippet prints.

    Returns
    -------
    list of Path
        What was written or changed.

    Raises
    ------
    LatentbookError
        If there is no such chapter, the name is malformed, or it already exists. Nothing is
        overwritten.
    """
    if not LABEL.fullmatch(name) or name == PRINT:
        raise LatentbookError(
            f"A section's name is kebab-case, like 'the-best-constant', and not {PRINT!r}; "
            f"got {name!r}."
        )
    opening = settings.content / slug / INDEX
    if not opening.is_file():
        chapters = [path.parent.name for path in settings.content.glob(f"*/{INDEX}")]
        raise UnknownName("chapter", slug, chapters)
    path = opening.with_name(f"{name}.md")
    if path.exists():
        raise LatentbookError(f"{path} already exists; nothing was written.")
    text = opening.read_text(encoding="utf-8")
    listed = SECTION_LIST.search(text)
    if listed is None:
        raise LatentbookError(f"{opening} has no list 'sections: [...]' to add the section to.")
    comma = "" if listed[1].endswith("[") else ", "
    opening.write_text(
        f"{text[: listed.end(1)]}{comma}{name}{text[listed.end() :]}", encoding="utf-8"
    )
    write_from("section.md", path, name)
    source = next(s for s in load(settings).whole if s.entry.slug == slug)
    return [path, opening, record_chapter(source, settings)]


def _with_chapter(text: str, entry: str, slug: str) -> str:
    """``book.toml`` with one more chapter at its end."""
    lists = list(CHAPTER_LIST.finditer(text))
    if not lists:
        number = entry.split(",")[0].removeprefix("{ ")
        return f'{text.rstrip()}\n\n[[parts.chapters]]\n{number}\nslug = "{slug}"\n'
    last = lists[-1]
    return f"{text[: last.end(1)]}, {entry}{text[last.end(1) :].lstrip(',')}"


def new_instrument(settings: Settings, name: str) -> list[Path]:
    """Write an instrument and its test, and list it in ``WIDGETS``.

    Returns
    -------
    list of Path
        What was written or changed.

    Raises
    ------
    LatentbookError
        If the name is malformed, or the instrument already exists. Nothing is overwritten.
    """
    if not IDENTIFIER.fullmatch(name):
        raise LatentbookError(
            f"An instrument's name is snake_case, like 'sparse_code'; got {name!r}."
        )
    registry = settings.widgets / "__init__.py"
    written = {
        settings.widgets / f"{name}.py": "instrument.txt",
        settings.root / "tests" / "widgets" / f"test_{name}.py": "test_instrument.txt",
    }
    text = registry.read_text(encoding="utf-8")
    there = [str(path) for path in written if path.exists()]
    if there or f'"{name}"' in text:
        raise LatentbookError(f"{', '.join(there) or name} already exists; nothing was written.")
    match = WIDGETS_TUPLE.search(text)
    if match is None:
        raise LatentbookError(f"{registry} has no tuple WIDGETS to list the instrument in.")
    registry.write_text(
        f'{text[: match.end(1)]}    "{name}",\n{text[match.end(1) :]}', encoding="utf-8"
    )
    for path, template in written.items():
        write_from(template, path, name)
    return [*written, registry]
