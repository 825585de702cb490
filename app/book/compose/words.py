"""How long a chapter takes to read, and the words in it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from html.parser import HTMLParser

from app.book.compose.blocks import (
    Admonition,
    Block,
    ChoiceQuiz,
    Equation,
    Figure,
    Fold,
    Heading,
    InstrumentBlock,
    PlotFigure,
    Prose,
    Quiz,
    Snippet,
    Table,
    Takeaways,
)
from app.book.compose.math_words import MathNode, math_words

WORDS_PER_MINUTE = 220
INSTRUMENT_SECONDS = 60
EQUATION_SECONDS = 10
"""What a reader spends on an instrument and on an equation besides the words around them."""


class _Words(HTMLParser):
    """Text of markup. An equation counts once, as a line of text made from its MathML."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._stack: list[tuple[str, bool]] = []  # tag, and whether its text is left out
        self._math: list[MathNode] = []  # the elements of an equation that are open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Enter an element."""
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
        """Leave an element."""
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
        """Take in text."""
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


def text_of(block: Block) -> str:
    """The words of a block, for reading time and search."""
    match block:
        case Prose():
            return " ".join([words_of(block.html), *(words_of(note.html) for note in block.notes)])
        case Heading(title=title):
            return title
        case Equation(html=html):
            return words_of(html)
        case Figure(caption=caption) | PlotFigure(caption=caption):
            return words_of(caption)
        case InstrumentBlock():
            return f"{block.title} {words_of(block.ask)}"
        case Snippet():
            return f"{block.title} {block.source}"
        case Quiz():
            options = block.options if isinstance(block, ChoiceQuiz) else ()
            return " ".join([texts_of(block.question), *(words_of(o.html) for o in options)])
        case Admonition() | Fold():
            return f"{words_of(block.title)} {texts_of(block.blocks)}"
        case Table():
            return f"{words_of(block.caption)} {words_of(block.html)}"
        case Takeaways(html=html):
            return words_of(html)
        case _:
            return words_of(block.claim)


def texts_of(blocks: Iterable[Block]) -> str:
    """The words of several blocks."""
    return " ".join(map(text_of, blocks))


def reading_minutes(blocks: Iterable[Block]) -> int:
    """Whole minutes, at least one, for the text itself.

    Prose counts at 220 words a minute; an instrument and an equation add what is stated above. What
    is opened, run or answered by choice (folds, snippets, questions) takes its own time.
    """
    return max(1, round(sum(map(_seconds, blocks)) / 60))


def _seconds(block: Block) -> float:
    match block:
        case InstrumentBlock():
            return INSTRUMENT_SECONDS
        case Equation():
            return EQUATION_SECONDS
        case Admonition():
            return sum(map(_seconds, block.blocks))
        case Prose() | Heading() | Figure() | PlotFigure() | Takeaways():
            return 60 * len(text_of(block).split()) / WORDS_PER_MINUTE
        case _:
            return 0.0
