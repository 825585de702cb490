"""``code``: a cell to fill, judged by assertions."""

import ast
from dataclasses import dataclass, replace
from typing import Any, Self

from latentbook.book.compose.compose import Composer
from latentbook.book.compose.pieces import Html, Public
from latentbook.book.compose.prose import highlight_code
from latentbook.book.compose.question import CHECK, GRADE, Question, QuestionKind, shared
from latentbook.book.directives import fold
from latentbook.book.directives.questions.code.answers import CodeAnswers
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.read.python import check_python


@dataclass(frozen=True)
class CodeQuestion(Question):
    """key: {"check": source of the checks}. The reader starts from ``source``."""

    kind = "code"
    source: Public[str]
    code: Public[Html]
    solution: Html
    scope: Public[str]

    def assessed(self) -> Self:
        """Leave the check in the page for feedback; a different one may decide the mark."""
        return replace(self.withheld(), key=self.key)


def build(node: DirectiveNode, options: dict[str, Any], composer: Composer) -> CodeQuestion | None:
    cells = node.parts("code-cell")
    checks, solutions = node.parts("check"), node.parts("solution")
    needed = {"code-cell": cells}
    if node.opens is None:
        needed |= {"check": checks, "solution": solutions}
    counts = {name: len(found) for name, found in needed.items() if len(found) != 1}
    for name, count in counts.items():
        composer.problems.add(node.line, f"a code question needs one {name}; got {count}")
    if counts:
        return None
    if len(grades := node.parts("grade")) > 1:
        composer.problems.add(grades[1].line, "a code question has at most one grade")
    for part in (*checks, *grades):
        for each in ast.walk(ast.parse(part.code)):
            if isinstance(each, ast.Expr) and isinstance(each.value, ast.Compare):
                line = part.body_line + each.lineno - 1
                composer.problems.add(line, f"write assert before {ast.unparse(each)!r}")
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


SOLUTION = replace(CHECK, name="solution", in_answer=True, solves=True, outside=fold.SOLUTION)
MISTAKE = replace(
    CHECK, name="mistake", argument="words of the message it must get", validate=check_python
)
CODE = QuestionKind(
    CodeQuestion, build, parts=(CHECK, GRADE, SOLUTION, MISTAKE), answers=CodeAnswers()
)
