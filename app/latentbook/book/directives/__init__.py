"""Every directive of the language. An author's ``:::{name}`` must be one of these."""

from collections.abc import Iterable
from dataclasses import replace

from latentbook.book.compose.blocks import Block
from latentbook.book.compose.compose import Composer, Directive
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
from latentbook.book.directives.lost import LOST, Lost
from latentbook.book.directives.margin import ASIDE, MARGIN, SIDEBAR
from latentbook.book.directives.math import MATH
from latentbook.book.directives.problem import PITFALLS, PROBLEM, RUBRIC
from latentbook.book.directives.questions import PARTS, QUIZ
from latentbook.book.directives.recall import RECALL
from latentbook.book.directives.table import LIST_TABLE, TABLE
from latentbook.book.directives.tabs import TAB_ITEM, TAB_SET
from latentbook.book.directives.takeaways import TAKEAWAYS
from latentbook.book.directives.theorem import THEOREMS
from latentbook.book.read.nodes import DirectiveNode
from latentbook.errors import LatentbookError, Mistake
from latentbook.plugins import Plugins

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


def directives_with(plugins: Plugins) -> dict[str, Directive]:
    """Every directive of a book by name, those of its plugins included.

    With a plugin that could not be imported, the name ``""`` stands for what it may have had.
    """
    own = by_name(DIRECTIVES)
    for name, each in plugins.items("blocks", Directive):
        if each.name in own:
            plugins.fail(name, LatentbookError(f"There is already a block {each.name}."))
        else:
            own[each.name] = guarded(each, name, plugins)
    return {**own, **({"": LOST} if plugins.failures else {})}


def guarded(directive: Directive, name: str, plugins: Plugins) -> Directive:
    """A directive of a plugin. Where it fails, the page says so; the page is made all the same."""

    def run(node: DirectiveNode, composer: Composer) -> Block | None:
        try:
            if name not in plugins.failures and directive.run:
                return directive.run(node, composer)
        except (LatentbookError, Mistake):
            raise
        except Exception as error:
            plugins.fail(name, error)
        return Lost(node.label)

    return replace(directive, run=run) if directive.run else directive


def by_name(directives: Iterable[Directive]) -> dict[str, Directive]:
    return {directive.name: directive for directive in directives}
