"""The kinds of question, as the book declares them."""

from typing import TYPE_CHECKING

from latentbook.base.errors import UnknownName

if TYPE_CHECKING:
    from latentbook.book.compose.answers import Answers


def answers_of(kind: str) -> "Answers":
    """How answers to this kind are read, shown and judged.

    Raises
    ------
    UnknownName
        If the book has no such kind.
    """
    from latentbook.book.directives.questions import KINDS  # loads the book builder

    if kind not in KINDS:
        raise UnknownName("kind of question", kind, KINDS)
    return KINDS[kind].answers
