"""The base of all blocks, those of plain Markdown, and the words of blocks.

A block is rendered by ``templates/blocks/KIND.html``, or by its own ``markup``, as ``block``;
nested blocks are rendered by ``{{ render(blocks) }}``. A field of type :class:`Text` is running
text, which is printed for the page that shows it; one of type :class:`Html` is markup that is the
same on every page; a ``str`` is plain text and is escaped by the template. ``docs/templates.md``
lists the templates and what else they may use.

Every other block is declared from :class:`Block` in the file of its directive, with exactly the
fields that its template receives; nothing else refers to it.
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
    """One way in which a block can be put to a class (docs/class.md), as plain data.

    Attributes
    ----------
    form : the form of the answer: the kind of question whose folder contains ``class.html`` and
        ``class.js``, or a file in ``lecture/forms`` of the plugin's templates and scripts
    called : what the lecturer reads for the kind of block, to be translated
    asked : what phones and the projector are sent
    told : what they are also sent once the answers are revealed
    accepts : what an answer is: the place of an option, ``{"count": 4}``; a number,
        ``{"low": 0, "high": 1}`` or nothing; ``{"list": {"count": 4}, "least": 2, "most": 4}``;
        ``{"curve": 128}``, so many points at most
    wanted, name : which of several ways this is, and what the lecturer reads for it
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
    kind : its name, as of its template
    said : the fields whose words count for search and reading time: text, blocks, or tuples of
        anything that has ``said`` itself
    seconds : how long a reader stays with it; None for as long as its words take
    beside : whether it is set in the margin, next to the block before it
    takes_notes : whether notes and other blocks can be set in the margin next to it
    markup : of a plugin's block: its template, in place of a file
    style, script : of a plugin's block: a sheet, and a module whose default export starts the
        block's element and returns what ends it; both are loaded only where there is such a block
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
    """A display equation. ``number`` and ``label`` are empty where nothing refers to it."""

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
