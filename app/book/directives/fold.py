"""``fold``: text that opens on demand."""

from __future__ import annotations

from app.book.compose.blocks import Fold
from app.book.compose.compose import Composer
from app.book.directives.directive import Directive
from app.book.read.nodes import DirectiveNode
from app.book.read.options import Option, label


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
