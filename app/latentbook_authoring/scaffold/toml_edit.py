"""Add to the lists of ``book.toml`` and ``course.toml``; the rest of the file is unchanged."""

from collections.abc import Mapping, Sequence

import tomlkit
from tomlkit.items import AoT


def with_chapter(text: str, slug: str, number: int | None) -> str:
    """A file with one more chapter at the end of its last part."""
    document = tomlkit.parse(text)
    chapters = document["parts"][-1].setdefault("chapters", tomlkit.array())
    if number is not None:
        chapters.append({"number": number, "slug": slug})
    else:
        chapters.append({"slug": slug} if isinstance(chapters, AoT) else slug)
    return tomlkit.dumps(document)


def with_section(text: str, slug: str, sections: Sequence[str], name: str) -> str:
    """``course.toml`` with one more section at the end of one chapter.

    Parameters
    ----------
    sections : the chapter's current sections, written out if the file does not list them
    """
    document = tomlkit.parse(text)
    array = tomlkit.array()
    array.extend(sections)
    array.multiline(True)
    for part in document["parts"]:
        chapters = part["chapters"]
        for place, chapter in enumerate(chapters):
            if chapter == slug:
                chapters[place] = chapter = {"slug": slug}
            if isinstance(chapter, dict) and chapter["slug"] == slug:
                chapters[place].setdefault("sections", array).append(name)
    return tomlkit.dumps(document)


def with_macros(text: str, macros: Mapping[str, str]) -> str:
    document = tomlkit.parse(text)
    document.setdefault("macros", tomlkit.table()).update(macros)
    return tomlkit.dumps(document)


def with_instrument(text: str, name: str) -> str:
    document = tomlkit.parse(text)
    document.setdefault("instruments", []).append(name)
    return tomlkit.dumps(document)
