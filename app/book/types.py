"""What a book is made of, and exactly what each template receives.

Every block is rendered by ``templates/blocks/KIND.html`` with the block as ``block``; nested blocks
are rendered by ``{{ render(blocks) }}``. A field of type :class:`Html` is markup ready to stand in
the page; a ``str`` is plain text and is escaped by the template. ``docs/templates.md`` lists the
templates and what else they may use. URLs are relative to the page the block stands on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, TypeAlias

from markupsafe import Markup

Html: TypeAlias = Markup


@dataclass(frozen=True)
class Link:
    """Something to go to: a chapter, a numbered thing, or a place of use."""

    url: str
    title: str
    number: str = ""
    description: str = ""


@dataclass(frozen=True)
class SideNote:
    """A numbered note. The text refers to it with ``a.note-ref#ID-ref[href="#ID"]``."""

    id: str
    number: int
    html: Html


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
class SliderView:
    """A slider and the number typed beside it.

    The range runs over ``range_*``: the values themselves, or indices into ``values`` where the
    slider has a list. The number field always holds the value itself.
    """

    kind: ClassVar[str] = "slider"
    id: str
    name: str
    label: str
    symbol: Html
    unit: str
    value: str
    text: str  # the value, formatted
    min: str
    max: str
    step: str  # "any" where the slider has a list of values
    low: str  # the ends of the scale, formatted
    high: str
    range_value: str
    range_min: str
    range_max: str
    range_step: str


@dataclass(frozen=True)
class OptionView:
    """One option of a choice."""

    value: str
    label: str
    checked: bool


@dataclass(frozen=True)
class ChoiceView:
    """Radio buttons in a fieldset."""

    kind: ClassVar[str] = "choice"
    id: str
    name: str
    label: str
    symbol: Html
    options: tuple[OptionView, ...]


@dataclass(frozen=True)
class ToggleView:
    """A checkbox."""

    kind: ClassVar[str] = "toggle"
    id: str
    name: str
    label: str
    symbol: Html
    checked: bool


@dataclass(frozen=True)
class PointView:
    """Two number fields, named ``NAME.x`` and ``NAME.y``."""

    kind: ClassVar[str] = "point"
    id: str
    name: str
    label: str
    symbol: Html
    x: str
    y: str
    limit: str
    step: str
    panel: str


@dataclass(frozen=True)
class SeedView:
    """A whole number and a button that draws another."""

    kind: ClassVar[str] = "seed"
    id: str
    name: str
    label: str
    value: str
    max: str


ControlView: TypeAlias = SliderView | ChoiceView | ToggleView | PointView | SeedView


@dataclass(frozen=True)
class ReadoutView:
    """A number under the controls, formatted as the page will format it."""

    key: str
    label: str
    symbol: Html
    unit: str
    value: str


@dataclass(frozen=True)
class PlotStill:
    """First drawing of a plot panel, twice: CSS container queries show one."""

    kind: ClassVar[str] = "plot"
    key: str
    wide: Html  # svg.still.wide, 600 px, or 292 px for a half panel
    narrow: Html  # svg.still.narrow, 320 px
    alt: str
    half: bool  # beside another half panel where the page is wide


@dataclass(frozen=True)
class TilesStill:
    """First picture of a tiles panel: a PNG whose alpha is the ink, used as a mask."""

    kind: ClassVar[str] = "tiles"
    key: str
    src: str
    width: int  # image pixels, gaps included
    height: int
    alt: str
    captions: tuple[str, ...]
    half: bool


PanelStill: TypeAlias = PlotStill | TilesStill


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
class StreamOutput:
    """What a snippet printed."""

    kind: ClassVar[str] = "stream"
    name: str  # stdout | stderr
    text: str


@dataclass(frozen=True)
class TextOutput:
    """The value of a snippet's last expression."""

    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True)
class FigureOutput:
    """A figure that a snippet left as its last value."""

    kind: ClassVar[str] = "figure"
    wide: Html
    narrow: Html


Output: TypeAlias = StreamOutput | TextOutput | FigureOutput


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


@dataclass(frozen=True)
class Section:
    """A numbered section: everything up to the next ``##``."""

    label: str
    number: str
    html: Html  # the title
    title: str
    blocks: tuple[Block, ...]

    @property
    def headings(self) -> tuple[Heading, ...]:
        """The headings inside, for the list of contents."""
        return tuple(b for b in self.blocks if isinstance(b, Heading) and b.level == 3)


@dataclass(frozen=True)
class Reference:
    """One source. ``html`` is its full entry, ``short`` reads like Baldi & Hornik 1989."""

    key: str
    short: str
    html: Html
    url: str  # its DOI, arXiv or web address; may be empty
    uses: tuple[Link, ...]


@dataclass(frozen=True)
class Fact:
    """One claim of the ledger."""

    id: str
    claim: Html
    sources: tuple[Link, ...]
    confidence: str
    checked: date
    note: Html
    uses: tuple[Link, ...]


@dataclass(frozen=True)
class Dispute:
    """A statement on which sources differ."""

    html: Html
    sources: tuple[Link, ...]


@dataclass(frozen=True)
class Chapter:
    """One chapter, or the front page (whose number is empty)."""

    slug: str
    number: str
    title: str
    standfirst: Html
    level: str
    description: str
    builds_on: tuple[Link, ...]
    minutes: int
    lead: tuple[Block, ...]  # what stands before the first section
    sections: tuple[Section, ...]
    instruments: tuple[Link, ...]
    questions: tuple[Link, ...]
    snippets: tuple[Link, ...]
    references: tuple[Reference, ...]  # cited here, in alphabetical order
    previous: Link | None
    next: Link | None
    notebook: str  # URL of SLUG.ipynb
    script: str  # URL of SLUG.py


@dataclass(frozen=True)
class Part:
    """A titled group of chapters, for the page of contents."""

    title: str
    chapters: tuple[Chapter, ...]


@dataclass(frozen=True)
class Book:
    """Everything the pages are made from."""

    title: str
    subtitle: str
    description: str
    language: str
    front: Chapter
    parts: tuple[Part, ...]
    facts: tuple[Fact, ...]
    gaps: tuple[Html, ...]
    disputed: tuple[Dispute, ...]
    references: tuple[Reference, ...]

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        """All chapters in reading order."""
        return tuple(chapter for part in self.parts for chapter in part.chapters)


@dataclass(frozen=True)
class Page:
    """What the frame around a page needs."""

    name: str  # front | chapter | contents | facts | references | missing
    title: str  # for <title>: "Autoencoders & VAEs · Latentbook"
    description: str
    root: str  # "./" or "../": for data-root and for links
    config: Html  # JSON for script#latentbook-config, safe inside a script element
