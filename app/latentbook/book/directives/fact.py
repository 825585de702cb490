"""``fact``: a sourced claim in the margin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from latentbook.book.compose.blocks import Block
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.compose.notebook import Cell, NotebookWriter
from latentbook.book.compose.pieces import Address, Link, Text
from latentbook.book.read.nodes import DirectiveNode
from latentbook.errors import accepted_names


@dataclass(frozen=True)
class FactNote(Block):
    """A sourced claim for the margin. ``url`` leads to its entry on the page of facts."""

    kind = "fact"
    said = ("claim",)
    seconds = 0  # for readers who want the source
    beside = True
    id: str
    claim: Text
    sources: tuple[Link, ...]
    confidence: str  # high | medium | low
    checked: date
    url: Address


def run(node: DirectiveNode, composer: Composer) -> FactNote | None:
    """The claim with its sources; its use is recorded in the ledger."""
    ledger = composer.resources.facts
    fact = ledger.entries.get(node.argument)
    if fact is None:
        names = accepted_names(node.argument, ledger.entries)
        composer.problems.add(node.line, f"no fact {node.argument!r} in facts.toml. {names}")
        return None
    ledger.use(node.argument, composer.place)
    links = (composer.cite(key, node.line) for key in fact.sources)
    return FactNote(
        node.argument,
        composer.foreign_inline(fact.claim, fact.line, ledger.problems),
        tuple(link for link in links if link is not None),
        fact.confidence,
        fact.checked,
        Address("facts", node.argument),
    )


def notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    source = writer.language.translate("Source")
    yield Cell(f"> **{source}.** {writer.fact(node.argument)}")


FACT = Directive(
    name="fact",
    doc="A claim from facts.toml with its source and confidence, in the margin.",
    argument="id of the fact in facts.toml",
    argument_required=True,
    body="none",
    run=run,
    notebook=notebook,
)
