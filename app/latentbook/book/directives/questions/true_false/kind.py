"""``true-false``: a statement to judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from latentbook.book.compose.compose import Composer
from latentbook.book.compose.question import Question, QuestionKind, shared
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.read.options import Option, boolean


@dataclass(frozen=True)
class TrueFalseQuestion(Question):
    """key: {"answer": true|false}."""

    kind = "true-false"


def build(node: DirectiveNode, options: dict[str, Any], composer: Composer) -> TrueFalseQuestion:
    return TrueFalseQuestion(**shared(node, composer, node.text, {"answer": options.get("answer")}))


TRUE_FALSE = QuestionKind(TrueFalseQuestion, build, {"answer": Option(boolean, required=True)})
