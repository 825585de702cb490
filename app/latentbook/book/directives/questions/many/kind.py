"""``many``: every right option among several."""

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
class ManyQuestion(Question):
    """key: {"answer": indices of the right options}."""

    kind = "many"
    said = ("question", "options")
    options: Public[tuple[Choice, ...]]

    @property
    def choices(self) -> tuple[str, ...]:
        return tuple(option.html.words for option in self.options)

    def class_forms(self, show: Show) -> tuple[ClassForm, ...]:
        count = len(self.options)
        asked = {"options": [show(option.html) for option in self.options]}
        told = {"answer": self.key.get("answer")}
        accepts = {"list": {"count": count}, "least": 1, "most": count}
        return (ClassForm("many", message("Several right options"), asked, told, accepts),)


def build(node: DirectiveNode, options: dict[str, Any], composer: Composer) -> ManyQuestion:
    listed = read_options(node, composer)
    if not listed.right and node.opens is None:
        raise Mistake(listed.line, "a many question needs at least one right option [x]")
    key = {"answer": listed.right}
    return ManyQuestion(**shared(node, composer, listed.question, key), options=listed.options)


MANY = QuestionKind(ManyQuestion, build)
