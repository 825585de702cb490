"""``notation.toml``: what the symbols of the equations mean."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentbook.book.read.manifest import line_of
from latentbook.book.read.problems import FileProblems
from latentbook.book.read.toml import read_toml
from latentbook.errors import accepted_names

KEYS = ("tex", "words", "shape", "code", "sections")


@dataclass(frozen=True)
class SymbolEntry:
    """One symbol.

    Attributes
    ----------
    id : names it in the page, made from its TeX
    words : what it stands for, Markdown
    shape : of an array, as text: ``(k, d)``
    code : its name in code
    sections : labels of the only sections in which it means this; empty for the whole book
    """

    id: str
    line: int
    tex: str
    words: str
    shape: str
    code: str
    sections: tuple[str, ...]


def read_notation(path: Path, report: FileProblems) -> tuple[SymbolEntry, ...]:
    """The symbols, or none where a book has no such file."""
    if not path.exists():
        return ()
    values = read_toml(path, report)
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    for key in set(values) - {"symbols"}:
        report.add(line_of(text, key), f"unknown table {key!r}. Accepted: symbols.")
    items = values.get("symbols", [])
    entries: list[SymbolEntry] = []
    lines = [match.start() for match in re.finditer(r"^\[\[symbols\]\]", text, re.MULTILINE)]
    for nth, item in enumerate(items if isinstance(items, list) else [items]):
        line = text.count("\n", 0, lines[nth]) + 1 if nth < len(lines) else 1
        if why := _mistake(item):
            report.add(line, why)
            continue
        entry = SymbolEntry(
            _new_id(item, {each.id for each in entries}),
            line,
            item["tex"].strip(),
            item["words"],
            item.get("shape", ""),
            item.get("code", ""),
            tuple(item.get("sections", ())),
        )
        for other in entries:
            both = set(entry.sections) & set(other.sections)
            if entry.tex == other.tex and (both or not (entry.sections or other.sections)):
                report.add(line, f"symbol {entry.tex!r} is already explained in line {other.line}")
        entries.append(entry)
    return tuple(entries)


def _mistake(item: Any) -> str:
    """What is wrong with an entry, or nothing."""
    if not isinstance(item, dict):
        return f"symbols must be tables, [[symbols]]; got {item!r}"
    for key in item:
        if key not in KEYS:
            return f"unknown key {key!r} of a symbol. {accepted_names(key, KEYS)}"
    for key in ("tex", "words"):
        if not isinstance(item.get(key), str) or not item[key].strip():
            return f"{key} of a symbol must be text; got {item.get(key)!r}"
    for key in ("shape", "code"):
        if not isinstance(item.get(key, ""), str):
            return f"{key} of a symbol must be text; got {item[key]!r}"
    sections = item.get("sections", [])
    if not isinstance(sections, list) or not all(isinstance(each, str) for each in sections):
        return f"sections of a symbol must be labels of sections; got {sections!r}"
    return ""


def _new_id(item: dict[str, Any], taken: Collection[str]) -> str:
    """Kebab-case, made from the TeX: ``mathbf-x``, ``sigma-2`` for its second meaning."""
    words = re.findall(r"[A-Za-z]+", item["tex"])
    id, nth = "-".join(words).lower() or "symbol", 1
    if any(word != word.lower() for word in words):
        id += "-capital"
    base = id
    while id in taken:
        nth += 1
        id = f"{base}-{nth}"
    return id
