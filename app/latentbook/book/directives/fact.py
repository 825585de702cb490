"""``fact``: a sourced claim in the margin."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from latentbook.base.errors import Mistake, accepted_names
from latentbook.book.compose.blocks import Block
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.compose.notebook import Cell, NotebookWriter
from latentbook.book.compose.pieces import Address, Link, Text
from latentbook.book.read.nodes import DirectiveNode


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
    """The claim with its sources; None if its entry is wrong. Record its use in the ledger."""
    ledger = composer.resources.facts
    if node.argument in ledger.wrong:
        return None
    fact = ledger.entries.get(node.argument)
    if fact is None:
        names = accepted_names(node.argument, ledger.entries)
        raise Mistake(node.line, f"no fact {node.argument!r} in facts.toml. {names}")
    ledger.use(node.argument, composer.place)
    return FactNote(
        node.argument,
        composer.foreign_inline(fact.claim, fact.line, ledger.problems),
        composer.cited_links(fact.sources, node.line),
        fact.confidence,
        fact.checked,
        Address("facts", node.argument),
    )


def notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    source = writer.language.translate("Source")
    yield Cell(f"> **{source}.** {writer.fact(node.argument)}")


FACT = Directive(
    name="fact", argument="id of the fact in facts.toml", body="none", run=run, notebook=notebook
)
