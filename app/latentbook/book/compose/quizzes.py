"""The kinds of question: what each one accepts, and the block it becomes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markdown_it.token import Token

from latentbook.book.compose.blocks import (
    Block,
    ChoiceQuiz,
    CodeQuiz,
    GuessQuiz,
    NumberQuiz,
    Prose,
    QuizOption,
    TrueFalseQuiz,
    WrongAnswer,
)
from latentbook.book.compose.compose import Composer
from latentbook.book.compose.guesses import guess_fields
from latentbook.book.compose.highlight import highlight_code
from latentbook.book.compose.pieces import Html
from latentbook.book.read.markdown import TASK
from latentbook.book.read.nodes import DirectiveNode, Node, TextNode
from latentbook.book.read.options import Option, boolean, number, positive, text
from latentbook.errors import accepted_names

ASKED = ("unit", "log")
"""Of a key, what belongs to the question and tells nothing of its answer."""


@dataclass(frozen=True)
class QuizKind:
    """One kind.

    Attributes
    ----------
    name : the directive's argument; its template is ``quiz_NAME.html``
    options : those it has besides ``label``
    parts : the directives its body may hold besides ``hint`` and ``answer``
    build : makes the block from the node, its options and what all kinds share
    """

    name: str
    options: Mapping[str, Option]
    parts: tuple[str, ...]
    build: Callable[[DirectiveNode, dict[str, Any], Composer], Block | None]

    def make(self, node: DirectiveNode, composer: Composer) -> Block | None:
        """The block, or None after reporting what is missing."""
        for part in node.nodes:
            if not isinstance(part, DirectiveNode) or not part.syntax.parent:
                continue
            name = part.name
            if name not in ("hint", "answer", *self.parts):
                composer.problems.add(part.line, f"a {self.name} question takes no {name}")
        answers, hints = node.parts("answer"), node.parts("hint")
        if node.opens is None and len(answers) != 1:
            composer.problems.add(
                node.line, f"a question needs one worked {{answer}}; got {len(answers)}"
            )
        elif answers and not answers[0].nodes:
            composer.problems.add(answers[0].line, "the worked answer is empty")
        if len(hints) > 1:
            composer.problems.add(hints[1].line, "a question has at most one hint")
        options = self._options(node, composer)
        return self.build(node, options, composer) if options is not None else None

    def _options(self, node: DirectiveNode, composer: Composer) -> dict[str, Any] | None:
        """The options in their types, or None after reporting what is wrong."""
        values: dict[str, Any] = {}
        good = True
        for name, value in node.options.items():
            if name == "label":
                continue
            if name not in self.options:
                names = accepted_names(name, ("label", *self.options))
                composer.problems.add(
                    node.line, f"a {self.name} question takes no option {name!r}. {names}"
                )
                continue
            try:
                values[name] = self.options[name].parse(value)
            except ValueError as error:
                composer.problems.add(node.line, f"option {name!r} {error}")
                good = False
        for name, option in self.options.items():
            if option.required and name not in node.options and node.opens is None:
                composer.problems.add(
                    node.line, f"a {self.name} question needs the option :{name}:"
                )
                good = False
        return values if good else None


def _shared(
    node: DirectiveNode, composer: Composer, question: Sequence[Node], key: Mapping[str, Any]
) -> dict[str, Any]:
    """The fields that every kind has. Before the answer opens, the key has only what is asked."""
    answer, hint = node.parts("answer"), node.parts("hint")
    if not question:
        composer.problems.add(node.line, "the question itself is missing")
    return {
        "label": node.label,
        "number": composer.number(node),
        "question": composer.blocks(question),
        "hint": composer.blocks(hint[0].nodes) if hint else (),
        "answer": composer.blocks(answer[0].nodes) if answer else (),
        "key": json.dumps({name: key[name] for name in key if not node.opens or name in ASKED}),
        "opens": node.opens,
    }


def _true_false(node: DirectiveNode, options: dict[str, Any], composer: Composer) -> Block:
    return TrueFalseQuiz(**_shared(node, composer, node.text, {"answer": options.get("answer")}))


def _number(node: DirectiveNode, options: dict[str, Any], composer: Composer) -> Block | None:
    answer, tolerance = options.get("answer"), options.get("tolerance")
    wrong = []
    for part in node.parts("wrong"):
        try:
            value = number(part.argument)
        except ValueError:
            continue  # reported where the part was read
        if answer is not None and tolerance is not None and abs(value - answer) <= tolerance:
            composer.problems.add(part.line, f"{value:g} is within tolerance of the right answer")
        wrong.append(WrongAnswer(value, composer.blocks(part.nodes)))
    unit = options.get("unit", "")
    key = {"answer": answer, "tolerance": tolerance, "unit": unit}
    return NumberQuiz(
        **_shared(node, composer, node.text, {**key, "wrong": [w.value for w in wrong]}),
        unit=unit,
        wrong=tuple(wrong),
    )


def _choice(node: DirectiveNode, options: dict[str, Any], composer: Composer) -> Block | None:
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
    return ChoiceQuiz(
        **_shared(node, composer, question, {"answer": right[0] if right else None}),
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


def _option(tokens: Sequence[Token], composer: Composer) -> QuizOption | None:
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
    return QuizOption(html, match[1] in "xX", feedback)


def _code(node: DirectiveNode, options: dict[str, Any], composer: Composer) -> Block | None:
    cells = node.parts("code-cell")
    checks, solutions = node.parts("check"), node.parts("solution")
    needed = {"code-cell": cells}
    if node.opens is None:
        needed |= {"check": checks, "solution": solutions}
    good = True
    for name, found in needed.items():
        if len(found) != 1:
            composer.problems.add(node.line, f"a code question needs one {name}; got {len(found)}")
            good = False
    if not good:
        return None
    for option in cells[0].options:
        composer.problems.add(cells[0].line, f"the cell of a question takes no option {option!r}")
    return CodeQuiz(
        **_shared(
            node,
            composer,
            [n for n in node.text if n is not cells[0]],
            {"check": checks[0].code if checks else None},
        ),
        source=cells[0].code.rstrip("\n"),
        code=highlight_code(cells[0].code),
        solution=highlight_code(solutions[0].code) if solutions else Html(),
        scope=composer.scope,
    )


def _guess(node: DirectiveNode, options: dict[str, Any], composer: Composer) -> Block | None:
    sketches = node.parts("sketch")
    if len(sketches) != 1:
        composer.problems.add(node.line, f"a guess question needs one sketch; got {len(sketches)}")
        return None
    made = guess_fields(sketches[0], composer.id_of(node), options, composer)
    if made is None:
        return None
    key, fields = made
    if node.opens:
        fields |= {"truth": (), "at": 0}
    return GuessQuiz(**_shared(node, composer, node.text, key), **fields)


QUIZ_KINDS: tuple[QuizKind, ...] = (
    QuizKind("true-false", {"answer": Option(boolean, required=True)}, (), _true_false),
    QuizKind(
        "number",
        {
            "answer": Option(number, required=True),
            "tolerance": Option(positive, required=True),
            "unit": Option(text),
        },
        ("wrong",),
        _number,
    ),
    QuizKind("choice", {}, (), _choice),
    QuizKind("code", {}, ("check", "solution", "mistake"), _code),
    QuizKind(
        "guess",
        {
            "tolerance": Option(positive, required=True),
            "step": Option(positive),
            "unit": Option(text),
        },
        ("sketch",),
        _guess,
    ),
)
