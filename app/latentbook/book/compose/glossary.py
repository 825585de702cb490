"""``glossary.toml``: the terms of the book, one sentence for each."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from latentbook.base.datafile import Entry, Text, Toml
from latentbook.base.errors import FileProblems
from latentbook.book.compose.pieces import Link


@dataclass(frozen=True)
class TermEntry:
    """One term; ``meaning`` is Markdown."""

    name: str
    id: str
    line: int
    meaning: str


class Glossary:
    """The terms, and where the text defines each."""

    def __init__(self, entries: Mapping[str, TermEntry]) -> None:
        self.entries = dict(entries)
        self._defined: dict[str, Link] = {}

    def define(self, name: str, place: Link) -> bool:
        """Record where a term is defined; False if it has a definition already."""
        return self._defined.setdefault(name, place) is place

    def in_order(self) -> Iterator[tuple[TermEntry, Link | None]]:
        """Every term in alphabetical order, with its definition's place."""
        for name in sorted(self.entries, key=str.casefold):
            yield self.entries[name], self._defined.get(name)


class GlossaryFile(Entry):
    terms: Mapping[str, Text] = {}


def read_glossary(text: str, report: FileProblems) -> Glossary:
    file = Toml(text, report)
    entries = {}
    for name, meaning in file.checked(GlossaryFile).terms.items():
        id = "term-" + re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        entries[name] = TermEntry(name, id, file.line("terms", name), meaning)
    return Glossary(entries)
