"""``takeaways``: what to keep from a chapter."""

from collections.abc import Iterator
from dataclasses import dataclass

from latentbook.book.compose.blocks import Block
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.compose.notebook import Cell, NotebookWriter
from latentbook.book.compose.pieces import Text
from latentbook.book.read.nodes import DirectiveNode, TextNode
from latentbook.errors import Mistake


@dataclass(frozen=True)
class Takeaways(Block):
    kind = "takeaways"
    said = ("html",)
    html: Text


def run(node: DirectiveNode, composer: Composer) -> Takeaways:
    match node.nodes:
        case (TextNode(tokens=tokens),) if tokens[0].type.endswith("_list_open"):
            return Takeaways(composer.render(tokens))
        case _:
            raise Mistake(node.line, "the body of takeaways must be one list")


def notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    title = writer.language.translate("What to keep")
    yield Cell(f"**{title}**\n\n{writer.markdown(node.nodes)}")


TAKEAWAYS = Directive(
    name="takeaways",
    run=run,
    notebook=notebook,
)
