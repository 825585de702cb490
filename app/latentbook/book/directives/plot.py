"""``plot``: a figure that Python draws during the build."""

from __future__ import annotations

from dataclasses import dataclass

from latentbook.book.compose.blocks import NumberedBlock
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.compose.engine import EngineError
from latentbook.book.compose.pieces import Html
from latentbook.book.compose.plots import PlotError
from latentbook.book.compose.text import Text
from latentbook.book.directives.figure import notebook
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.read.options import Option, label, text
from latentbook.book.read.python import check_python


@dataclass(frozen=True)
class PlotFigure(NumberedBlock):
    """A figure computed at build time: two drawings, of which CSS shows one."""

    kind = "plot"
    said = ("caption",)
    named = "Figure"
    takes_notes = True
    wide: Html  # svg.still.wide, 600 px
    narrow: Html  # svg.still.narrow, 320 px
    caption: Text


def run(node: DirectiveNode, composer: Composer) -> PlotFigure | None:
    """Run the code and draw its figure at two widths."""
    alt = composer.plain(str(node.options.get("alt", "")), node.line)
    try:
        figure = composer.resources.plots.figure(node.code)
        wide, narrow = composer.resources.stills.draw(figure, composer.id_of(node), alt)
    except EngineError as error:
        composer.problems.add(node.line, f"the figure cannot be drawn: {error}")
        return None
    except PlotError as error:
        error.report(node, composer.problems)
        return None
    caption = composer.inline(node.argument, node.line)
    return PlotFigure(composer.id_of(node), composer.number(node), wide, narrow, caption)


PLOT = Directive(
    name="plot",
    doc="A Plotly figure that Python leaves in `figure`, made at build time.",
    argument="its caption",
    argument_required=True,
    options={"label": Option(label), "alt": Option(text, required=True)},
    body="code",
    counts="figure",
    validate=check_python,
    run=run,
    notebook=notebook,
)
