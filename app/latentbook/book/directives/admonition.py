"""``admonition``: a titled remark."""

from collections.abc import Iterator
from dataclasses import dataclass

from latentbook.book.compose.blocks import Block
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.compose.notebook import Cell, NotebookWriter, quotation
from latentbook.book.compose.pieces import Text
from latentbook.book.directives.fold import Fold
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.read.options import Option, one_of
from latentbook.book.translations.language import message


@dataclass(frozen=True)
class Admonition(Block):
    """A titled remark; ``variant`` is note, warning, definition or result."""

    kind = "admonition"
    said = ("title", "blocks")
    takes_notes = True
    variant: str
    title: Text
    blocks: tuple[Block, ...]


def run(node: DirectiveNode, composer: Composer) -> Admonition:
    return Admonition(
        node.options.get("kind", "note"),
        composer.inline(node.argument, node.line),
        composer.blocks(node.nodes),
    )


ADMONITION = Directive(
    name="admonition",
    argument="its title",
    options={"kind": Option(one_of("note", "warning", "definition", "result"))},
    run=run,
)


def _titled(name: str, title: str, variant: str) -> Directive:
    def make(node: DirectiveNode, composer: Composer) -> Admonition | Fold:
        html = composer.inline(node.argument or composer.language.translate(title), node.line)
        blocks = composer.blocks(node.nodes)
        if node.options.get("class") == "dropdown":
            return Fold("", html, blocks)
        return Admonition(variant, html, blocks)

    def notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
        given = node.argument or writer.language.translate(title)
        return quotation(writer.text(given), node, writer)

    return Directive(
        name=name,
        argument="its title",
        argument_optional=True,
        options={"class": Option(one_of("dropdown"))},
        run=make,
        notebook=notebook,
    )


REMARKS = (
    _titled("note", message("Note"), "note"),
    _titled("tip", message("Tip"), "note"),
    _titled("important", message("Important"), "note"),
    _titled("seealso", message("See also"), "note"),
    _titled("warning", message("Warning"), "warning"),
    _titled("attention", message("Attention"), "warning"),
    _titled("caution", message("Caution"), "warning"),
    _titled("danger", message("Danger"), "warning"),
)
"""The remarks of MyST, under its names."""
