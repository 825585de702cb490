"""Add to the lists of ``book.toml`` and ``course.toml``; every other character stays as it is."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Sequence

from latentbook.errors import LatentbookError

TOKEN = re.compile(r""""(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\#[^\n]*|[\[\]{},]|[^\s\[\]{},"'#]+""")
FIRST_TABLE = re.compile(r"^[ \t]*\[", re.MULTILINE)


def with_item(text: str, key: str, item: str) -> str:
    """A file with one more item at the end of the last list ``key = [...]``.

    A file without such a list gets one above its first table.
    """
    lists = list(_lists(text, key))
    if lists:
        return _added(text, *lists[-1], item)
    table = FIRST_TABLE.search(text)
    place = table.start() if table else len(text)
    return f"{text[:place]}{key} = [{item}]\n\n{text[place:]}"


def with_section(text: str, slug: str, sections: Sequence[str], name: str) -> str:
    """``course.toml`` with one more section at the end of one chapter.

    Parameters
    ----------
    sections : those that the chapter has now, written out where the file does not list them

    Raises
    ------
    LatentbookError
        If the chapter is in no list, but has a table ``[[parts.chapters]]``.
    """
    for _, items in _lists(text, "chapters"):
        for start, end in items:
            chapter = tomllib.loads(f"it = {text[start:end]}")["it"]
            listed = ", ".join(map(json.dumps, (*sections, name)))
            if chapter == slug:
                item = f"{{ slug = {text[start:end]}, sections = [{listed}] }}"
            elif not isinstance(chapter, dict) or chapter.get("slug") != slug:
                continue
            elif "sections" in chapter:
                item = text[start:end]
                (found,) = _lists(item, "sections")
                item = _added(item, *found, json.dumps(name))
            else:
                item = f"{text[start : end - 1].rstrip()}, sections = [{listed}] }}"
            return f"{text[:start]}{item}{text[end:]}"
    raise LatentbookError(
        f"No list chapters = [...] in course.toml has {slug!r}: add {name!r} to its sections there."
    )


def _added(text: str, opening: int, items: Sequence[tuple[int, int]], item: str) -> str:
    place = items[-1][1] if items else opening
    comma = ", " if items else ""
    return f"{text[:place]}{comma}{item}{text[place:]}"


def _lists(text: str, key: str) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Of each list ``key = [...]``: where it opens, and where its items start and end."""
    for found in re.finditer(rf"(?:^|[{{,])[ \t]*{key}\s*=\s*\[", text, re.MULTILINE):
        yield found.end(), list(_items(text, found.end()))


def _items(text: str, opening: int) -> Iterator[tuple[int, int]]:
    depth, start, end = 1, None, opening
    for token in TOKEN.finditer(text, opening):
        if token[0].startswith("#"):
            continue
        depth += (token[0] in "[{") - (token[0] in "]}")
        if depth == 0 or (depth == 1 and token[0] == ","):
            if start is not None:
                yield start, end
            if depth == 0:
                return
            start = None
        else:
            start, end = token.start() if start is None else start, token.end()
