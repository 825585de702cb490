"""Every block of a page, with exactly the fields that its template receives.

A block is rendered by ``templates/blocks/KIND.html`` as ``block``; nested blocks are rendered by
``{{ render(blocks) }}``. A field of type :class:`Html` is markup ready to stand in the page; a
``str`` is plain text and is escaped by the template. ``docs/templates.md`` lists the templates and
what else they may use. URLs are relative to the page the block stands on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, TypeAlias

from app.book.pieces import (
    ControlView,
    Html,
    Link,
    Output,
    PanelStill,
    ReadoutView,
    SideNote,
)


@dataclass(frozen=True)
class Prose:
    """A paragraph, list, quote, definition list or plain listing, with the notes it calls."""

    kind: ClassVar[str] = "prose"
    html: Html
    notes: tuple[SideNote, ...] = ()


@dataclass(frozen=True)
class Heading:
    """An unnumbered heading inside a section."""

    kind: ClassVar[str] = "heading"
    level: int  # 3 or 4
    label: str  # the id of the element
    html: Html
    title: str


@dataclass(frozen=True)
class Equation:
    """A display equation. ``number`` and ``label`` are empty where nothing refers to it."""

    kind: ClassVar[str] = "equation"
    label: str
    number: str
    html: Html
    tex: str


@dataclass(frozen=True)
class Figure:
    """A picture from ``content/images``: an inline ``svg`` or an ``img``, with its alt text."""

    kind: ClassVar[str] = "figure"
    label: str
    number: str
    picture: Html
    caption: Html


@dataclass(frozen=True)
class PlotFigure:
    """A figure computed at build time: two drawings, of which CSS shows one."""

    kind: ClassVar[str] = "plot"
    label: str
    number: str
    wide: Html  # svg.still.wide, 600 px
    narrow: Html  # svg.still.narrow, 320 px
    caption: Html


@dataclass(frozen=True)
class InstrumentBlock:
    """An instrument at its block's own state. ``number`` is empty on the front page."""

    kind: ClassVar[str] = "instrument"
    label: str
    number: str
    name: str
    title: str
    ask: Html
    controls: tuple[ControlView, ...]
    readouts: tuple[ReadoutView, ...]
    panels: tuple[PanelStill, ...]
    note: str
    references: tuple[Link, ...]
    hidden: frozenset[str]  # names of controls that do not count at this state
    spec: str  # JSON for data-spec (escape it as any attribute)


@dataclass(frozen=True)
class Snippet:
    """Code that runs in the page, or a listing (``read_only``)."""

    kind: ClassVar[str] = "snippet"
    label: str
    number: str
    title: str
    source: str
    code: Html  # highlighted, for ``pre > code``; its text is exactly ``source``
    scope: str
    read_only: bool
    outputs: tuple[Output, ...]


@dataclass(frozen=True)
class WrongAnswer:
    """Feedback for one known wrong number."""

    value: float
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class QuizOption:
    """One option of a choice question; ``feedback`` is shown to whoever picks it."""

    html: Html
    right: bool
    feedback: tuple[Block, ...]


@dataclass(frozen=True)
class Quiz:
    """What every question has. ``key`` is JSON for data-key (escape it as any attribute)."""

    label: str
    number: str
    question: tuple[Block, ...]
    hint: tuple[Block, ...]  # may be empty
    answer: tuple[Block, ...]
    key: str


@dataclass(frozen=True)
class TrueFalseQuiz(Quiz):
    """key: {"answer": true|false}."""

    kind: ClassVar[str] = "quiz_true_false"


@dataclass(frozen=True)
class NumberQuiz(Quiz):
    """key: {"answer", "tolerance", "unit", "wrong": [number]}, the order of ``wrong``."""

    kind: ClassVar[str] = "quiz_number"
    unit: str
    wrong: tuple[WrongAnswer, ...]


@dataclass(frozen=True)
class ChoiceQuiz(Quiz):
    """key: {"answer": index of the right option}."""

    kind: ClassVar[str] = "quiz_choice"
    options: tuple[QuizOption, ...]


@dataclass(frozen=True)
class CodeQuiz(Quiz):
    """key: {"check": source of the checks}. The reader starts from ``source``."""

    kind: ClassVar[str] = "quiz_code"
    source: str
    code: Html
    solution: Html
    scope: str


@dataclass(frozen=True)
class Admonition:
    """A titled remark; ``variant`` is note, warning, definition or result."""

    kind: ClassVar[str] = "admonition"
    variant: str
    title: Html
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Fold:
    """Text that opens on demand."""

    kind: ClassVar[str] = "fold"
    label: str  # may be empty
    title: Html
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class FactNote:
    """A sourced claim for the margin. ``url`` leads to its entry on the page of facts."""

    kind: ClassVar[str] = "fact"
    id: str
    claim: Html
    sources: tuple[Link, ...]
    confidence: str  # high | medium | low
    checked: date
    url: str


@dataclass(frozen=True)
class Table:
    """A numbered table: ``html`` is the table element without its caption."""

    kind: ClassVar[str] = "table"
    label: str
    number: str
    caption: Html
    html: Html


@dataclass(frozen=True)
class Takeaways:
    """What to keep from a chapter: a list."""

    kind: ClassVar[str] = "takeaways"
    html: Html


Block: TypeAlias = (
    Prose
    | Heading
    | Equation
    | Figure
    | PlotFigure
    | InstrumentBlock
    | Snippet
    | TrueFalseQuiz
    | NumberQuiz
    | ChoiceQuiz
    | CodeQuiz
    | Admonition
    | Fold
    | FactNote
    | Table
    | Takeaways
)
