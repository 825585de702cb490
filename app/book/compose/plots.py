"""The figures that an author's code makes when the book is built."""

from __future__ import annotations

import sys
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from app.book.author_code import AuthorCode, Reply
from app.book.media import content_hash
from app.kept import Kept

LIBRARIES = ("numpy", "plotly")


class PlotError(Exception):
    """Code that makes no figure: the reply of its process."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply["message"])
        self.reply = reply


class Plots:
    """Figures by their code. One is made again when its code, a library or a widget has changed."""

    def __init__(self, code: AuthorCode, widgets: Path, kept: Kept) -> None:
        self._code = code
        self._widgets = widgets
        self._kept = kept

    @cached_property
    def _libraries(self) -> str:
        files = sorted(path for path in self._widgets.rglob("*") if path.suffix in (".py", ".npz"))
        return content_hash(
            sys.version, *map(version, LIBRARIES), *(path.read_bytes() for path in files)
        )

    def figure(self, source: str) -> dict[str, Any]:
        """The figure that the code leaves in ``figure``, as plain data.

        Raises
        ------
        PlotError
            If it leaves none.
        """
        key = content_hash(self._libraries, source, length=32)
        figure = self._kept.read(key)
        if figure is None:
            reply = self._code.ask({"type": "plot", "code": source})
            if reply["type"] == "failed":
                raise PlotError(reply)
            figure = reply["value"]
            self._kept.write(key, figure)
        return dict(figure)
