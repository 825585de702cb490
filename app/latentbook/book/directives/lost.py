"""What stands where a plugin that fails has a block."""

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
"""For any name that is not known, as long as a plugin could not be imported."""
