"""``number``: a number with a tolerance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from latentbook.book.compose.blocks import Block, ClassForm, Show
from latentbook.book.compose.compose import Composer
from latentbook.book.compose.question import Part, Public, Question, QuestionKind, shared
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.read.options import Option, number, positive, text
from latentbook.book.translations.language import message
from latentbook.errors import FileProblems


@dataclass(frozen=True)
class WrongAnswer:
    value: float
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class NumberQuestion(Question):
    """key: {"answer", "tolerance", "unit", "wrong": [number]}, the order of ``wrong``."""

    kind = "number"
    unit: Public[str]
    wrong: tuple[WrongAnswer, ...]

    def class_forms(self, show: Show) -> tuple[ClassForm, ...]:
        told = {"answer": self.key.get("answer")}
        return (ClassForm("number", message("Number"), {"unit": self.unit}, told),)


def build(node: DirectiveNode, options: dict[str, Any], composer: Composer) -> NumberQuestion:
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
    return NumberQuestion(
        **shared(node, composer, node.text, {**key, "wrong": [each.value for each in wrong]}),
        unit=unit,
        wrong=tuple(wrong),
    )


def check_wrong(node: DirectiveNode, problems: FileProblems) -> None:
    try:
        number(node.argument)
    except ValueError as error:
        problems.add(node.line, f"the argument of wrong {error}")


WRONG = Part(
    name="wrong",
    doc="What to tell a reader who gives this number.",
    argument="a wrong number",
    argument_required=True,
    validate=check_wrong,
)
NUMBER = QuestionKind(
    NumberQuestion,
    build,
    {
        "answer": Option(number, required=True),
        "tolerance": Option(positive, required=True),
        "unit": Option(text),
    },
    public=("unit",),
    parts=(WRONG,),
)
