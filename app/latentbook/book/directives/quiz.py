"""``quiz``: a question of one of the kinds in ``QUIZ_KINDS``, and the parts it is made of."""

from __future__ import annotations

from collections.abc import Iterator

from latentbook.book.compose.blocks import Block
from latentbook.book.compose.compose import Composer
from latentbook.book.compose.quizzes import QUIZ_KINDS
from latentbook.book.directives.code_cell import check_python, validate
from latentbook.book.directives.directive import Directive
from latentbook.book.directives.notebook import Cell, NotebookWriter, details, listing
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.read.options import Option, label, number, text
from latentbook.book.read.problems import FileProblems
from latentbook.errors import accepted_names


def run(node: DirectiveNode, composer: Composer) -> Block | None:
    """The question, by its kind."""
    kinds = {kind.name: kind for kind in QUIZ_KINDS}
    kind = kinds.get(node.argument)
    if kind is None:
        names = accepted_names(node.argument, kinds)
        composer.problems.add(node.line, f"unknown kind of question {node.argument!r}. {names}")
        return None
    return kind.make(node, composer)


def notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    """The question, a cell to answer it in, and what the book shows on demand."""
    cells = node.parts("code-cell")
    asked = [part for part in node.text if part not in cells]
    translate = writer.language.translate
    name = translate("Question %(number)s", number=writer.number(node))
    yield Cell(f"**{name}.** {writer.markdown(asked)}")
    for cell in cells:
        yield Cell(cell.code.rstrip("\n"), node.label, True)
    for hint in node.parts("hint"):
        yield Cell(details(translate("Hint"), writer.markdown(hint.nodes)))
    answer = [writer.markdown(part.nodes) for part in node.parts("answer")]
    answer += [listing(part.code) for name in ("solution", "sketch") for part in node.parts(name)]
    if node.opens is None:
        yield Cell(details(translate("Worked answer"), "\n\n".join(answer)))
    elif node.opens.moment:
        when = writer.language.moment(node.opens.moment)
        yield Cell(translate("The answer opens %(moment)s.", moment=when))


def check_wrong(node: DirectiveNode, problems: FileProblems) -> None:
    """The argument of ``wrong`` is a number."""
    try:
        number(node.argument)
    except ValueError as error:
        problems.add(node.line, f"the argument of wrong {error}")


QUIZ = Directive(
    name="quiz",
    doc="A question that is checked in the page.",
    argument="its kind: " + ", ".join(kind.name for kind in QUIZ_KINDS),
    argument_required=True,
    options={
        "label": Option(label, required=True),
        "answer": Option(text),
        "tolerance": Option(text),
        "unit": Option(text),
        "step": Option(text),
    },
    counts="question",
    run=run,
    notebook=notebook,
)
HINT = Directive(name="hint", doc="Help for a question, shown on demand.", parent="quiz")
ANSWER = Directive(name="answer", doc="The worked answer of a question.", parent="quiz")
WRONG = Directive(
    name="wrong",
    doc="What to tell a reader who gives this number.",
    argument="a wrong number",
    argument_required=True,
    parent="quiz",
    validate=check_wrong,
)
CHECK = Directive(
    name="check",
    doc="Assertions that judge the reader's code; their messages are the feedback.",
    argument="python",
    argument_required=True,
    body="code",
    parent="quiz",
    validate=validate,
)
SOLUTION = Directive(
    name="solution",
    doc="Code that must pass the check.",
    argument="python",
    argument_required=True,
    body="code",
    parent="quiz",
    validate=validate,
)
MISTAKE = Directive(
    name="mistake",
    doc="Code that must fail the check with a message holding the words of the argument.",
    argument="words of the message it must get",
    argument_required=True,
    body="code",
    parent="quiz",
    validate=check_python,
)
SKETCH = Directive(
    name="sketch",
    doc="Python that leaves the figure of a guess, `figure` and `truth`, and its `answer`.",
    argument="python",
    argument_required=True,
    options={"alt": Option(text, required=True), "then": Option(text, required=True)},
    body="code",
    parent="quiz",
    validate=validate,
)
