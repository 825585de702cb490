"""``content/facts.toml``: every claim that rests on a source, and what is not known."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from latentbook.book.compose.bibliography import Bibliography
from latentbook.book.compose.pieces import Link
from latentbook.book.read.problems import FileProblems, Problems
from latentbook.book.read.toml import read_toml, table, tables
from latentbook.errors import accepted_names

CONFIDENCES = ("high", "medium", "low")


@dataclass(frozen=True)
class FactEntry:
    """One claim as it stands in the file."""

    id: str
    line: int
    claim: str
    sources: tuple[str, ...]
    confidence: str
    checked: date
    note: str


@dataclass(frozen=True)
class Remark:
    """A known gap, or a statement on which sources differ."""

    line: int
    text: str
    sources: tuple[str, ...] = ()


@dataclass
class FactLedger:
    """The file's content, and where each fact is stated."""

    problems: FileProblems
    entries: dict[str, FactEntry] = field(default_factory=dict)
    gaps: tuple[Remark, ...] = ()
    disputed: tuple[Remark, ...] = ()
    _uses: defaultdict[str, dict[str, Link]] = field(default_factory=lambda: defaultdict(dict))

    def use(self, id: str, place: Link) -> None:
        """Remember that a fact is stated at a place."""
        self._uses[id].setdefault(place.url, place)

    def uses(self, id: str) -> tuple[Link, ...]:
        """The places at which a fact is stated."""
        return tuple(self._uses[id].values())


def read_facts(
    path: Path, shown: Path, bibliography: Bibliography, problems: Problems
) -> FactLedger:
    """Read the ledger and check every entry."""
    report = problems.of(shown)
    ledger = FactLedger(report)
    values = read_toml(path, report)
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    for key in set(values) - {"facts", "gaps", "disputed"}:
        report.add(1, f"unknown table {key!r}. Accepted: facts, gaps, disputed.")
    for id, entry in table("facts", values.get("facts", {}), report, 1):
        line = _line_of(text, rf"^\[facts\.\"?{re.escape(id)}\"?\]")
        if _check_fact(id, entry, line, bibliography, report):
            ledger.entries[id] = FactEntry(
                id,
                line,
                entry["claim"],
                tuple(entry["sources"]),
                entry["confidence"],
                entry["checked"],
                entry.get("note", ""),
            )
    ledger.gaps = _remarks("gaps", values, text, {"text": str}, bibliography, report)
    ledger.disputed = _remarks(
        "disputed", values, text, {"text": str, "sources": list}, bibliography, report
    )
    return ledger


def _line_of(text: str, pattern: str, nth: int = 0) -> int:
    """The line of the n-th match, or 1."""
    matches = list(re.finditer(pattern, text, re.MULTILINE))
    return text.count("\n", 0, matches[nth].start()) + 1 if len(matches) > nth else 1


FACT_KEYS: Mapping[str, type] = {
    "claim": str,
    "sources": list,
    "confidence": str,
    "checked": date,
    "note": str,
}


def _check_fact(
    id: str, entry: Any, line: int, bibliography: Bibliography, report: FileProblems
) -> bool:
    what = f"fact {id!r}"
    if not isinstance(entry, dict):
        report.add(line, f"{what} must be a table, [facts.{id}]; got {entry!r}")
        return False
    optional = {"note"}
    if not _check_keys(what, entry, FACT_KEYS, optional, line, report):
        return False
    if entry["confidence"] not in CONFIDENCES:
        report.add(
            line,
            f"confidence of {what} must be one of {', '.join(CONFIDENCES)}; "
            f"got {entry['confidence']!r}",
        )
        return False
    return _check_sources(what, entry["sources"], line, bibliography, report)


def _check_keys(
    what: str,
    entry: Any,
    accepted: Mapping[str, type],
    optional: set[str],
    line: int,
    report: FileProblems,
) -> bool:
    good = True
    for key in entry:
        if key not in accepted:
            report.add(line, f"unknown key {key!r} of {what}. {accepted_names(key, accepted)}")
            good = False
    for key, wanted in accepted.items():
        if key not in entry:
            if key not in optional:
                report.add(line, f"{what} lacks {key}")
                good = False
        elif not isinstance(entry[key], wanted):
            report.add(line, f"{key} of {what} must be a {wanted.__name__}; got {entry[key]!r}")
            good = False
    return good


def _check_sources(
    what: str, sources: list[Any], line: int, bibliography: Bibliography, report: FileProblems
) -> bool:
    if not sources:
        report.add(line, f"{what} has no source")
        return False
    good = True
    for key in sources:
        if key not in bibliography:
            names = accepted_names(str(key), bibliography.keys())
            report.add(line, f"no source {key!r} in references.bib, named by {what}. {names}")
            good = False
    return good


def _remarks(
    name: str,
    values: dict[str, Any],
    text: str,
    accepted: Mapping[str, type],
    bibliography: Bibliography,
    report: FileProblems,
) -> tuple[Remark, ...]:
    remarks = []
    for nth, entry in enumerate(tables(name, values.get(name, []), report, 1)):
        line = _line_of(text, rf"^\[\[{name}\]\]", nth)
        what = f"{name} entry {nth + 1}"
        if not _check_keys(what, entry, accepted, set(), line, report):
            continue
        if "sources" in accepted and not _check_sources(
            what, entry["sources"], line, bibliography, report
        ):
            continue
        remarks.append(Remark(line, entry["text"], tuple(entry.get("sources", ()))))
    return tuple(remarks)
