"""``true-false``: a statement to judge."""

from dataclasses import dataclass
from typing import Any

from latentbook.book.compose.blocks import ClassForm, Show
from latentbook.book.compose.compose import Composer
from latentbook.book.compose.question import Question, QuestionKind, shared
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.read.options import Option, boolean
from latentbook.book.translations.language import message


@dataclass(frozen=True)
class TrueFalseQuestion(Question):
    """key: {"answer": true|false}."""

    kind = "true-false"

    def class_forms(self, show: Show) -> tuple[ClassForm, ...]:
        """Of the two options, the first means true."""
        told = {"answer": self.key.get("answer")}
        return (ClassForm("true-false", message("True or false"), {}, told, {"count": 2}),)


def build(node: DirectiveNode, options: dict[str, Any], composer: Composer) -> TrueFalseQuestion:
    return TrueFalseQuestion(**shared(node, composer, node.text, {"answer": options.get("answer")}))


TRUE_FALSE = QuestionKind(TrueFalseQuestion, build, {"answer": Option(boolean, required=True)})
