"""``code``: a cell to fill, judged by assertions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from latentbook.book.compose.compose import Composer
from latentbook.book.compose.pieces import Html
from latentbook.book.compose.prose import highlight_code
from latentbook.book.compose.question import Part, Public, Question, QuestionKind, shared
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.read.python import check_python, validate


@dataclass(frozen=True)
class CodeQuestion(Question):
    """key: {"check": source of the checks}. The reader starts from ``source``."""

    kind = "code"
    source: Public[str]
    code: Public[Html]
    solution: Html
    scope: Public[str]

    @property
    def on_paper(self) -> Html:
        return Html('<pre class="code"><code>{}</code></pre>').format(self.solution)


def build(node: DirectiveNode, options: dict[str, Any], composer: Composer) -> CodeQuestion | None:
    cells = node.parts("code-cell")
    checks, solutions = node.parts("check"), node.parts("solution")
    needed = {"code-cell": cells}
    if node.opens is None:
        needed |= {"check": checks, "solution": solutions}
    good = True
    for name, found in needed.items():
        if len(found) != 1:
            composer.problems.add(node.line, f"a code question needs one {name}; got {len(found)}")
            good = False
    if not good:
        return None
    for option in cells[0].options:
        composer.problems.add(cells[0].line, f"the cell of a question takes no option {option!r}")
    return CodeQuestion(
        **shared(
            node,
            composer,
            [n for n in node.text if n is not cells[0]],
            {"check": checks[0].code if checks else None},
        ),
        source=cells[0].code.rstrip("\n"),
        code=highlight_code(cells[0].code),
        solution=highlight_code(solutions[0].code) if solutions else Html(),
        scope=composer.scope,
    )


CHECK = Part(
    name="check",
    doc="Assertions that judge the reader's code; their messages are the feedback.",
    argument="python",
    argument_required=True,
    body="code",
    validate=validate,
)
SOLUTION = Part(
    name="solution",
    doc="Code that must pass the check.",
    argument="python",
    argument_required=True,
    body="code",
    in_answer=True,
    validate=validate,
)
MISTAKE = Part(
    name="mistake",
    doc="Code that must fail the check with a message holding the words of the argument.",
    argument="words of the message it must get",
    argument_required=True,
    body="code",
    validate=check_python,
)
CODE = QuestionKind(CodeQuestion, build, parts=(CHECK, SOLUTION, MISTAKE))
