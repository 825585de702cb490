"""``fold``: text that opens on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.book.compose.blocks import Fold
from app.book.read.directive import Directive, Option, label

if TYPE_CHECKING:
    from app.book.compose.compose import Composer
    from app.book.read.nodes import DirectiveNode


def run(node: DirectiveNode, composer: Composer) -> Fold:
    """Make the block."""
    title = composer.inline(node.argument, node.line)
    return Fold(node.label, title, composer.blocks(node.nodes))


FOLD = Directive(
    name="fold",
    doc="Text that opens on demand, such as a derivation.",
    argument="its title",
    argument_required=True,
    options={"label": Option(label)},
    run=run,
)
