"""The forms of directives in a notebook: Markdown and code that do not need this book."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from latentbook.base.files import Files
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
    """The notebook being written (``write/exports.py``), as the form of a directive uses it."""

    language: Language
    practice: Files

    def number(self, node: Node) -> str: ...
    def text(self, source: str) -> str: ...
    def cells(self, nodes: Sequence[Node]) -> Iterator[Cell]: ...
    def markdown(self, nodes: Sequence[Node]) -> str: ...
    def url(self, node: DirectiveNode) -> str: ...
    def outputs(self, node: DirectiveNode) -> tuple[Recorded, ...]: ...
    def fact(self, id: str) -> str: ...


Form: TypeAlias = Callable[[DirectiveNode, NotebookWriter], Iterator[Cell]]
"""Writes the cells of one directive."""


def remark(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    """Write a quotation under its number and title: the default form of a directive."""
    number = f"{node.syntax.counts} {writer.number(node)}" if node.syntax.counts else ""
    words = filter(None, [number.capitalize(), writer.text(node.argument)])
    yield from quotation(". ".join(words), node, writer)


def quotation(title: str, node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    """The body of a directive under a title, which may be empty."""
    text = listing(node.code) if node.code else writer.markdown(node.text)
    body = f"**{title}**\n\n{text}" if title else text
    yield Cell("\n".join(f"> {line}".rstrip() for line in body.split("\n")))


def listing(code: str) -> str:
    return f"```python\n{code.rstrip()}\n```"


def details(title: str, body: str) -> str:
    return f"<details>\n<summary>{title}</summary>\n\n{body}\n\n</details>"
