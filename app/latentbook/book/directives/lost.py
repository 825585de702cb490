"""The placeholder for a block of a plugin that fails."""

from dataclasses import dataclass

from latentbook.book.compose.blocks import Block
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.read.nodes import DirectiveNode


@dataclass(frozen=True)
class Lost(Block):
    kind = "lost"
    said = ()
    label: str  # may be empty


def run(node: DirectiveNode, composer: Composer) -> Lost:
    return Lost(node.label)


LOST = Directive(name="", run=run)
"""The directive of every unknown name if a plugin could not be imported."""
