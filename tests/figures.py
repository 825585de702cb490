"""Check that the book can draw an instrument's figures."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from latentbook.book.compose.javascript import EngineError, shared_engine
from latentbook.book.write.assets import engine_script
from latentbook.settings import Settings
from widgets.contract import Frame, Plot
from widgets.engine.frames import plain_figure


def check_figures(frame: Frame) -> None:
    """Check that the book can draw every figure of a frame; see ``docs/figures.md``.

    Raises
    ------
    AssertionError
        Names the panel and the first key that is not drawn, and what is accepted in its place.
    """
    for panel in frame.panels:
        if isinstance(panel, Plot):
            try:
                shared_engine(script()).check_figure(plain_figure(panel))
            except EngineError as error:
                raise AssertionError(f"In the figure of {panel.key}: {error}") from None


@cache
def script() -> str:
    return engine_script(Settings(root=Path(__file__).parents[1]))
