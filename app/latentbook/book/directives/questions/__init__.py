"""``quiz``: a question of one of the kinds listed here, each in its own folder."""

from collections.abc import Iterator

from latentbook.base.errors import Mistake, accepted_names
from latentbook.book.compose.blocks import Block
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.compose.notebook import Cell, NotebookWriter
from latentbook.book.compose.question import ANSWER, HINT, VARY, QuestionKind, without_answer
from latentbook.book.directives.questions.choice.kind import CHOICE
from latentbook.book.directives.questions.code.kind import CODE
from latentbook.book.directives.questions.guess.kind import GUESS
from latentbook.book.directives.questions.many.kind import MANY
from latentbook.book.directives.questions.match.kind import MATCH
from latentbook.book.directives.questions.number.kind import NUMBER
from latentbook.book.directives.questions.order.kind import ORDER
from latentbook.book.directives.questions.predict.kind import PREDICT
from latentbook.book.directives.questions.state.kind import STATE
from latentbook.book.directives.questions.true_false.kind import TRUE_FALSE
from latentbook.book.read.day import Day
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.read.options import Option, label, positive, text

QUESTION_KINDS: tuple[QuestionKind, ...] = (
    TRUE_FALSE,
    NUMBER,
    CHOICE,
    MANY,
    PREDICT,
    MATCH,
    ORDER,
    CODE,
    GUESS,
    STATE,
)
KINDS = {kind.name: kind for kind in QUESTION_KINDS}


def run(node: DirectiveNode, composer: Composer) -> Block | None:
    if node.argument not in KINDS:
        names = accepted_names(node.argument, KINDS)
        raise Mistake(node.line, f"unknown kind of question {node.argument!r}. {names}")
    return KINDS[node.argument].make(node, composer)


def notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    return KINDS[node.argument].notebook(node, writer)


def page_code(node: DirectiveNode) -> Iterator[tuple[int, str]]:
    kind = KINDS.get(node.argument)
    return kind.page_code(node) if kind else iter(())


def withhold(node: DirectiveNode, opens: Day) -> DirectiveNode:
    kind = KINDS.get(node.argument)
    return without_answer(node, kind.public if kind else (), opens)


QUIZ = Directive(
    name="quiz",
    argument="its kind: " + ", ".join(KINDS),
    options={
        "label": Option(label, required=True),
        "points": Option(positive),
        **{name: Option(text) for kind in QUESTION_KINDS for name in kind.options},
    },
    counts="question",
    run=run,
    notebook=notebook,
    page_code=page_code,
    withhold=withhold,
    varies=True,
)
_parts = (HINT, ANSWER, VARY, *(part for kind in QUESTION_KINDS for part in kind.parts))
PARTS = tuple({id(part): part for part in _parts}.values())
"""Parts of all kinds, each once: several kinds may share one."""
