"""``margin``: a remark in the margin without a mark in the text."""

from __future__ import annotations

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


MARGIN = Directive(
    name="margin",
    doc="A remark in the margin; a note that the text calls is written [^name].",
    argument="its title",
    run=run,
)
SIDEBAR, ASIDE = replace(MARGIN, name="sidebar"), replace(MARGIN, name="aside")
