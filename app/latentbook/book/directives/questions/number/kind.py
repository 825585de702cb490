"""``number``: a number with a tolerance."""

from dataclasses import dataclass
from typing import Any

from latentbook.book.compose.blocks import ClassForm, Show
from latentbook.book.compose.compose import Composer
from latentbook.book.compose.pieces import Public
from latentbook.book.compose.question import (
    WRONG,
    Question,
    QuestionKind,
    Wrong,
    shared,
    wrong_answers,
)
from latentbook.book.directives.questions.number.answers import NumberAnswers
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.read.options import Option, number, positive, text
from latentbook.book.translations.language import message


@dataclass(frozen=True)
class NumberQuestion(Question):
    """key: {"answer", "tolerance", "unit", "wrong": [number]}, in the order of ``wrong``."""

    kind = "number"
    unit: Public[str]
    wrong: tuple[Wrong, ...]

    def class_forms(self, show: Show) -> tuple[ClassForm, ...]:
        told = {"answer": self.key.get("answer")}
        return (ClassForm("number", message("Number"), {"unit": self.unit}, told),)


def build(node: DirectiveNode, options: dict[str, Any], composer: Composer) -> NumberQuestion:
    answer, tolerance = options.get("answer"), options.get("tolerance")
    wrong = wrong_answers(node, composer, number)
    for each in wrong if answer is not None and tolerance is not None else ():
        if abs(each.value - answer) <= tolerance:
            message = f"{each.value:g} is within tolerance of the right answer"
            composer.problems.add(each.line, message)
    unit = options.get("unit", "")
    key = {"answer": answer, "tolerance": tolerance, "unit": unit}
    return NumberQuestion(
        **shared(node, composer, node.text, {**key, "wrong": [each.value for each in wrong]}),
        unit=unit,
        wrong=wrong,
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
    answers=NumberAnswers(),
)
