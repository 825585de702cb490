"""``choice``: one right option among several."""

from dataclasses import dataclass
from typing import Any

from latentbook.base.errors import Mistake
from latentbook.book.compose.blocks import ClassForm, Show
from latentbook.book.compose.compose import Composer
from latentbook.book.compose.pieces import Public
from latentbook.book.compose.question import Question, QuestionKind, shared
from latentbook.book.compose.task_list import Choice, read_options
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.translations.language import message


@dataclass(frozen=True)
class ChoiceQuestion(Question):
    """key: {"answer": index of the right option}."""

    kind = "choice"
    said = ("question", "options")
    options: Public[tuple[Choice, ...]]

    @property
    def choices(self) -> tuple[str, ...]:
        return tuple(option.html.words for option in self.options)

    def class_forms(self, show: Show) -> tuple[ClassForm, ...]:
        asked = {"options": [show(option.html) for option in self.options]}
        told = {"answer": self.key.get("answer")}
        accepts = {"count": len(self.options)}
        return (ClassForm("choice", message("Choice"), asked, told, accepts),)


def build(node: DirectiveNode, options: dict[str, Any], composer: Composer) -> ChoiceQuestion:
    listed = read_options(node, composer)
    if len(listed.right) != 1 and node.opens is None:
        why = f"a choice question needs exactly one right option [x]; got {len(listed.right)}"
        raise Mistake(listed.line, why)
    key = {"answer": listed.right[0] if listed.right else None}
    return ChoiceQuestion(**shared(node, composer, listed.question, key), options=listed.options)


CHOICE = QuestionKind(ChoiceQuestion, build)
