"""``notation.toml``: the meaning of the symbols in equations."""

import re
from collections.abc import Collection

from pydantic import PrivateAttr

from latentbook.base.datafile import Entry, Text, Toml
from latentbook.base.errors import FileProblems


class SymbolEntry(Entry):
    """A symbol in ``notation.toml``.

    Attributes
    ----------
    words : its meaning, in Markdown
    shape : the array's shape, as text: ``(k, d)``
    code : its name in code
    sections : labels of the sections where it has this meaning; empty for the complete book
    """

    tex: Text
    words: Text
    shape: str = ""
    code: str = ""
    sections: tuple[str, ...] = ()
    _id: str = PrivateAttr("")

    @property
    def id(self) -> str:
        """Id in the page, made from the TeX: ``mathbf-x``, or ``sigma-2`` for a second sigma."""
        return self._id


class NotationFile(Entry):
    symbols: tuple[SymbolEntry, ...] = ()


def read_notation(text: str, report: FileProblems) -> tuple[SymbolEntry, ...]:
    entries: list[SymbolEntry] = []
    for entry in Toml(text, report).checked(NotationFile).symbols:
        entry._id = _new_id(entry.tex, {each.id for each in entries})
        for other in entries:
            both = set(entry.sections) & set(other.sections)
            if entry.tex == other.tex and (both or not (entry.sections or other.sections)):
                message = f"symbol {entry.tex!r} is already explained in line {other.line}"
                report.add(entry.line, message)
        entries.append(entry)
    return tuple(entries)


def _new_id(tex: str, taken: Collection[str]) -> str:
    words = re.findall(r"[A-Za-z]+", tex)
    id, nth = "-".join(words).lower() or "symbol", 1
    if any(word != word.lower() for word in words):
        id += "-capital"
    base = id
    while id in taken:
        nth += 1
        id = f"{base}-{nth}"
    return id
