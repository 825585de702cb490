"""``problem``: an hour's work at a computer, with a rubric and without a solution."""

from collections.abc import Iterator
from dataclasses import dataclass

from latentbook.base.errors import FileProblems
from latentbook.book.compose.blocks import Block, NumberedBlock
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.compose.notebook import Cell, NotebookWriter, details
from latentbook.book.compose.pieces import Text
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.read.options import Option, label, positive


@dataclass(frozen=True)
class Problem(NumberedBlock):
    """``rubric`` describes a good answer, ``pitfalls`` the usual mistakes."""

    kind = "problem"
    said = ("title", "task", "rubric", "pitfalls")
    named = "Problem"
    title: Text
    minutes: float
    task: tuple[Block, ...]
    rubric: tuple[Block, ...]
    pitfalls: tuple[Block, ...]


def run(node: DirectiveNode, composer: Composer) -> Problem:
    task = composer.blocks(node.text)
    rubric, pitfalls = (
        tuple(block for part in node.parts(name) for block in composer.blocks(part.nodes))
        for name in ("rubric", "pitfalls")
    )
    number, minutes = composer.number(node), node.options.get("minutes", 60)
    title = composer.inline(node.argument, node.line)
    return Problem(node.label, number, title, minutes, task, rubric, pitfalls)


def check(node: DirectiveNode, problems: FileProblems) -> None:
    if not node.text:
        problems.add(node.line, "the problem has no task")
    for name in ("rubric", "pitfalls"):
        if len([part for part in node.parts(name) if part.nodes]) != 1:
            problems.add(node.line, f"a problem needs one {{{name}}} that is not empty")


def notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    translate = writer.language.translate
    name = translate("Problem %(number)s", number=writer.number(node))
    yield Cell(f"**{name}. {writer.text(node.argument)}**\n\n{writer.markdown(node.text)}")
    titles = {"rubric": "A good answer", "pitfalls": "Where people go wrong"}
    for part, title in titles.items():
        for each in node.parts(part):
            yield Cell(details(translate(title), writer.markdown(each.nodes)))


PROBLEM = Directive(
    name="problem",
    argument="its title",
    options={"label": Option(label, required=True), "minutes": Option(positive)},
    counts="problem",
    validate=check,
    run=run,
    notebook=notebook,
)
RUBRIC = Directive(name="rubric", parent="problem")
PITFALLS = Directive(name="pitfalls", parent="problem")
