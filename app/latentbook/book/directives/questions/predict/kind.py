"""``predict``: a listing's output; the reader commits to a prediction, then the listing runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from latentbook.book.compose.blocks import ClassForm, Show
from latentbook.book.compose.compose import Composer
from latentbook.book.compose.pieces import Public
from latentbook.book.compose.question import Question, QuestionKind, shared
from latentbook.book.compose.task_list import Choice, Listed, read_options
from latentbook.book.read.nodes import DirectiveNode, TextNode
from latentbook.book.translations.language import message


@dataclass(frozen=True)
class PredictQuestion(Question):
    """key: {"answer": index of the right option, "printed", "error"}.

    The index after the last option means that the code stops with an error.
    """

    kind = "predict"
    said = ("question", "options")
    options: Public[tuple[Choice, ...]]
    stops: Public[str]

    @property
    def choices(self) -> tuple[str, ...]:
        return (*(option.html.words for option in self.options), self.stops)

    @property
    def outcome(self) -> str:
        """The output of the code, and the error that it stops with."""
        return f"{self.key['printed']}{self.key['error']}".rstrip()

    def class_forms(self, show: Show) -> tuple[ClassForm, ...]:
        asked = {"options": [*(show(each.html) for each in self.options), self.stops]}
        told = {"answer": self.key.get("answer")}
        accepts = {"count": len(self.options) + 1}
        return (ClassForm("choice", message("Prediction"), asked, told, accepts),)


def build(
    node: DirectiveNode, options: dict[str, Any], composer: Composer
) -> PredictQuestion | None:
    code = [code for _, code in listings(node)]
    if len(code) != 1:
        composer.problems.add(node.line, f"a predict question needs one listing; got {len(code)}")
    listed = read_options(node, composer)
    if len(code) != 1:
        return None
    key: dict[str, Any] = {}
    if node.opens is None:
        key = composer.resources.plots.output(node, code[0])
        key["answer"] = _answer(listed, key, composer)
    return PredictQuestion(
        **shared(node, composer, listed.question, key),
        options=listed.options,
        stops=composer.language.translate("It stops with an error"),
    )


def _answer(listed: Listed, ran: dict[str, str], composer: Composer) -> int:
    """The place of the true outcome; report it if a different option is marked."""
    if ran["error"]:
        if listed.right:
            what = f"stops with {ran['error']}: mark no option, since an error is always offered"
            composer.problems.add(listed.line, f"the listing {what}")
        return len(listed.options)
    printed = " ".join(ran["printed"].split())
    same = [i for i, option in enumerate(listed.options) if option.html.words == printed]
    if len(same) != 1 or listed.right != same:
        what = f"prints {printed!r}: one option must be that, in backticks, and marked"
        composer.problems.add(listed.line, f"the listing {what}")
    return same[0] if same else 0


def listings(node: DirectiveNode) -> Iterator[tuple[int, str]]:
    for part in node.text:
        if isinstance(part, TextNode) and part.tokens[0].type == "fence":
            yield part.line + 1, part.tokens[0].content


PREDICT = QuestionKind(PredictQuestion, build, page_code=listings)
