"""Nodes parsed from a chapter's Markdown, before they become blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from markdown_it.token import Token

from latentbook.base.errors import FileProblems
from latentbook.book.read.day import Day
from latentbook.book.read.options import Option


@dataclass(frozen=True)
class Syntax:
    """The syntax of one directive.

    Attributes
    ----------
    argument : its name in messages; empty if the directive takes none
    body : Markdown, code (taken literally), or none
    counts : the counter that numbers it ("figure"), or empty
    parent : the directive it is a part of, or empty
    outside : the directive with the same name outside of that parent, if any
    validate : checks one use as soon as it is parsed
    becomes : makes the node to use instead, for a second way to write that node
    withhold : removes the answer from one use until it opens; None if it has no answer
    varies : whether its body may contain ``{vary}``
    page_code : the code of one use that runs in the page, with its first line
    """

    name: str
    argument: str = ""
    argument_optional: bool = False
    options: Mapping[str, Option] = field(default_factory=dict)
    body: Literal["markdown", "code", "none"] = "markdown"
    counts: str = ""
    parent: str = ""
    outside: Syntax | None = None
    validate: Callable[[DirectiveNode, FileProblems], None] | None = None
    becomes: Callable[[DirectiveNode], Node] | None = None
    withhold: Callable[[DirectiveNode, Day], DirectiveNode] | None = None
    varies: bool = False
    page_code: Callable[[DirectiveNode], Iterator[tuple[int, str]]] | None = None


@dataclass(frozen=True)
class TextNode:
    """One paragraph, list, quote, table or plain listing, with its Markdown."""

    line: int
    tokens: tuple[Token, ...]
    source: str
    comment: str = ""  # the author's comment, in the line above


@dataclass(frozen=True)
class HeadingNode:
    line: int
    level: int
    label: str
    inline: Token
    source: str


@dataclass(frozen=True)
class EquationNode:
    """A display equation; its line is that of the first character after ``$$``."""

    line: int
    label: str
    tex: str


@dataclass(frozen=True)
class DirectiveNode:
    """A directive with its options parsed. Its body is either ``nodes`` or ``code``.

    A directive that varies has both: ``{vary}`` as a node, and its other source as code.

    Attributes
    ----------
    opens : the day when the answer, removed until then, opens
    seed : seed for shuffling its lines or pairs; if empty, its label is used
    """

    line: int
    syntax: Syntax
    argument: str
    options: dict[str, Any]
    nodes: tuple[Node, ...] = ()
    code: str = ""
    body_line: int = 0
    opens: Day | None = None
    seed: str = ""

    @property
    def name(self) -> str:
        return self.syntax.name

    @property
    def label(self) -> str:
        return str(self.options.get("label", ""))

    def parts(self, name: str) -> list[DirectiveNode]:
        inside = (node for node in self.nodes if isinstance(node, DirectiveNode))
        return [node for node in inside if node.name == name]

    @property
    def text(self) -> tuple[Node, ...]:
        return tuple(
            node
            for node in self.nodes
            if not (isinstance(node, DirectiveNode) and node.syntax.parent)
        )


Node: TypeAlias = TextNode | HeadingNode | EquationNode | DirectiveNode


@dataclass(frozen=True)
class NoteNode:
    line: int
    tokens: tuple[Token, ...]


@dataclass
class Document:
    front: dict[str, Any]
    front_lines: dict[str, int]
    nodes: tuple[Node, ...] = ()
    notes: dict[str, NoteNode] = field(default_factory=dict)


def walk(nodes: Iterable[Node]) -> Iterator[Node]:
    """Every node in the order of the text, nested ones included."""
    for node in nodes:
        yield node
        if isinstance(node, DirectiveNode):
            yield from walk(node.nodes)


def plain_text(inline: Token) -> str:
    """An inline token's text without its markup; mathematics as TeX."""
    return "".join(
        child.content or (" " if child.type == "softbreak" else "")
        for child in inline.children or ()
    )


def directives(nodes: Iterable[Node], *names: str) -> Iterator[DirectiveNode]:
    """Every directive, or every one of the given names; nested ones included."""
    for node in walk(nodes):
        if isinstance(node, DirectiveNode) and (not names or node.name in names):
            yield node


def own_code(node: DirectiveNode) -> Iterator[tuple[int, str]]:
    yield node.body_line, node.code
