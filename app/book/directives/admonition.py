"""``admonition``: a titled remark."""

from __future__ import annotations

from app.book.compose.blocks import Admonition
from app.book.compose.compose import Composer
from app.book.directives.directive import Directive
from app.book.read.nodes import DirectiveNode
from app.book.read.options import Option, one_of


def run(node: DirectiveNode, composer: Composer) -> Admonition:
    """A remark of its kind, a note if none is given."""
    return Admonition(
        node.options.get("kind", "note"),
        composer.inline(node.argument, node.line),
        composer.blocks(node.nodes),
    )


ADMONITION = Directive(
    name="admonition",
    doc="A titled remark: a note, a warning, a definition or a result.",
    argument="its title",
    argument_required=True,
    options={"kind": Option(one_of("note", "warning", "definition", "result"))},
    run=run,
)
