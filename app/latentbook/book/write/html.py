"""Running text as HTML for one page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from latentbook.book.compose.pieces import Html
from latentbook.book.compose.text import Layout, Text
from latentbook.book.read.markdown import make_markdown

Tokens: TypeAlias = Sequence[Token]
BEFORE_MATH = re.compile(r"[(\[“‘]+$")
AFTER_MATH = re.compile(r"^[^\s\w(\[“‘]+")
"""Punctuation that stays on the same line as the equation before or after it."""


def printed(text: Text, layout: Layout) -> Html:
    """The markup of a text."""
    return Html(_RENDERER.render(text.tokens, _OPTIONS, {"layout": layout}))


class _Renderer(RendererHTML):
    """markdown-it's renderer; methods named after tokens are its rules."""

    def text(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        """Words, without the punctuation that adjacent equations have taken."""
        content = tokens[idx].content
        if _is_math(tokens, idx - 1):
            content = AFTER_MATH.sub("", content)
        if _is_math(tokens, idx + 1):
            content = BEFORE_MATH.sub("", content)
        return escapeHtml(content)

    def math_inline(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        """Mathematics in a line, and the punctuation that no line may begin or end with."""
        html = tokens[idx].meta["math"].html
        before = _neighbour(tokens, idx - 1, BEFORE_MATH)
        after = _neighbour(tokens, idx + 1, AFTER_MATH)
        return f'<span class="joint">{before}{html}{after}</span>' if before or after else html

    def math_block(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        """An equation inside a list or quote; others are blocks of their own."""
        return f'<div class="equation">{tokens[idx].meta["math"].html}</div>\n'

    def svg(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        return str(tokens[idx].meta["svg"])

    def fence(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        meta = tokens[idx].meta
        name, code = escapeHtml(meta["scrolls"]), meta["code"]
        return f'<pre class="code scroller" data-scrolls="{name}"><code>{code}</code></pre>\n'

    code_block = fence

    def table_open(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        """A table scrolls sideways if the page is narrower."""
        name = escapeHtml(tokens[idx].meta["scrolls"])
        return f'<div class="table-scroll scroller" data-scrolls="{name}"><table>\n'

    def table_close(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        return "</table></div>\n"

    def th_open(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        """Mark column heads as such; the empty corner above the rows' names is not one."""
        if tokens[idx + 1].content:
            tokens[idx].attrSet("scope", "col")
        else:
            tokens[idx].tag = tokens[idx + 2].tag = "td"
        return str(self.renderToken(tokens, idx, options, env))

    def renderToken(  # noqa: N802
        self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        """A tag, with its addresses and id as the page needs them."""
        token, layout = tokens[idx], env["layout"]
        attrs = dict(token.attrs)
        if to := token.meta.get("to"):
            attrs["href"] = layout.url(to)
        if "file" in token.meta:
            attrs["src"] = layout.root + token.meta["file"]
        if "id" in attrs:
            attrs["id"] = layout.id(str(attrs["id"]))
        if attrs != token.attrs:
            tokens, idx = [token.copy(attrs=attrs)], 0
        return str(super().renderToken(tokens, idx, options, env))


def _is_math(tokens: Tokens, idx: int) -> bool:
    return 0 <= idx < len(tokens) and tokens[idx].type == "math_inline"


def _neighbour(tokens: Tokens, idx: int, punctuation: re.Pattern[str]) -> str:
    """The punctuation of adjacent text that stays with an equation."""
    if not 0 <= idx < len(tokens) or tokens[idx].type != "text":
        return ""
    match = punctuation.search(tokens[idx].content)
    return escapeHtml(match[0]) if match else ""


_RENDERER = _Renderer()
_OPTIONS = make_markdown().options
