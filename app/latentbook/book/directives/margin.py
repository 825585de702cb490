"""``margin``: a remark in the margin without a mark in the text."""

from dataclasses import dataclass, replace

from latentbook.book.compose.blocks import Block
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.compose.pieces import Text
from latentbook.book.read.nodes import DirectiveNode


@dataclass(frozen=True)
class MarginNote(Block):
    """A remark next to the block before it. ``title`` may be empty."""

    kind = "margin"
    said = ("title", "blocks")
    beside = True
    title: Text
    blocks: tuple[Block, ...]


def run(node: DirectiveNode, composer: Composer) -> MarginNote:
    return MarginNote(composer.inline(node.argument, node.line), composer.blocks(node.nodes))


MARGIN = Directive(name="margin", argument="its title", argument_optional=True, run=run)
SIDEBAR, ASIDE = replace(MARGIN, name="sidebar"), replace(MARGIN, name="aside")
