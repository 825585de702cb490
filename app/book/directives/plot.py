"""``plot``: a figure that Python makes when the book is built."""

from __future__ import annotations

import traceback
from functools import lru_cache
from typing import Any

from app.book.compose.blocks import PlotFigure
from app.book.compose.compose import Composer
from app.book.compose.engine import EngineError
from app.book.directives.code_cell import check_python
from app.book.directives.directive import Directive
from app.book.read.nodes import DirectiveNode
from app.book.read.options import Option, label, text


def run(node: DirectiveNode, composer: Composer) -> PlotFigure | None:
    """Make the block."""
    alt = str(node.options.get("alt", ""))
    try:
        figure = _figure(node.code)
        wide, narrow = composer.resources.stills.draw(figure, composer.id_of(node), alt)
    except EngineError as error:
        composer.problems.add(node.line, f"the figure cannot be drawn: {error}")
        return None
    except Exception as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == "plot"]
        line = node.body_line + (frames[-1].lineno or 1) - 1 if frames else node.line
        composer.problems.add(line, f"the plot fails: {type(error).__name__}: {error}")
        return None
    caption = composer.inline(node.argument, node.line)
    return PlotFigure(composer.id_of(node), composer.number(node), wide, narrow, caption)


@lru_cache(maxsize=64)
def _figure(code: str) -> dict[str, Any]:
    """The figure that the code leaves in ``figure``, as a dict without plotly.py's template."""
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(code, "plot", "exec"), scope)
    figure: Any = scope.get("figure")
    if hasattr(figure, "to_plotly_json"):
        figure = figure.to_plotly_json()
    if not isinstance(figure, dict) or "data" not in figure or "layout" not in figure:
        raise TypeError(
            "the code must leave a Plotly figure, or a dict with data and layout, in 'figure'"
        )
    layout = {key: value for key, value in figure["layout"].items() if key != "template"}
    return {"data": list(figure["data"]), "layout": layout}


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
)
