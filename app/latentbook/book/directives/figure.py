"""``figure``, ``image`` and ``plot``: pictures, and figures that Python draws during the build."""

from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it.token import Token

from latentbook.base.errors import Mistake
from latentbook.book.compose.blocks import NumberedBlock, Prose
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.compose.javascript import EngineError
from latentbook.book.compose.notebook import Cell, NotebookWriter
from latentbook.book.compose.pieces import Html, Text, element
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.read.options import Option, label, text
from latentbook.book.read.python import check_python


@dataclass(frozen=True)
class Figure(NumberedBlock):
    """A picture from ``content/images``, or two drawings of a plot, of which CSS shows one."""

    kind = "figure"
    said = ("caption",)
    named = "Figure"
    takes_notes = True
    picture: Text | Html
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
    argument="path of the picture below content/images",
    options={"label": Option(label), "alt": Option(text)},
    counts="figure",
    run=run,
    notebook=notebook,
)
IMAGE = Directive(
    name="image",
    argument="path of the picture below the chapter's images",
    options={"alt": Option(text)},
    body="none",
    run=image,
    notebook=image_in_notebook,
)


def plot(node: DirectiveNode, composer: Composer) -> Figure:
    alt = composer.plain(str(node.options.get("alt", "")), node.line)
    caption = composer.inline(node.argument, node.line)
    try:
        figure = composer.resources.plots.figure(node)
        if "svg" in figure:
            drawn = composer.drawing(node, figure["svg"], alt)
            return Figure(composer.id_of(node), composer.number(node), drawn, caption)
        wide, narrow = composer.resources.stills.draw(figure, composer.id_of(node), alt)
    except EngineError as error:
        raise Mistake(node.line, f"the figure cannot be drawn: {error}") from None
    picture = Html('<div class="drawing">{}{}</div>').format(wide, narrow)
    return Figure(composer.id_of(node), composer.number(node), picture, caption)


PLOT = Directive(
    name="plot",
    argument="its caption",
    options={"label": Option(label), "alt": Option(text, required=True)},
    body="code",
    counts="figure",
    validate=check_python,
    run=plot,
    notebook=notebook,
)
