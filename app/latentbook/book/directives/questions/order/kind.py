"""``order``: lines of code or steps in prose to put in order; some of them do not belong.

Such exercises are known as Parsons problems (Parsons and Haden, 2006).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from string import ascii_uppercase
from typing import Any, ClassVar

from latentbook.base.errors import Mistake
from latentbook.book.compose.blocks import Block, Prose
from latentbook.book.compose.compose import Composer
from latentbook.book.compose.notebook import Cell, NotebookWriter, listing
from latentbook.book.compose.pieces import Html, Public, Text
from latentbook.book.compose.prose import highlight_code
from latentbook.book.compose.question import (
    CHECK,
    Part,
    Question,
    QuestionKind,
    notebook,
    shared,
    shuffled,
)
from latentbook.book.compose.task_list import is_task_list, read_options, task_sources
from latentbook.book.directives.questions.order.answers import INDENT, OrderAnswers
from latentbook.book.read.nodes import DirectiveNode, own_code
from latentbook.book.read.options import Option, text
from latentbook.book.read.python import check_python

MOST_LINES, MOST_DISTRACTORS = 12, 3


@dataclass(frozen=True)
class Line:
    """One line: code without its indentation, or ``words``; ``feedback`` if it does not belong."""

    said: ClassVar[tuple[str, ...]] = ("words",)
    words: Public[Text]
    code: Public[Html]
    feedback: tuple[Block, ...]


@dataclass(frozen=True)
class OrderQuestion(Question):
    """key: {"order", "ranks", "indents", "check"}.

    ``order`` is a right order of the lines' places; lines of the same rank may be exchanged.
    """

    kind = "order"
    runs_alone = True
    said = ("question", "lines")
    lines: Public[tuple[Line, ...]]

    @property
    def choices(self) -> tuple[str, ...]:
        return tuple(ascii_uppercase[: len(self.lines)])

    @property
    def feedback(self) -> Mapping[str, Sequence[Block]]:
        return {f"option {place}": line.feedback for place, line in enumerate(self.lines)}

    @property
    def judged_with(self) -> Mapping[str, Any]:
        return {"lines": [text_in(line.code) or line.words.words for line in self.lines]}

    @property
    def letters(self) -> str:
        return ", ".join(ascii_uppercase[place] for place in self.key["order"])

    @property
    def code(self) -> Html:
        """The lines of code in their order; empty for prose."""
        pairs = zip(self.key["order"], self.key["indents"], strict=False)
        lines = [Html(" " * (INDENT * indent)) + self.lines[place].code for place, indent in pairs]
        return Html("\n").join(lines)


@dataclass(frozen=True)
class _Written:
    """The author's lines. ``right`` are the places of those that belong, in order."""

    lines: list[Line]
    right: list[int]
    indents: list[int]
    ranks: list[int]


def build(node: DirectiveNode, options: dict[str, Any], composer: Composer) -> OrderQuestion:
    parts = node.parts("lines")
    written = _code(node, composer) if parts else _prose(node, options, composer)
    right, wrong = len(written.right), len(written.lines) - len(written.right)
    places = shuffled(len(written.lines), node.seed or node.label)
    order = [places.index(line) for line in written.right]
    checks = node.parts("check")
    mistake = ""
    if not (3 <= right <= MOST_LINES and wrong <= MOST_DISTRACTORS):
        mistake = (
            f"an order question has 3 to {MOST_LINES} lines and at most {MOST_DISTRACTORS} that "
            f"do not belong; got {right} and {wrong}"
        )
    elif order == sorted(order) and not node.seed:
        mistake = (
            f"shuffled by the label {node.label}, the lines are in order: choose another label"
        )
    elif parts and len(checks) != 1:
        mistake = f"lines of code need one check; got {len(checks)}"
    if mistake and node.opens is None:
        raise Mistake(node.line, mistake)
    key = {
        "order": order,
        "ranks": written.ranks,
        "indents": written.indents,
        "check": checks[0].code if checks else None,
    }
    question = node.text if parts else [part for part in node.text if not is_task_list(part)]
    return OrderQuestion(
        **shared(node, composer, question, key),
        lines=tuple(written.lines[place] for place in places),
    )


