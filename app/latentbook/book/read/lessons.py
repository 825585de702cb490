"""Check that a section is a lesson: one idea, few numbers, one small table."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markdown_it.token import Token

from latentbook.book.read.nodes import (
    DirectiveNode,
    Document,
    HeadingNode,
    Node,
    TextNode,
    directives,
)
from latentbook.book.read.parse import make_markdown
from latentbook.book.read.sentences import SENTENCE_END, words_of
from latentbook.book.read.suggestions import cut

IDEA_WORDS = 25
MOST_NUMBERS, MOST_TABLES, MOST_ROWS = 15, 1, 6

ON_DEMAND = ("fold", "dropdown", "evidence", "solution", "image", "fact")
"""Blocks that open on demand, and blocks without any of the page's text."""

SHOWN_PARTS = ("tab-item", "step")
"""Parts of other blocks that a reader sees at once; the others are answers, hints and notes."""


def idea_fault(idea: str) -> str:
    """Describe the fault in a section's idea; empty if it is one short sentence."""
    words = words_of(make_markdown().parseInline(idea)[0])
    sentences, count = SENTENCE_END.split(words), len(words.split())
    wanted = f"idea is one sentence of at most {IDEA_WORDS} words"
    if count > IDEA_WORDS:
        return f"{wanted}; got {count} words: {cut(idea)}"
    if len(sentences) > 1:
        return f"{wanted}; got {len(sentences)} sentences: {cut(idea)}"
    if not words.rstrip("”’\"')").endswith((".", "?", "!")):
        return f"{wanted}, with its full stop; got {cut(idea)}"
    return ""


@dataclass(frozen=True)
class Lesson:
    """Contents of a section's body that a reader sees without opening anything.

    Attributes
    ----------
    numbers : count of ``{num}`` in text, headings, captions, tables, margins, notes, takeaways
    tables : number of rows of each table, without its header
    """

    numbers: int
    tables: tuple[int, ...]
    figures: int
    has_idea: bool
    needs_idea: bool

    @classmethod
    def of(cls, document: Document) -> "Lesson":
        seen = list(_seen(document.nodes))
        inlines = [inline for node in seen for inline in _inlines(node)]
        notes = [token for note in document.notes.values() for token in note.tokens]
        inlines += [token for token in notes if token.type == "inline"]
        return cls(
            numbers=sum(map(_computed, inlines)),
            tables=tuple(rows for node in seen for rows in _tables(node)),
            figures=sum(
                isinstance(node, DirectiveNode) and node.name in ("figure", "plot") for node in seen
            ),
            has_idea=bool(document.front.get("idea")),
            needs_idea=not any(directives(document.nodes, "problem")),
        )

    @property
    def faults(self) -> str:
        """List everything that exceeds its limit; empty if nothing does."""
        found = []
        if self.numbers > MOST_NUMBERS:
            found.append(f"{self.numbers} computed numbers (at most {MOST_NUMBERS})")
        if len(self.tables) > MOST_TABLES:
            found.append(f"{len(self.tables)} tables (at most {MOST_TABLES})")
        if max(self.tables, default=0) > MOST_ROWS:
            found.append(f"a table of {max(self.tables)} rows (at most {MOST_ROWS})")
        return ", ".join(found)

    @property
    def lacks_idea(self) -> bool:
        return self.needs_idea and not self.has_idea


def _seen(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield the nodes visible without opening anything; for a question, only its paragraphs."""
    for node in nodes:
        if not isinstance(node, DirectiveNode):
            yield node
        elif node.name in ON_DEMAND or node.options.get("class") == "dropdown":
            continue
        elif node.name == "quiz":
            yield from (
                each
                for each in node.nodes
                if isinstance(each, TextNode) and each.tokens[0].type == "paragraph_open"
            )
        elif not node.syntax.parent or node.name in SHOWN_PARTS:
            yield node
            yield from _seen(node.nodes)


def _inlines(node: Node) -> Iterator[Token]:
    match node:
        case TextNode(tokens=tokens):
            yield from (token for token in tokens if token.type == "inline")
        case HeadingNode(inline=inline):
            yield inline
        case DirectiveNode(argument=title) if title:
            yield make_markdown().parseInline(title)[0]


def _computed(inline: Token) -> int:
    children = inline.children or ()
    return sum(each.type == "myst_role" and each.meta["name"] == "num" for each in children)


def _tables(node: Node) -> Iterator[int]:
    if isinstance(node, TextNode):
        rows = 0
        for token in node.tokens:
            rows += token.type == "tr_open"
            if token.type == "table_close":
                yield rows - 1
                rows = 0
