"""What directives become in a notebook: Markdown and code that need nothing of this book."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from latentbook.book.read.nodes import DirectiveNode, Node
from latentbook.book.read.recordings import Recorded
from latentbook.book.translations.language import Language


@dataclass(frozen=True)
class Cell:
    """One cell: Markdown, or code with its recorded output."""

    source: str
    label: str = ""
    is_code: bool = False
    outputs: tuple[Recorded, ...] = ()


class NotebookWriter(Protocol):
    """What the form of a directive asks of the notebook that is being written."""

    language: Language

    def number(self, node: Node) -> str:
        """The number of a node."""

    def text(self, source: str) -> str:
        """Markdown without what only this book understands."""

    def markdown(self, nodes: Sequence[Node]) -> str:
        """Several nodes as one text."""

    def url(self, node: DirectiveNode) -> str:
        """Where a labelled node is in the book, from the notebook on."""

    def outputs(self, node: DirectiveNode) -> tuple[Recorded, ...]:
        """What was recorded for a snippet as it stands."""

    def fact(self, id: str) -> str:
        """A claim with its sources."""


Form: TypeAlias = Callable[[DirectiveNode, NotebookWriter], Iterator[Cell]]
"""Writes the cells of one directive."""


def remark(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    """A quotation under its title: what stands for any directive that has no form of its own."""
    title = f"**{writer.text(node.argument)}**\n\n" if node.argument else ""
    body = title + (listing(node.code) if node.code else writer.markdown(node.text))
    yield Cell("\n".join(f"> {line}".rstrip() for line in body.split("\n")))


def listing(code: str) -> str:
    """Python that is shown and not run."""
    return f"```python\n{code.rstrip()}\n```"


def details(title: str, body: str) -> str:
    """Text that opens on demand."""
    return f"<details>\n<summary>{title}</summary>\n\n{body}\n\n</details>"
