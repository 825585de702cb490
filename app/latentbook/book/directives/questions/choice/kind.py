"""``choice``: one right option among several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from markdown_it.token import Token

from latentbook.book.compose.blocks import Block, ClassForm, Prose, Show
from latentbook.book.compose.compose import Composer
from latentbook.book.compose.pieces import Text
from latentbook.book.compose.question import Public, Question, QuestionKind, shared
from latentbook.book.read.nodes import DirectiveNode, TextNode
from latentbook.book.read.parse import TASK
from latentbook.book.translations.language import message


@dataclass(frozen=True)
class Choice:
    """One option; ``feedback`` is shown to readers who pick it."""

    said: ClassVar[tuple[str, ...]] = ("html",)
    html: Public[Text]
    right: bool
    feedback: tuple[Block, ...]


@dataclass(frozen=True)
class ChoiceQuestion(Question):
    """key: {"answer": index of the right option}."""

    kind = "choice"
    said = ("question", "options")
    options: Public[tuple[Choice, ...]]

    def class_forms(self, show: Show) -> tuple[ClassForm, ...]:
        asked = {"options": [show(option.html) for option in self.options]}
        told = {"answer": self.key.get("answer")}
        accepts = {"count": len(self.options)}
        return (ClassForm("choice", message("Choice"), asked, told, accepts),)


def build(
    node: DirectiveNode, options: dict[str, Any], composer: Composer
) -> ChoiceQuestion | None:
    """The options are the only task list in the body."""
    lists = [n for n in node.text if isinstance(n, TextNode) and _is_task_list(n.tokens)]
    if len(lists) != 1:
        composer.problems.add(
            node.line, f"a choice question needs one list of '- [ ]' and '- [x]'; got {len(lists)}"
        )
        return None
    question = [n for n in node.text if n is not lists[0]]
    chosen = [_option(item, composer) for item in _items(lists[0].tokens)]
    right = [index for index, option in enumerate(chosen) if option is not None and option.right]
    if len(right) != 1 and node.opens is None:
        composer.problems.add(
            lists[0].line, f"a choice question needs exactly one right option [x]; got {len(right)}"
        )
    if len(chosen) < 2:
        composer.problems.add(lists[0].line, "a choice question needs at least two options")
    if (len(right) != 1 and node.opens is None) or None in chosen:
        return None
    return ChoiceQuestion(
        **shared(node, composer, question, {"answer": right[0] if right else None}),
        options=tuple(option for option in chosen if option is not None),
    )


def _is_task_list(tokens: Sequence[Token]) -> bool:
    return tokens[0].type == "bullet_list_open" and any(
        token.type == "inline" and TASK.match(token.content) for token in tokens
    )


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


def _option(tokens: Sequence[Token], composer: Composer) -> Choice | None:
    """One option: its first paragraph is the option, the rest is feedback."""
    line = tokens[0].map[0] + 1 if tokens and tokens[0].map else 1
    match = TASK.match(tokens[1].content) if len(tokens) > 2 else None
    if match is None:
        composer.problems.add(line, "an option begins with '[ ] ' or '[x] '")
        return None
    html = composer.inline(tokens[1].content[match.end() :], line)
    rest = tokens[3:]
    feedback: tuple[Block, ...] = ()
    if rest:
        with composer.collecting_notes() as notes:
            feedback = (Prose(composer.render(rest), tuple(notes)),)
    return Choice(html, match[1] in "xX", feedback)


CHOICE = QuestionKind(ChoiceQuestion, build)
