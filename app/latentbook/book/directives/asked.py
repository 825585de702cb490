"""``question``: in an assignment, a question of the text; in the text, its placeholder."""

from collections.abc import Iterator
from dataclasses import dataclass

from latentbook.base.errors import Mistake
from latentbook.book.compose.blocks import NumberedBlock
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.compose.notebook import Cell, NotebookWriter
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.read.options import Option, positive


@dataclass(frozen=True)
class AskedBlock(NumberedBlock):
    """Names the assignment that asks a question. There, the server inserts the question itself."""

    kind = "asked"
    said = ()
    named = "Question"
    seconds = 0
    asked: str  # the question's label
    assignment: str
    title: str  # of the assignment


def run(node: DirectiveNode, composer: Composer) -> AskedBlock:
    if "assignment" not in node.options:
        raise Mistake(node.line, "only an assignment takes a question out of the text")
    name, title = node.options["assignment"], node.options["title"]
    return AskedBlock(node.label, composer.number(node), node.argument, name, title)


def notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    translate = writer.language.translate
    name = translate("Question %(number)s", number=writer.number(node))
    title = writer.text(node.options["title"])
    yield Cell(f"**{name}.** {translate('Asked in the assignment “%(title)s”.', title=title)}")


ASKED = Directive(
    name="question",
    argument="the label of a question",
    options={"points": Option(positive)},
    body="none",
    counts="question",
    run=run,
    notebook=notebook,
)