def _code(node: DirectiveNode, composer: Composer) -> _Written:
    lines, distractors = node.parts("lines"), node.parts("distractor")
    if len(lines) != 1:
        raise Mistake(node.line, f"an order question has one {{lines}}; got {len(lines)}")
    written = _lines(lines[0])
    steps = [len(line) - len(line.lstrip()) for line in written]
    if any(step % INDENT for step in steps):
        raise Mistake(lines[0].line, f"lines are indented by multiples of {INDENT} spaces")
    right = [Line(Text(), _highlighted(line), ()) for line in written]
    wrong = [
        Line(Text(), _highlighted(part.code), (Prose(composer.inline(part.argument, part.line)),))
        for part in distractors
    ]
    for part in distractors:
        if part.code.strip() in map(str.strip, written):
            raise Mistake(part.line, f"{part.code.strip()!r} is one of the lines, so it belongs")
    indents = [step // INDENT for step in steps]
    ranks = list(range(len(right)))
    return _Written([*right, *wrong], ranks, indents, ranks)


def _highlighted(line: str) -> Html:
    return highlight_code(line.strip())


def _prose(node: DirectiveNode, options: dict[str, Any], composer: Composer) -> _Written:
    listed = read_options(node, composer)
    lines = [Line(option.html, Html(), option.feedback) for option in listed.options]
    right = listed.right
    ranks = list(range(len(right)))
    if "order" in options and node.opens is None:
        ranks = _ranks(options["order"], len(right))
        if not ranks:
            what = f"names each of the {len(right)} lines once, such as 1 2 < 3"
            raise Mistake(node.line, f"option 'order' {what}; got {options['order']!r}")
    return _Written(lines, right, [], ranks)


def _ranks(order: str, count: int) -> list[int]:
    """The rank of each line in ``1 2 < 3``; empty if a line is missing or named twice."""
    groups = [group.split() for group in order.split("<")]
    named = [name for group in groups for name in group]
    if sorted(named) != sorted(str(line) for line in range(1, count + 1)):
        return []
    rank = {name: at for at, group in enumerate(groups) for name in group}
    return [rank[str(line)] for line in range(1, count + 1)]


def in_notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    """Write the lines with letters, shuffled; the answer has them in order."""
    texts = [part for part in node.text if not is_task_list(part)]
    if parts := node.parts("lines"):
        right = _lines(parts[0])
        lines = [line.strip() for line in right]
        lines += [part.code.strip() for part in node.parts("distractor")]
        told = listing("\n".join(right))
    else:
        options = next(task_sources(part) for part in node.text if is_task_list(part))
        lines = [writer.text(source) for source, _ in options]
        right = [line for line, (_, is_right) in zip(lines, options, strict=True) if is_right]
        told = "\n".join(f"{at}. {line}" for at, line in enumerate(right, start=1))
    places = shuffled(len(lines), node.label)
    lettered = [f"{ascii_uppercase[at]}  {lines[place]}" for at, place in enumerate(places)]
    shown = listing("\n".join(lettered)) if parts else "\n".join(f"- {each}" for each in lettered)
    return notebook(node, writer, f"{writer.markdown(texts)}\n\n{shown}", told)


def _lines(part: DirectiveNode) -> list[str]:
    return [line.rstrip() for line in part.code.split("\n") if line.strip()]


def text_in(html: str) -> str:
    return unescape(re.sub("<[^>]*>", "", html)).strip()


LINES = Part(
    name="lines",
    argument="python",
    body="code",
    drawn=True,
    solves=True,
    validate=check_python,
    page_code=own_code,
)
DISTRACTOR = Part(
    name="distractor", argument="why the line does not belong", body="code", drawn=True
)
ORDER = QuestionKind(
    OrderQuestion,
    build,
    {"order": Option(text)},
    parts=(LINES, DISTRACTOR, CHECK),
    notebook=in_notebook,
    answers=OrderAnswers(),
)
