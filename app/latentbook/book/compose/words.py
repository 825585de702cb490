"""Reading time of a section, and its words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from latentbook.book.compose.blocks import Block
from latentbook.book.compose.math_words import Formula
from latentbook.book.compose.text import Text

WORDS_PER_MINUTE = 220


def text_of(said: object) -> str:
    """The words of a block, of running text, or of several of these."""
    match said:
        case Text() | Formula():
            return said.words
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


def all_blocks(blocks: Iterable[Block]) -> Iterator[Block]:
    """Blocks, each followed by those inside it."""
    for block in blocks:
        yield block
        yield from all_blocks(inner_blocks(block))


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
