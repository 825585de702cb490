"""Reading time of a section, and its words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from html.parser import HTMLParser
from typing import Any

from markupsafe import Markup

from latentbook.book.compose.blocks import Block
from latentbook.book.compose.math_words import MathNode, math_words

WORDS_PER_MINUTE = 220


class _Words(HTMLParser):
    """Text of markup. An equation counts once, as a line of text made from its MathML."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._stack: list[tuple[str, bool]] = []  # tag, and whether its text is left out
        self._math: list[MathNode] = []  # the elements of an equation that are open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "math" or self._math:
            node = MathNode(tag)
            if self._math:
                self._math[-1].children.append(node)
            self._math.append(node)
            return
        if tag in ("br", "img", "input", "hr", "path", "line"):
            self.parts.append(" ")
            return
        hidden = bool(self._stack) and self._stack[-1][1]
        if "katex-html" in (dict(attrs).get("class") or ""):
            hidden = True
        self._stack.append((tag, hidden))

    def handle_endtag(self, tag: str) -> None:
        if self._math:
            node = self._math.pop()
            if not self._math:
                self.parts.append(math_words(node))
            return
        while any(tag == opened for opened, _ in self._stack):
            if self._stack.pop()[0] == tag:
                break
        if tag in ("p", "li", "td", "th", "dt", "dd", "pre", "tr"):
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if self._math:
            self._math[-1].children.append(data)
        elif not (self._stack and self._stack[-1][1]):
            self.parts.append(data)


@lru_cache(maxsize=8192)
def words_of(html: str) -> str:
    """The text of some markup on one line."""
    parser = _Words()
    parser.feed(html)
    return " ".join("".join(parser.parts).split())


def text_of(said: object) -> str:
    """The words of a block, of markup, or of several of these."""
    match said:
        case Markup():
            return words_of(said)
        case str():
            return said
        case tuple():
            return " ".join(filter(None, map(text_of, said)))
        case _:
            return text_of(_fields(said))


def word_count(blocks: Iterable[Block]) -> int:
    """Number of words in some blocks, including parts that open or are answered on demand."""
    return len(text_of(tuple(blocks)).split())


def inner_blocks(block: Block) -> Iterator[Block]:
    """The blocks directly inside a block that are read with it."""
    for value in _fields(block):
        if isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, Block))


def _fields(said: Any) -> tuple[object, ...]:
    return tuple(getattr(said, name) for name in said.said)


def reading_minutes(blocks: Iterable[Block]) -> int:
    """Whole minutes, at least one, for the text itself.

    Words count at 220 a minute, unless a block says how long a reader stays with it. What is
    opened, run or answered by choice (folds, snippets, questions) takes its own time.
    """
    return max(1, round(sum(map(_seconds, blocks)) / 60))


def _seconds(block: Block) -> float:
    if block.seconds is not None:
        return block.seconds
    inside = tuple(inner_blocks(block))
    words = len(text_of(block).split()) - len(text_of(inside).split())
    return 60 * words / WORDS_PER_MINUTE + sum(map(_seconds, inside))
