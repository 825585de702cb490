"""The lists at the end of a book: facts, symbols, terms and sources."""

from collections.abc import Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from latentbook.base.errors import accepted_names
from latentbook.book.compose.compose import Composer, Resources
from latentbook.book.compose.facts import FactEntry, Gap, Remark
from latentbook.book.compose.pieces import Address, Link, Symbol, Term
from latentbook.book.compose.types import Dispute, Fact
from latentbook.book.read.day import Day
from latentbook.book.read.nodes import Document
from latentbook.book.read.notation import SymbolEntry
from latentbook.book.read.project import Project
from latentbook.book.read.source import PageSource

NEVER = Day(Path(), 1, "hidden")
"""Day of entries that only withheld content uses: they may refer to any withheld content."""

Listing = Literal["listed", "unseen", "left out", "unused"]


@dataclass(frozen=True)
class Ledgers:
    """Composes the data files of a book after all its pages.

    Attributes
    ----------
    unseen : the resources of withheld content; ``resources`` if there is none
    names : labels of all pages, withheld ones included
    symbol_uses : where each symbol is used, by its id
    """

    project: Project
    resources: Resources
    unseen: Resources
    names: Set[str]
    symbol_uses: dict[str, list[Link]] = field(default_factory=dict)
    unseen_symbols: set[str] = field(default_factory=set)

    def sources(self) -> list[str]:
        """Return the keys of the listed sources.

        A course does not list sources that only its omitted chapters cite.
        """
        seen, unseen = self.resources.bibliography, self.unseen.bibliography
        of_course = self.project.overlay.book is not None
        return [
            key
            for key in seen.keys()  # noqa: SIM118
            if seen.is_used(key) or not (unseen.is_used(key) or of_course)
        ]

    def symbols_of(self, composer: Composer) -> tuple[Symbol, ...]:
        """The symbols in a page's equations, in the order of ``notation.toml``."""
        used = [each for each in self.resources.symbols if each.id in composer.symbols.used]
        for entry in used:
            self.symbol_uses.setdefault(entry.id, []).append(composer.place)
        return tuple(self._symbol(entry, composer) for entry in used)

    def note_unseen(self, composer: Composer) -> None:
        self.unseen_symbols.update(composer.symbols.used)

    def _symbol(self, entry: SymbolEntry, composer: Composer) -> Symbol:
        report = self.project.report("notation.toml")
        html = composer.foreign_inline(f"${entry.tex}$", entry.line, report)
        words = composer.foreign_inline(entry.words, entry.line, report)
        return Symbol(entry.id, html, words, entry.shape, entry.code)

    def symbols(self) -> tuple[Symbol, ...]:
        """Return the symbols to list; report those that no equation uses."""
        report = self.project.report("notation.toml")
        composer = self._of_file("notation.toml")
        listed = []
        for entry in self.resources.symbols:
            if not self._from_book("notation.toml", entry.line):
                for unknown in set(entry.sections) - self.names:
                    names = accepted_names(unknown, self.names)
                    report.add(entry.line, f"no section {unknown!r}. {names}")
            seen, unseen = entry.id in self.symbol_uses, entry.id in self.unseen_symbols
            listing = self._listing("notation.toml", entry.line, seen=seen, unseen=unseen)
            if listing == "unused":
                report.add(entry.line, f"no equation has the symbol {entry.tex!r}")
            if listing in ("listed", "unused"):
                uses = tuple(self.symbol_uses.get(entry.id, ()))
                listed.append(replace(self._symbol(entry, composer), uses=uses))
        return tuple(listed)

    def terms(self) -> tuple[Term, ...]:
        """Return the terms to list; report those that the text does not define."""
        composer, never = self._of_file("glossary.toml"), self._of_file("glossary.toml", NEVER)
        terms = []
        glossary = self.resources.glossary
        unseen = dict(self.unseen.glossary.in_order()) if self.unseen.glossary else {}
        for entry, place in glossary.in_order() if glossary else ():
            seen, hidden = place is not None, unseen.get(entry) is not None
            listing = self._listing("glossary.toml", entry.line, seen=seen, unseen=hidden)
            if listing == "unseen":
                never.inline(entry.meaning, entry.line)
            elif listing == "unused":
                why = f"no text defines this: write {{term}}`{entry.name}` there"
                self.project.report("glossary.toml").add(entry.line, why)
            elif place is not None:
                meaning = composer.inline(entry.meaning, entry.line)
                terms.append(Term(entry.id, entry.name, meaning, place))
        return tuple(terms)

    def facts(self) -> dict[str, Any]:
        ledger, unseen = self.resources.facts, self.unseen.facts
        composer, never = self._of_file("facts.toml"), self._of_file("facts.toml", NEVER)
        facts = []
        for id, entry in ledger.entries.items():
            uses, hidden = ledger.uses(id), unseen.uses(id)
            listing = self._listing("facts.toml", entry.line, seen=bool(uses), unseen=bool(hidden))
            if listing == "unseen":
                _fact(id, entry, hidden, never)
            elif listing != "left out":
                facts.append(_fact(id, entry, uses, composer))

        def own(entry: Gap | Remark) -> bool:
            return not self._from_book("facts.toml", entry.line)

        gaps, disputed = filter(own, ledger.gaps), filter(own, ledger.disputed)
        return {
            "facts": tuple(facts),
            "gaps": tuple(composer.inline(gap.text, gap.line) for gap in gaps),
            "disputed": tuple(_dispute(remark, composer) for remark in disputed),
        }

    def _listing(self, file: str, line: int, *, seen: bool, unseen: bool) -> Listing:
        """Whether and how an entry of a file is listed.

        Parameters
        ----------
        seen, unseen : whether open content uses it, and whether withheld content does
        """
        if seen:
            return "listed"
        if unseen:
            return "unseen"
        # A course may leave out everything that uses an entry of its book.
        return "left out" if self._from_book(file, line) else "unused"

    def _from_book(self, file: str, line: int) -> bool:
        return self.project.overlay.from_book(self.project.shown(file), line)

    def _of_file(self, name: str, day: Day | None = None) -> Composer:
        stem = name.partition(".")[0]
        page = PageSource(stem, "", self.project.shown(name), Document({}, {}))
        language = self.project.manifest.language
        title = language.translate(stem.capitalize())  # Facts, Notation, Glossary
        resources = self.unseen if day else self.resources
        place = Link(Address(stem), title)
        return Composer(resources, page, self.project.report(name), place, day=day)


def _fact(id: str, entry: FactEntry, uses: tuple[Link, ...], composer: Composer) -> Fact:
    return Fact(
        id,
        composer.inline(entry.claim, entry.line),
        composer.cited_links(entry.sources, entry.line),
        entry.confidence,
        entry.checked,
        composer.inline(entry.note, entry.line),
        uses,
    )


def _dispute(remark: Remark, composer: Composer) -> Dispute:
    text = composer.inline(remark.text, remark.line)
    return Dispute(text, composer.cited_links(remark.sources, remark.line))
