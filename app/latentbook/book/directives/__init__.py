"""Every directive of the language. An author's ``:::{name}`` must be one of these."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from latentbook.base.errors import LatentbookError, Mistake
from latentbook.book.compose.blocks import Block, text_of
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
from latentbook.book.read.options import Option
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

    If a plugin could not be imported, the name ``""`` stands in for its directives.
    """
    own = by_name(DIRECTIVES)
    for name, each in plugins.items("blocks", Directive):
        if fault := "is there already" if each.name in own else fault_of(each):
            plugins.fail(name, LatentbookError(f"The block {each.name} {fault}."))
        else:
            own[each.name] = guarded(each, name, plugins)
    return {**own, **({"": LOST} if plugins.failures else {})}


def guarded(directive: Directive, name: str, plugins: Plugins) -> Directive:
    """Wrap a plugin's directive: if it fails, the page is still made, with a note in its place."""

    def run(node: DirectiveNode, composer: Composer) -> Block | None:
        try:
            if name not in plugins.failures and directive.run:
                return checked(directive.run(node, composer), node)
        except (LatentbookError, Mistake):
            raise
        except Exception as error:
            plugins.fail(name, error, composer.problems.place(composer.problems.path, node.line))
        return Lost(node.label)

    return replace(directive, run=run) if directive.run else directive


def fault_of(directive: Directive) -> str:
    """The fault in the declaration of a plugin's block; empty if it is valid."""
    options = directive.options
    if not re.fullmatch(r"[a-z][a-z0-9-]*", directive.name):
        return "has a name of other than lower-case letters, digits and hyphens"
    if not isinstance(options, Mapping) or not all(
        isinstance(option, Option) for option in options.values()
    ):
        return f"has options {options!r}. Accepted: a dict of names and Option(parse)"
    return ""


def checked(block: Block | None, node: DirectiveNode) -> Block | None:
    """Return a plugin's block if it is valid.

    Raises
    ------
    TypeError
        If it is not a block that the book can show and search.
    """
    if block is None:
        return None
    if not isinstance(block, Block) or not block.markup:
        raise TypeError(f"run returns {block!r}. Accepted: a Block with markup, or None")
    if not re.fullmatch(r"[a-z][a-z0-9-]*", block.kind):
        raise TypeError(f"kind is {block.kind!r}. Accepted: lower-case letters, digits, hyphens")
    if node.label and getattr(block, "label", "") != node.label:
        raise TypeError("a block with a label needs the field label, for what refers to it")
    text_of(block)  # fails if a field that ``said`` names is missing, or is not text
    return block


def by_name(directives: Iterable[Directive]) -> dict[str, Directive]:
    return {directive.name: directive for directive in directives}
