"""The options of a question: a task list in its body, each item with feedback."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeGuard

from markdown_it.token import Token

from latentbook.base.errors import Mistake
from latentbook.book.compose.blocks import Block, Prose
from latentbook.book.compose.compose import Composer
from latentbook.book.compose.pieces import Public, Text
from latentbook.book.read.nodes import DirectiveNode, Node, TextNode
from latentbook.book.read.parse import TASK


@dataclass(frozen=True)
class Choice:
    """One option; ``feedback`` is shown to readers who pick it."""

    said: ClassVar[tuple[str, ...]] = ("html",)
    html: Public[Text]
    right: bool
    feedback: tuple[Block, ...]


@dataclass(frozen=True)
class Listed:
    line: int
    question: list[Node]
    options: tuple[Choice, ...]

    @property
    def right(self) -> list[int]:
        return [index for index, option in enumerate(self.options) if option.right]


def read_options(node: DirectiveNode, composer: Composer) -> Listed:
    """Read a question's options; raise a :class:`Mistake` unless it has exactly one task list."""
    kind, lists = f"a {node.argument} question", [part for part in node.text if is_task_list(part)]
    if len(lists) != 1:
        why = f"{kind} needs one list of '- [ ]' and '- [x]'; got {len(lists)}"
        raise Mistake(node.line, why)
    options, unmarked = [], None
    for item in _items(lists[0].tokens):
        try:
            options.append(_option(item, composer))
        except Mistake as error:
            composer.problems.add(error.line, str(error))
            unmarked = error
    if unmarked:
        raise unmarked
    if len(options) < 2:
        raise Mistake(lists[0].line, f"{kind} needs at least two options")
    texts = [text for text, _ in task_sources(lists[0])]
    if twice := [text for text in texts if texts.count(text) > 1]:
        raise Mistake(lists[0].line, f"two options of {kind} are the same: {twice[0]!r}")
    return Listed(lists[0].line, [n for n in node.text if n is not lists[0]], tuple(options))


def is_task_list(part: Node) -> TypeGuard[TextNode]:
    return (
        isinstance(part, TextNode)
        and part.tokens[0].type == "bullet_list_open"
        and any(token.type == "inline" and TASK.match(token.content) for token in part.tokens)
    )


def task_sources(part: TextNode) -> list[tuple[str, bool]]:
    """The words of each option in Markdown, and whether it is marked as right."""
    firsts = [tokens[1].content for tokens in _items(part.tokens)]
    marks = [TASK.match(first) for first in firsts]
    pairs = zip(firsts, marks, strict=True)
    return [(first[mark.end() :], mark[1] in "xX") for first, mark in pairs if mark]


def _items(tokens: Sequence[Token]) -> list[Sequence[Token]]:
    """The tokens of each item of a list, without those that open and close the item."""
    items, start, depth = [], 0, 0
    for index, token in enumerate(tokens[1:-1], start=1):
        if depth == 0 and token.nesting == 1:
            start = index + 1
        depth += token.nesting
        if depth == 0:
            items.append(tokens[start:index])
    return items


def _option(tokens: Sequence[Token], composer: Composer) -> Choice:
    """One option: its first paragraph is the option, the rest is feedback."""
    line = tokens[0].map[0] + 1 if tokens and tokens[0].map else 1
    match = TASK.match(tokens[1].content) if len(tokens) > 2 else None
    if match is None:
        raise Mistake(line, "an option begins with '[ ] ' or '[x] '")
    html = composer.inline(tokens[1].content[match.end() :], line)
    rest = tokens[3:]
    feedback: tuple[Block, ...] = ()
    if rest:
        with composer.collecting_notes() as notes:
            feedback = (Prose(composer.render(rest), tuple(notes)),)
    return Choice(html, match[1] in "xX", feedback)
