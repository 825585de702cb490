"""Every directive of the language. An author's ``:::{name}`` must be one of these."""

from collections.abc import Iterable

from latentbook.book.compose.compose import Directive
from latentbook.book.directives.admonition import ADMONITION, REMARKS
from latentbook.book.directives.asked import ASKED
from latentbook.book.directives.code_cell import CODE_CELL
from latentbook.book.directives.deck import DECK, NOTES, STEP
from latentbook.book.directives.evidence import EVIDENCE
from latentbook.book.directives.fact import FACT
from latentbook.book.directives.figure import FIGURE, IMAGE, PLOT
from latentbook.book.directives.fold import DROPDOWN, FOLD
from latentbook.book.directives.instrument import INSTRUMENT
from latentbook.book.directives.literalinclude import LITERALINCLUDE
from latentbook.book.directives.margin import ASIDE, MARGIN, SIDEBAR
from latentbook.book.directives.math import MATH
from latentbook.book.directives.problem import PITFALLS, PROBLEM, RUBRIC
from latentbook.book.directives.questions import PARTS, QUIZ
from latentbook.book.directives.recall import RECALL
from latentbook.book.directives.table import LIST_TABLE, TABLE
from latentbook.book.directives.tabs import TAB_ITEM, TAB_SET
from latentbook.book.directives.takeaways import TAKEAWAYS
from latentbook.book.directives.theorem import THEOREMS

DIRECTIVES: tuple[Directive, ...] = (
    INSTRUMENT,
    CODE_CELL,
    QUIZ,
    *PARTS,
    ASKED,
    PROBLEM,
    RUBRIC,
    PITFALLS,
    FIGURE,
    IMAGE,
    ADMONITION,
    *REMARKS,
    *THEOREMS,
    MARGIN,
    SIDEBAR,
    ASIDE,
    FOLD,
    DROPDOWN,
    EVIDENCE,
    MATH,
    FACT,
    TAB_SET,
    TAB_ITEM,
    LITERALINCLUDE,
    TABLE,
    LIST_TABLE,
    TAKEAWAYS,
    RECALL,
    PLOT,
    DECK,
    STEP,
    NOTES,
)


def by_name(directives: Iterable[Directive]) -> dict[str, Directive]:
    return {directive.name: directive for directive in directives}
