"""``evidence``: the controls that rule out other explanations of a finding, as a table."""

from collections.abc import Iterator
from dataclasses import dataclass

from latentbook.base.errors import FileProblems
from latentbook.book.compose.blocks import Block
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.compose.notebook import Cell, NotebookWriter
from latentbook.book.read.nodes import DirectiveNode, TextNode


@dataclass(frozen=True)
class Evidence(Block):
    kind = "evidence"
    said = ("blocks",)
    seconds = 0  # opened by choice
    blocks: tuple[Block, ...]


def run(node: DirectiveNode, composer: Composer) -> Evidence:
    return Evidence(composer.blocks(node.nodes))


def has_rows(node: DirectiveNode, problems: FileProblems) -> None:
    tokens = (token for each in node.nodes if isinstance(each, TextNode) for token in each.tokens)
    if not any(token.type == "tbody_open" for token in tokens):
        problems.add(node.line, "evidence has no table with a row: give each control a row")


def notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    title = writer.language.translate("How we know")
    yield Cell(f"**{title}**\n\n{writer.markdown(node.nodes)}")


EVIDENCE = Directive(name="evidence", validate=has_rows, run=run, notebook=notebook)
