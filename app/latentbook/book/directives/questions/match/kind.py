"""``match``: two columns of a table whose right items are shuffled."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any, ClassVar, TypeGuard

from markdown_it.token import Token

from latentbook.base.errors import Mistake
from latentbook.book.compose.blocks import Block, ClassForm, Show
from latentbook.book.compose.compose import Composer
from latentbook.book.compose.notebook import Cell, NotebookWriter
from latentbook.book.compose.pieces import Public, Text
from latentbook.book.compose.question import (
    WRONG,
    Question,
    QuestionKind,
    notebook,
    shared,
    shuffled,
)
from latentbook.book.read.nodes import DirectiveNode, Node, TextNode
from latentbook.book.translations.language import message

PAIR = re.compile(r"(\d+)\s*=\s*(\d+)")


@dataclass(frozen=True)
class Item:
    said: ClassVar[tuple[str, ...]] = ("html",)
    html: Public[Text]


@dataclass(frozen=True)
class WrongPair:
    """Feedback on a left item with a right one, both by their places."""

    left: int
    right: int
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class MatchQuestion(Question):
    """key: {"answer": for each left item the place of its right one}."""

    kind = "match"
    said = ("question", "left", "right")
    heads: Public[tuple[Item, ...]]
    left: Public[tuple[Item, ...]]
    right: Public[tuple[Item, ...]]
    wrong: tuple[WrongPair, ...]

    @property
    def choices(self) -> tuple[str, ...]:
        return tuple(ascii_uppercase[: len(self.right)])

    @property
    def feedback(self) -> Mapping[str, Sequence[Block]]:
        return {f"pair {each.left}={each.right}": each.blocks for each in self.wrong}

    @property
    def pairs(self) -> str:
        return pairs_of(self.key["answer"])

    def class_forms(self, show: Show) -> tuple[ClassForm, ...]:
        columns = {"left": self.left, "right": self.right}
        asked = {name: [show(item.html) for item in column] for name, column in columns.items()}
        told = {"answer": self.key.get("answer")}
        size = len(self.left)
        accepts = {"list": {"count": len(self.right)}, "least": size, "most": size}
        return (ClassForm("match", message("Pairs"), asked, told, accepts),)


def pairs_of(answer: Sequence[int]) -> str:
    """The right pairs by number and letter: ``1 C, 2 A``."""
    return ", ".join(f"{row} {ascii_uppercase[at]}" for row, at in enumerate(answer, start=1))


class _Table:
    """The items of a question, in Markdown; equal right items are merged.

    Attributes
    ----------
    heads : heads of the two columns
    rows : both items of each row; the left one is empty if the right one belongs to none
    right : the right items, shuffled
    answer : for each left item the place of its right one
    """

    def __init__(self, node: DirectiveNode) -> None:
        self.nodes = [part for part in node.text if _is_table(part)]
        cells = _cells(self.nodes[0].tokens) if self.nodes else []
        self.mistake = _mistake(len(self.nodes), cells)
        if self.mistake:
            return
        self.heads, *self.rows = cells
        items = list(dict.fromkeys(right for _, right in self.rows))
        self.right = [items[place] for place in shuffled(len(items), node.seed or node.label)]
        self.left = [left for left, _ in self.rows if left]
        self.answer = [self.right.index(right) for left, right in self.rows if left]


def _mistake(tables: int, cells: list[list[str]]) -> str:
    if tables != 1:
        return f"a match question needs one table; got {tables}"
    if any(len(row) != 2 for row in cells):
        return f"the table of a match question has two columns; got {len(cells[0])}"
    lefts, rights = ({row[side] for row in cells[1:]} for side in (0, 1))
    if "" in rights:
        return "only the left item of a row may be empty"
    if len(lefts - {""}) < 2 or not 2 <= len(rights) <= len(ascii_uppercase):
        return "a match question needs two pairs at least, and 2 to 26 right items"
    return ""


def _is_table(part: Node) -> TypeGuard[TextNode]:
    return isinstance(part, TextNode) and part.tokens[0].type == "table_open"


def _cells(tokens: Sequence[Token]) -> list[list[str]]:
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(token.content)
    return rows


def build(node: DirectiveNode, options: dict[str, Any], composer: Composer) -> MatchQuestion:
    table = _Table(node)
    if table.mistake:
        raise Mistake(table.nodes[0].line if table.nodes else node.line, table.mistake)

    def items(sources: Sequence[str]) -> tuple[Item, ...]:
        return tuple(Item(composer.inline(source, table.nodes[0].line)) for source in sources)

    question = [part for part in node.text if part not in table.nodes]
    wrong = [_wrong(part, table, composer) for part in node.parts("wrong")]
    return MatchQuestion(
        **shared(node, composer, question, {"answer": table.answer}),
        heads=items(table.heads),
        left=items(table.left),
        right=items(table.right),
        wrong=tuple(each for each in wrong if each is not None),
    )


def _wrong(part: DirectiveNode, table: _Table, composer: Composer) -> WrongPair | None:
    """``{wrong} 2 = 3``: the left item of row 2 with the right item of row 3."""
    match = PAIR.fullmatch(part.argument)
    numbers = [int(number) - 1 for number in match.groups()] if match else []
    if (
        not match
        or not set(numbers) <= set(range(len(table.rows)))
        or not table.rows[numbers[0]][0]
    ):
        what = "two rows of the table, such as 2 = 3, the first with a left item"
        composer.problems.add(part.line, f"a wrong pair is {what}; got {part.argument!r}")
        return None
    (left, own), (_, other) = (table.rows[number] for number in numbers)
    if own == other:
        composer.problems.add(part.line, f"{part.argument} is a right pair")
        return None
    return WrongPair(table.left.index(left), table.right.index(other), composer.blocks(part.nodes))


def in_notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    """Both columns as lists, the right one with letters, and the pairs with the answer."""
    table = _Table(node)
    asked = [writer.markdown([part for part in node.text if part not in table.nodes])]
    asked += [
        "\n".join(f"{at}. {writer.text(item)}" for at, item in enumerate(table.left, start=1)),
        "\n".join(
            f"- {letter}: {writer.text(item)}"
            for letter, item in zip(ascii_uppercase, table.right, strict=False)
        ),
    ]
    return notebook(node, writer, "\n\n".join(asked), pairs_of(table.answer))


MATCH = QuestionKind(MatchQuestion, build, parts=(WRONG,), notebook=in_notebook)
