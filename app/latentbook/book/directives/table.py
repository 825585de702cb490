"""``table``: a Markdown table with a number and a caption."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from latentbook.base.errors import Mistake
from latentbook.book.compose.blocks import NumberedBlock
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.compose.notebook import Cell, NotebookWriter
from latentbook.book.compose.pieces import Text
from latentbook.book.read.nodes import DirectiveNode, TextNode
from latentbook.book.read.options import Option, label


@dataclass(frozen=True)
class Table(NumberedBlock):
    """A numbered table: ``html`` is the content of the table element."""

    kind = "table"
    said = ("caption", "html")
    named = "Table"
    takes_notes = True
    caption: Text
    html: Text


def run(node: DirectiveNode, composer: Composer) -> Table:
    match node.nodes:
        case (TextNode(tokens=tokens),) if tokens[0].type == "table_open":
            table = composer.render(tokens[1:-1])
        case _:
            form = "| a | b |, below it |---|---|, then each row"
            raise Mistake(node.line, f"the body of {node.name} must be one Markdown table: {form}")
    caption = composer.inline(node.argument, node.line)
    return Table(composer.id_of(node), composer.number(node), caption, table)


def notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    name = writer.language.translate("Table %(number)s", number=writer.number(node))
    yield Cell(f"**{name}.** {writer.text(node.argument)}\n\n{writer.markdown(node.nodes)}")


TABLE = Directive(
    name="table",
    argument="its caption",
    options={"label": Option(label)},
    counts="table",
    run=run,
    notebook=notebook,
)
LIST_TABLE = replace(TABLE, name="list-table")
