"""The base class of all blocks, the blocks of plain Markdown, and the words of blocks.

``templates/blocks/KIND.html``, or a block's own ``markup``, renders it as ``block``;
``{{ render(blocks) }}`` renders nested blocks. A field of type :class:`Text` is running text,
printed for the page that shows it. A field of type :class:`Html` is markup that is the same on
every page. A ``str`` is plain text, which the template escapes. ``docs/templates.md`` lists the
templates and everything else that they may use.

Every other block derives from :class:`Block` in the file of its directive, with exactly the fields
that its template receives; nothing else refers to it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

from latentbook.book.compose.math_words import Formula
from latentbook.book.compose.pieces import SideNote, Text
from latentbook.book.translations.language import Language

Show: TypeAlias = Callable[[Any], str]
"""Markup of blocks, or of a text, on a page one folder below the root."""


@dataclass(frozen=True)
class ClassForm:
    """One way to put a block to a class (docs/classroom/class.md), as plain data.

    Attributes
    ----------
    form : the form of the answer: the kind of question whose folder contains ``class.html`` and
        ``class.js``, or a file in ``lecture/forms`` of the plugin's templates and scripts
    called : the lecturer's name for the kind of block, to be translated
    asked : data sent to phones and the projector
    told : data also sent to them once the answers are revealed
    accepts : the form of an answer: the place of an option, ``{"count": 4}``; a number,
        ``{"low": 0, "high": 1}`` or nothing; ``{"list": {"count": 4}, "least": 2, "most": 4}``;
        ``{"curve": 128}``, at most this many points
    wanted, name : which of several ways this is, and the lecturer's name for it
    html : whether the complete block is sent as well
    """

    form: str
    called: str
    asked: Mapping[str, Any] = field(default_factory=dict)
    told: Mapping[str, Any] = field(default_factory=dict)
    accepts: Mapping[str, Any] = field(default_factory=dict)
    wanted: str = ""
    name: str = ""
    html: bool = False


@dataclass(frozen=True)
class Block:
    """An item of a page.

    Attributes
    ----------
    kind : its name, and that of its template
    said : the fields whose words count for search and reading time: text, blocks, or tuples of
        anything that has ``said`` itself
    seconds : reading time; None to derive it from its words
    beside : whether it is set in the margin, next to the block before it
    takes_notes : whether notes and other blocks can be set in the margin next to it
    markup : for a plugin's block, its template instead of a file
    style, script : for a plugin's block, a style sheet, and a module whose default export starts
        the block's element and returns its cleanup function; only pages with the block load them
    """

    kind: ClassVar[str]
    said: ClassVar[tuple[str, ...]]
    seconds: ClassVar[float | None] = None
    beside: ClassVar[bool] = False
    takes_notes: ClassVar[bool] = False
    markup: ClassVar[str] = ""
    style: ClassVar[str] = ""
    script: ClassVar[str] = ""

    @property
    def template(self) -> str:
        return f"blocks/{self.kind}.html"

    def class_forms(self, show: Show) -> tuple[ClassForm, ...]:
        return ()


@dataclass(frozen=True)
class NumberedBlock(Block):
    """A block that search finds by its name: ``named`` and its number."""

    named: ClassVar[str]
    label: str  # the id of the element
    number: str

    def called(self, language: Language) -> str:
        name = language.translate(f"{self.named} %(number)s", number=self.number)
        return f"{name} {text_of(getattr(self, 'title', ''))}".strip()


@dataclass(frozen=True)
class Prose(Block):
    """A paragraph, list, quote, definition list or plain listing, with the notes it calls."""

    kind = "prose"
    said = ("html", "notes")
    takes_notes = True
    html: Text
    notes: tuple[SideNote, ...] = ()


@dataclass(frozen=True)
class Heading(Block):
    kind = "heading"
    said = ("title",)
    level: int  # 3 or 4
    label: str  # the id of the element
    html: Text
    title: str


@dataclass(frozen=True)
class Equation(NumberedBlock):
    """A display equation. ``number`` and ``label`` are empty if nothing refers to it."""

    kind = "equation"
    said = ("html",)
    named = "Eq."
    seconds = 10
    takes_notes = True
    html: Formula
    tex: str


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
    """Estimate the reading time of the text itself in whole minutes, at least one.

    Words count at 220 per minute, unless a block sets its own time. Parts that are opened, run or
    answered by choice (folds, snippets, questions) do not count.
    """
    return max(1, round(sum(map(_seconds, blocks)) / 60))


def _seconds(block: Block) -> float:
    if block.seconds is not None:
        return block.seconds
    inside = tuple(inner_blocks(block))
    words = len(text_of(block).split()) - len(text_of(inside).split())
    return 60 * words / WORDS_PER_MINUTE + sum(map(_seconds, inside))
