"""Figures drawn by an author's code during the build."""

import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from latentbook.base.cache import Cache
from latentbook.base.errors import Mistake
from latentbook.base.files import Files
from latentbook.base.hashing import content_hash
from latentbook.book.compose.author_code import AuthorCode, explained
from latentbook.book.read.nodes import DirectiveNode

GLYPH = re.compile(r"Glyph (\d+) .*missing from")
LIBRARIES = ("numpy", "plotly", "matplotlib")
CODE = (".py", ".npz")


def without_glyph(node: DirectiveNode, printed: Iterable[str]) -> tuple[int, str] | None:
    """Line and message if Matplotlib has warned of characters that it draws as boxes."""
    found = {chr(int(number)) for text in printed for number in GLYPH.findall(text)}
    if not found:
        return None
    lines = node.code.splitlines()
    line = next((at for at, text in enumerate(lines) if found & {*text}), None)
    return (
        node.line if line is None else node.body_line + line,
        f"Matplotlib's font has no {', '.join(sorted(found))}, and draws boxes: leave them out of "
        "the figure, and say it in the caption or the text",
    )


class Plots:
    """Cache of figures. One is redrawn if its code, a library or a widget has changed.

    Code that fails raises a :class:`Mistake` at its directive.
    """

    def __init__(self, code: AuthorCode, widgets: Files, kept: Cache) -> None:
        self._code = code
        self._widgets = widgets
        self._kept = kept

    @cached_property
    def _libraries(self) -> str:
        files = [self._widgets.data(each) for each in self._widgets if each.endswith(CODE)]
        versions = []
        for name in LIBRARIES:
            with suppress(PackageNotFoundError):
                versions.append(f"{name} {version(name)}")
        return content_hash(sys.version, *versions, *files)

    def figure(self, node: DirectiveNode) -> dict[str, Any]:
        """The code's variable ``figure`` as plain data."""
        return self._made("plot", node, node.code)

    def sketch(self, node: DirectiveNode) -> dict[str, Any]:
        """The code's ``figure``, ``truth`` (shown after the guess) and ``answer``."""
        return self._made("sketch", node, node.code)

    def output(self, node: DirectiveNode, source: str) -> dict[str, Any]:
        """Return text ``printed`` by code, and the name of the ``error`` that ended it, or ''."""
        return self._made("output", node, source)

    def variants(self, node: DirectiveNode) -> list[dict[str, str]]:
        """Return the values that each run of a ``{vary}`` assigns, as text by name."""
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
            if lacks := without_glyph(node, [text for _, text in reply["outputs"]]):
                raise Mistake(*lacks)
            made = reply["value"]
            self._kept.write(key, made)
        return dict(made)
