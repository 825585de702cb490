"""``content/facts.toml``: every claim that rests on a source, and known gaps."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, Strict

from latentbook.base.datafile import Entry, Text, Toml
from latentbook.base.errors import FileProblems, accepted_names
from latentbook.book.compose.pieces import Address, Link


class FactEntry(Entry):
    claim: Text
    sources: tuple[str, ...] = Field(min_length=1)
    confidence: Literal["high", "medium", "low"]
    checked: Annotated[date, Strict()]
    note: str = ""


class Gap(Entry):
    text: Text


class Remark(Entry):
    """A statement on which sources differ."""

    text: Text
    sources: tuple[str, ...] = Field(min_length=1)


class FactsFile(Entry):
    facts: Mapping[str, FactEntry] = {}
    gaps: tuple[Gap, ...] = ()
    disputed: tuple[Remark, ...] = ()


@dataclass
class FactLedger:
    """The file's content, and where each fact is used."""

    problems: FileProblems
    entries: dict[str, FactEntry] = field(default_factory=dict)
    wrong: Collection[str] = ()  # ids of entries with mistakes, which are reported and left out
    gaps: tuple[Gap, ...] = ()
    disputed: tuple[Remark, ...] = ()
    _uses: defaultdict[str, dict[Address, Link]] = field(default_factory=lambda: defaultdict(dict))

    def use(self, id: str, place: Link) -> None:
        self._uses[id].setdefault(place.url, place)

    def uses(self, id: str) -> tuple[Link, ...]:
        return tuple(self._uses[id].values())


def read_facts(text: str, bibliography: Collection[str], report: FileProblems) -> FactLedger:
    """Read the ledger; report and drop invalid entries.

    Parameters
    ----------
    bibliography : the keys of all sources
    """
    file = Toml(text, report)
    ids = set(file.values["facts"]) if isinstance(file.values.get("facts"), dict) else set()
    facts = file.checked(FactsFile)

    def has_sources(entry: FactEntry | Remark) -> bool:
        unknown = [key for key in entry.sources if key not in bibliography]
        for key in unknown:
            names = accepted_names(key, bibliography)
            report.add(entry.line, f"no source {key!r} in references.bib. {names}")
        return not unknown

    entries = {id: each for id, each in facts.facts.items() if has_sources(each)}
    return FactLedger(
        report,
        entries,
        ids - entries.keys(),
        facts.gaps,
        tuple(filter(has_sources, facts.disputed)),
    )
