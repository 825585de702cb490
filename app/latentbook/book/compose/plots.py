"""Figures drawn by an author's code during the build."""

from __future__ import annotations

import sys
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from latentbook.book.compose.author_code import AuthorCode, Reply, explained
from latentbook.book.read.nodes import DirectiveNode
from latentbook.cache import Cache
from latentbook.errors import FileProblems
from latentbook.hashing import content_hash

LIBRARIES = ("numpy", "plotly")


class PlotError(Exception):
    """Code that draws no figure, with the reply of its process."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply["message"])
        self.reply = reply

    def report(self, node: DirectiveNode, problems: FileProblems) -> None:
        line = self.reply["line"]
        at = node.body_line + line - 1 if line else node.line
        problems.add(at, f"the {node.name} {explained(self.reply)}")


class Plots:
    """Figures by their code. One is redrawn if its code, a library or a widget has changed."""

    def __init__(self, code: AuthorCode, widgets: Path, kept: Cache) -> None:
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
        """The code's variable ``figure`` as plain data; a :class:`PlotError` if it fails."""
        return self._made("plot", source)

    def sketch(self, source: str) -> dict[str, Any]:
        """The code's ``figure``, ``truth`` (shown after the guess) and ``answer``."""
        return self._made("sketch", source)

    def _made(self, kind: str, source: str) -> dict[str, Any]:
        key = content_hash(self._libraries, kind, source, length=32)
        made = self._kept.read(key)
        if made is None:
            reply = self._code.ask({"type": kind, "code": source})
            if reply["type"] == "failed":
                raise PlotError(reply)
            made = reply["value"]
            self._kept.write(key, made)
        return dict(made)
