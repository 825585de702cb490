"""Every directive of the language. An author's ``:::{name}`` must be one of these."""

from __future__ import annotations

from collections.abc import Iterable

from latentbook.book.compose.compose import Directive
from latentbook.book.directives.admonition import ADMONITION, REMARKS
from latentbook.book.directives.code_cell import CODE_CELL
from latentbook.book.directives.deck import DECK, NOTES, STEP
from latentbook.book.directives.fact import FACT
from latentbook.book.directives.figure import FIGURE, IMAGE, PLOT
from latentbook.book.directives.fold import DROPDOWN, FOLD
from latentbook.book.directives.instrument import INSTRUMENT
from latentbook.book.directives.margin import ASIDE, MARGIN, SIDEBAR
from latentbook.book.directives.math import MATH
from latentbook.book.directives.questions import PARTS, QUIZ
from latentbook.book.directives.table import LIST_TABLE, TABLE
from latentbook.book.directives.takeaways import TAKEAWAYS

DIRECTIVES: tuple[Directive, ...] = (
    INSTRUMENT,
    CODE_CELL,
    QUIZ,
    *PARTS,
    FIGURE,
    IMAGE,
    ADMONITION,
    *REMARKS,
    MARGIN,
    SIDEBAR,
    ASIDE,
    FOLD,
    DROPDOWN,
    MATH,
    FACT,
    TABLE,
    LIST_TABLE,
    TAKEAWAYS,
    PLOT,
    DECK,
    STEP,
    NOTES,
)


def by_name(directives: Iterable[Directive]) -> dict[str, Directive]:
    """The directives by name.

    Raises
    ------
    ValueError
        If two have the same name.
    """
    found: dict[str, Directive] = {}
    for directive in directives:
        if directive.name in found:
            raise ValueError(f"two directives are named {directive.name!r}")
        found[directive.name] = directive
    return found
