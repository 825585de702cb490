"""Matplotlib's backend for snippets: each figure is shown under its snippet, as SVG.

Matplotlib imports it by the name in ``MPLBACKEND``, which :mod:`widgets.engine.host` sets.
"""

from __future__ import annotations

import io
import warnings
from typing import Any

import matplotlib
from matplotlib import pyplot
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from widgets.engine import host


class FigureManager(FigureManagerBase):
    """Shows a figure of ``pyplot`` once and closes it, as in a notebook."""

    def show(self) -> None:
        show_value(self.canvas.figure)

    @classmethod
    def pyplot_show(cls, **options: Any) -> None:
        show_open()


class FigureCanvas(FigureCanvasSVG):
    manager_class = FigureManager


def show_open() -> None:
    """Show the figures that ``pyplot`` has open, whatever backend the code has chosen."""
    for number in pyplot.get_fignums():
        show_value(pyplot.figure(number))


def show_value(value: object) -> None:
    """Show a figure; ignore other results of drawing, such as lines or axes."""
    if isinstance(value, Figure):
        pyplot.close(value)
        host.show(host.SVG, svg_of(value))


def svg_of(figure: Figure) -> str:
    """A figure as a notebook shows it: with its background, and anything drawn beyond its edges.

    Raises
    ------
    ValueError
        If it is too large for the page.
    """
    file = io.StringIO()
    # Letters as outlines, because a picture has no fonts; reproducible ids.
    letters = matplotlib.rc_context({"svg.fonttype": "path", "svg.hashsalt": "latentbook"})
    with letters, warnings.catch_warnings():
        warnings.filterwarnings("always", "Glyph")  # for each figure that lacks one
        said = {"Creator": None, "Date": None}
        figure.savefig(file, format="svg", bbox_inches="tight", metadata=said)
    return host.small_enough(file.getvalue())
