"""Syntax highlighting by Pygments: classes, no inline styles."""

from __future__ import annotations

from functools import lru_cache

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from latentbook.book.compose.pieces import Html

_FORMATTER = HtmlFormatter(nowrap=True)


@lru_cache(maxsize=4096)
def highlight_code(source: str, language: str = "python") -> Html:
    """Markup for the inside of ``pre > code``; its text is ``source`` without the last newline."""
    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        raise ValueError(f"unknown language {language!r} of a listing") from None
    return Html(highlight(source.rstrip("\n"), lexer, _FORMATTER).rstrip("\n"))
