"""Parts of blocks: markup, links, notes, controls, stills, outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from markupsafe import Markup

from latentbook.book.compose.math_words import Formula
from latentbook.book.compose.text import Address, Text
from widgets.contract import Control, Value

Html: TypeAlias = Markup


@dataclass(frozen=True)
class Link:
    """A link to a chapter, a numbered thing, or a place of use."""

    url: Address
    title: str
    number: str = ""
    description: str = ""


@dataclass(frozen=True)
class SideNote:
    """A numbered note. The text refers to it with ``a.note-ref#ID-ref[href="#ID"]``."""

    said: ClassVar[tuple[str, ...]] = ("html",)
    id: str
    number: int
    html: Text


@dataclass(frozen=True)
class ControlView:
    """A control at a value, as ``templates/controls/KIND.html`` receives it."""

    control: Control
    value: Value
    id: str
    symbol: Formula | None  # set from the control's TeX

    @property
    def texts(self) -> list[str]:
        """The texts of its fields."""
        return self.control.write(self.value).split(",")


@dataclass(frozen=True)
class ReadoutView:
    """A number under the controls, formatted as the page will format it."""

    key: str
    label: str
    symbol: Formula | None
    unit: str
    value: str


@dataclass(frozen=True)
class PanelStill:
    """The first picture of an instrument's panel.

    Attributes
    ----------
    kind : plot, tiles, map or pad
    half : beside another half panel where the page is wide
    stills : drawings of a plot, the widest first: CSS container queries show one
    empty : the same with the axes alone, for a class to draw a curve in, if there is one pair of
        axes with a curve that never runs back
    boxes : where the axes are in each: left, top, width and height as shares of the picture
    src : of the other kinds, below the root of the site: a PNG whose alpha is the ink, used as a
        mask
    width, height : of that PNG in pixels, gaps included
    """

    kind: str
    key: str
    alt: str
    half: bool
    stills: tuple[Html, ...] = ()
    empty: tuple[Html, ...] = ()
    boxes: tuple[tuple[float, ...], ...] = ()
    src: str = ""
    width: int = 0
    height: int = 0
    captions: tuple[str, ...] = ()


@dataclass(frozen=True)
class StreamOutput:
    kind: ClassVar[str] = "stream"
    name: str  # stdout | stderr
    text: str


@dataclass(frozen=True)
class TextOutput:
    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True)
class FigureOutput:
    kind: ClassVar[str] = "figure"
    wide: Html
    narrow: Html


Output: TypeAlias = StreamOutput | TextOutput | FigureOutput


@dataclass(frozen=True)
class Symbol:
    """A symbol of the equations. ``shape`` and ``code`` may be empty."""

    id: str  # data-symbol in the page
    html: Text  # the symbol itself
    words: Text
    shape: str
    code: str


@dataclass(frozen=True)
class Term:
    """A term of the glossary; ``place`` is where the text defines it."""

    id: str
    name: str
    meaning: Text
    place: Link
