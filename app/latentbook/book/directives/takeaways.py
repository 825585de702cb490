"""``takeaways``: the main points of a section; one page also lists a chapter's."""

from collections.abc import Iterator
from dataclasses import dataclass

from latentbook.base.errors import Mistake
from latentbook.book.compose.blocks import Block
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.compose.notebook import Cell, NotebookWriter
from latentbook.book.compose.pieces import Text
from latentbook.book.read.nodes import DirectiveNode, TextNode


@dataclass(frozen=True)
class Takeaways(Block):
    kind = "takeaways"
    said = ("html",)
    html: Text
    equations: tuple[str, ...]  # labels of those that it refers to


def run(node: DirectiveNode, composer: Composer) -> Takeaways:
    match node.nodes:
        case (TextNode(tokens=tokens),) if tokens[0].type.endswith("_list_open"):
            roles = [each for token in tokens for each in token.children or () if each.meta]
            equations = tuple(role.content for role in roles if role.meta.get("name") == "eq")
            return Takeaways(composer.render(tokens), equations)
        case _:
            raise Mistake(node.line, "the body of takeaways must be one list")


def notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    title = writer.language.translate("What to keep")
    yield Cell(f"**{title}**\n\n{writer.markdown(node.nodes)}")


TAKEAWAYS = Directive(name="takeaways", run=run, notebook=notebook)
