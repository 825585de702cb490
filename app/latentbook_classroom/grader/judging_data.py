"""Collects the data by which answers to a question of a book are judged."""

from collections.abc import Sequence
from typing import Any

from latentbook.book.compose.blocks import text_of
from latentbook.book.compose.question import Question, parts_of
from latentbook.book.read.nodes import DirectiveNode


def judged_by(
    block: Question, node: DirectiveNode, place: str, earlier: Sequence[str]
) -> dict[str, Any]:
    """The data by which answers to a question are judged.

    Parameters
    ----------
    place : of the source
    earlier : the snippets before it
    """
    solutions = [part.code for part, syntax in parts_of(node) if syntax.solves]
    mistakes = [(part.argument, part.code) for part in node.parts("mistake")]
    check = None
    if public := block.key.get("check"):
        grades = [part.code for part in node.parts("grade")]
        check = {
            "code": grades[0] if grades else public,
            "answers": [*solutions, *(part.code for part in node.parts("code-cell"))],
            "earlier": [] if block.runs_alone else list(earlier),
            "mistakes": [words for words, _ in mistakes],
        }
    return {
        "label": block.label,
        "kind": block.kind,
        "place": place,
        "key": dict(block.key),
        "feedback": {name: text_of(blocks) for name, blocks in block.feedback.items()},
        "lines": [],
        "step": "",
        **block.judged_with,
        "check": check,
        "solutions": solutions,
        "mistakes": mistakes,
    }
