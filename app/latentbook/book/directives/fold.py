"""``fold``: text that opens on demand."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from latentbook.book.compose.blocks import Block
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.compose.notebook import Cell, NotebookWriter, details
from latentbook.book.compose.pieces import Text
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.read.options import Option, label, one_of
from latentbook.book.translations.language import Language


@dataclass(frozen=True)
class Fold(Block):
    kind = "fold"
    said = ("title", "blocks")
    seconds = 0  # opened by choice
    label: str  # may be empty
    title: Text
    blocks: tuple[Block, ...]


def run(node: DirectiveNode, composer: Composer) -> Fold:
    title = composer.inline(node.argument, node.line)
    return Fold(node.label, title, composer.blocks(node.nodes))


def notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    """Write ``details``, for programs that support this element."""
    yield Cell(details(writer.text(node.argument), writer.markdown(node.nodes)))


FOLD = Directive(
    name="fold", argument="its title", options={"label": Option(label)}, run=run, notebook=notebook
)
DROPDOWN = replace(FOLD, name="dropdown")


def _solution_title(node: DirectiveNode, language: Language) -> str:
    return language.translate("Solution of %(exercise)s", exercise=f"{{ref}}`{node.argument}`")


def run_solution(node: DirectiveNode, composer: Composer) -> Fold:
    return run(replace(node, argument=_solution_title(node, composer.language)), composer)


def solution_in_notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    return notebook(replace(node, argument=_solution_title(node, writer.language)), writer)


SOLUTION = Directive(
    name="solution",
    argument="the label of its exercise",
    options={"label": Option(label), "class": Option(one_of("dropdown"))},
    run=run_solution,
    notebook=solution_in_notebook,
)
"""The directive ``solution`` outside a question."""
