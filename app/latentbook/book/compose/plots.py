"""Figures drawn by an author's code during the build."""

import sys
from contextlib import suppress
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from latentbook.book.compose.author_code import AuthorCode, explained
from latentbook.book.read.nodes import DirectiveNode
from latentbook.cache import Cache
from latentbook.errors import Mistake
from latentbook.hashing import content_hash

LIBRARIES = ("numpy", "plotly", "matplotlib")


class Plots:
    """Figures by their code. One is redrawn if its code, a library or a widget has changed.

    Code that fails is a :class:`Mistake` of its directive.
    """

    def __init__(self, code: AuthorCode, widgets: Path, kept: Cache) -> None:
        self._code = code
        self._widgets = widgets
        self._kept = kept

    @cached_property
    def _libraries(self) -> str:
        files = sorted(path for path in self._widgets.rglob("*") if path.suffix in (".py", ".npz"))
        versions = []
        for name in LIBRARIES:
            with suppress(PackageNotFoundError):
                versions.append(f"{name} {version(name)}")
        return content_hash(sys.version, *versions, *(path.read_bytes() for path in files))

    def figure(self, node: DirectiveNode) -> dict[str, Any]:
        """The code's variable ``figure`` as plain data."""
        return self._made("plot", node, node.code)

    def sketch(self, node: DirectiveNode) -> dict[str, Any]:
        """The code's ``figure``, ``truth`` (shown after the guess) and ``answer``."""
        return self._made("sketch", node, node.code)

    def output(self, node: DirectiveNode, source: str) -> dict[str, Any]:
        """What code has ``printed``, and the name of the ``error`` that it stops with, or ''."""
        return self._made("output", node, source)

    def variants(self, node: DirectiveNode) -> list[dict[str, str]]:
        """What each run of a ``{vary}`` assigns, as text by name."""
        return list(self._made("vary", node, node.code)["variants"])

    def _made(self, kind: str, node: DirectiveNode, source: str) -> dict[str, Any]:
        key = content_hash(self._libraries, kind, source, length=32)
        made = self._kept.read(key)
        if made is None:
            reply = self._code.ask({"type": kind, "code": source})
            if reply["type"] == "failed":
                line = node.body_line + reply["line"] - 1 if reply["line"] else node.line
                lacks = reply["name"] == "ModuleNotFoundError"
                hint = ". Install it in the Python that builds the book" if lacks else ""
                raise Mistake(line, f"the {node.name} {explained(reply)}{hint}")
            made = reply["value"]
            self._kept.write(key, made)
        return dict(made)
