"""``figure``, ``image`` and ``plot``: pictures, and figures that Python draws during the build."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it.token import Token

from latentbook.book.compose.blocks import NumberedBlock, Prose
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.compose.engine import EngineError
from latentbook.book.compose.notebook import Cell, NotebookWriter
from latentbook.book.compose.pieces import Html, Text, element
from latentbook.book.compose.plots import PlotError
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.read.options import Option, label, text
from latentbook.book.read.python import check_python


@dataclass(frozen=True)
class Figure(NumberedBlock):
    """A picture from ``content/images``: an inline ``svg`` or an ``img``, with its alt text."""

    kind = "figure"
    said = ("caption",)
    named = "Figure"
    takes_notes = True
    picture: Text
    caption: Text


def run(node: DirectiveNode, composer: Composer) -> Figure:
    return Figure(
        composer.id_of(node),
        composer.number(node),
        Text(tuple(_picture(node, composer))),
        composer.caption(node),
    )


def _picture(node: DirectiveNode, composer: Composer) -> list[Token]:
    picture = composer.picture(node.argument, node.options.get("alt", ""), node.line)
    return [picture] if picture else []


def notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    caption = writer.markdown(node.text) or writer.text(node.argument)
    name = writer.language.translate("Figure %(number)s", number=writer.number(node))
    yield Cell(f"**{name}.** {caption}\n\n({node.options['alt']})")


def image(node: DirectiveNode, composer: Composer) -> Prose:
    return Prose(Text(tuple(element("p", _picture(node, composer)))))


def image_in_notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    yield Cell(f"({node.options['alt']})")


FIGURE = Directive(
    name="figure",
    doc="A picture from content/images; SVG is put into the page.",
    argument="path of the picture below content/images",
    argument_required=True,
    options={"label": Option(label), "alt": Option(text)},
    counts="figure",
    run=run,
    notebook=notebook,
)
IMAGE = Directive(
    name="image",
    doc="A picture in the text, without number and caption.",
    argument="path of the picture below the chapter's images",
    argument_required=True,
    options={"alt": Option(text)},
    body="none",
    run=image,
    notebook=image_in_notebook,
)


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


def plot(node: DirectiveNode, composer: Composer) -> PlotFigure | None:
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
    run=plot,
    notebook=notebook,
)
