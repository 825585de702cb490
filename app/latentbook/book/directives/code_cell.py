"""``code-cell``: Python that runs in the page, with its recorded output."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from latentbook.base.errors import FileProblems
from latentbook.book.compose.blocks import NumberedBlock
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.compose.javascript import EngineError
from latentbook.book.compose.notebook import Cell, NotebookWriter, listing
from latentbook.book.compose.pieces import Html, Output, Text
from latentbook.book.compose.plots import without_glyph
from latentbook.book.compose.prose import highlight_code
from latentbook.book.read.nodes import DirectiveNode, own_code
from latentbook.book.read.options import Option, flag, label, text
from latentbook.book.read.python import validate
from latentbook.book.read.recordings import PLOTLY, Recorded
from widgets.engine.rich import HTML, PNG, SVG, cleaned


@dataclass(frozen=True)
class Snippet(NumberedBlock):
    """Code that runs in the page, or a listing (``read_only``)."""

    kind = "snippet"
    said = ("title", "source")
    named = "Snippet"
    seconds = 0  # run by choice
    title: Text
    source: str
    code: Html  # highlighted, for ``pre > code``; its text is exactly ``source``
    scope: str
    read_only: bool
    outputs: tuple[Output, ...]
    alt: str  # describes its Matplotlib figure


def run(node: DirectiveNode, composer: Composer) -> Snippet | None:
    for option in ("label", "title"):
        if option not in node.options:
            composer.problems.add(node.line, f"code-cell needs the option :{option}:")
    if not node.label:
        return None
    title = composer.inline(str(node.options.get("title", "")), node.line)
    alt = composer.plain(str(node.options.get("alt", "")), node.line)
    outputs = composer.recorded(node.label)
    say_what_is_drawn(node, outputs, composer.problems)
    return Snippet(
        node.label,
        composer.number(node),
        title,
        node.code.rstrip("\n"),
        highlight_code(node.code),
        composer.scope,
        bool(node.options.get("read-only")),
        tuple(_output(node, output, title.words, alt, composer) for output in outputs),
        alt,
    )


def _output(
    node: DirectiveNode, output: Recorded, title: str, alt: str, composer: Composer
) -> Output:
    if output.kind == SVG:
        return Output("picture", composer.drawing(node, output.data, alt))
    if output.kind == PNG:
        picture = Html('<img alt="{}" src="data:image/png;base64,{}">')
        return Output("picture", picture.format(alt, output.data))
    if output.kind == HTML:
        return Output("rich", Html(cleaned(output.data)))
    if output.kind != PLOTLY:
        return Output("value" if output.kind == "text/plain" else output.kind, output.data)
    try:
        drawn = composer.resources.stills.draw(json.loads(output.data), node.label, title)
    except EngineError as error:
        composer.problems.add(node.line, f"the figure of {node.label} cannot be drawn: {error}")
        return Output("value", "")
    return Output("figure", Html().join(drawn))


def say_what_is_drawn(
    node: DirectiveNode, outputs: Sequence[Recorded], problems: FileProblems
) -> None:
    """Report a picture without ``alt``, or with characters that its font lacks."""
    drawn = any(output.kind in (SVG, PNG) for output in outputs)
    if drawn and not str(node.options.get("alt", "")).strip():
        problems.add(node.line, f"{node.label} draws a figure: say in :alt: what it shows")
    if lacks := without_glyph(node, [each.data for each in outputs if each.kind == "stderr"]):
        problems.add(*lacks)


def notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    name = writer.language.translate("Snippet %(number)s", number=writer.number(node))
    title = f"**{name}. {node.options['title']}**"
    if node.options.get("read-only"):
        yield Cell(f"{title}\n\n{listing(node.code)}")
    else:
        yield Cell(title)
        yield Cell(node.code.rstrip("\n"), node.label, True, writer.outputs(node))


CODE_CELL = Directive(
    name="code-cell",
    argument="python",
    argument_optional=True,
    options={
        "label": Option(label),
        "title": Option(text),
        "alt": Option(text),
        "read-only": Option(flag),
        "needs": Option(text),
    },
    body="code",
    counts="snippet",
    validate=validate,
    page_code=lambda node: iter(()) if node.options.get("read-only") else own_code(node),
    run=run,
    notebook=notebook,
)
