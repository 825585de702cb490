"""What blocks are made of: markup, links, notes, controls, stills, outputs."""

from __future__ import annotations

from dataclasses import dataclass
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

    said: ClassVar[tuple[str, ...]] = ("html",)
    id: str
    number: int
    html: Html


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
    """Radio buttons in a fieldset, with a button that goes through them where ``plays``."""

    kind: ClassVar[str] = "choice"
    id: str
    name: str
    label: str
    symbol: Html
    options: tuple[OptionView, ...]
    kept: bool  # and one for what the reader has trained and kept
    plays: bool


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


@dataclass(frozen=True)
class SeedView:
    """A whole number and a button that draws another."""

    kind: ClassVar[str] = "seed"
    id: str
    name: str
    label: str
    value: str


@dataclass(frozen=True)
class ViewportView:
    """Three number fields, named ``NAME.x``, ``NAME.y`` and ``NAME.zoom``."""

    kind: ClassVar[str] = "viewport"
    id: str
    name: str
    label: str
    symbol: Html
    x: str
    y: str
    zoom: str


@dataclass(frozen=True)
class DrawingView:
    """How to draw: the rest is done on the pad."""

    kind: ClassVar[str] = "drawing"
    id: str
    name: str
    label: str
    cells: bool


ControlView: TypeAlias = (
    SliderView | ChoiceView | ToggleView | PointView | SeedView | ViewportView | DrawingView
)


@dataclass(frozen=True)
class ReadoutView:
    """A number under the controls, formatted as the page will format it."""

    key: str
    label: str
    symbol: Html
    unit: str
    value: str


EMPTY_CONTROLS: tuple[ControlView, ...] = (
    SliderView("", "", "", Html(), " ", "", "", "", "", "0", "0", "1", "1"),
    ChoiceView("", "", "", Html(), (OptionView("", "", False),), False, True),
    ToggleView("", "", "", Html(), False),
    PointView("", "", "", Html(), "", ""),
    SeedView("", "", "", ""),
    ViewportView("", "", "", Html(), "", "", ""),
    DrawingView("", "", "", False),
)
"""One of each kind: what the page makes the controls of a reader's own declaration from."""


@dataclass(frozen=True)
class PlotStill:
    """First drawing of a plot panel at several widths: CSS container queries show one."""

    kind: ClassVar[str] = "plot"
    key: str
    stills: tuple[Html, ...]  # the widest first
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


@dataclass(frozen=True)
class MapStill:
    """First picture of a map, as of tiles, but without captions: scripts redraw it."""

    kind: ClassVar[str] = "map"
    key: str
    src: str
    alt: str
    half: bool


@dataclass(frozen=True)
class PadStill:
    """First picture of a pad, as of a map."""

    kind: ClassVar[str] = "pad"
    key: str
    src: str
    alt: str
    half: bool


PanelStill: TypeAlias = PlotStill | TilesStill | MapStill | PadStill


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
class Symbol:
    """What a symbol of the equations means. ``shape`` and ``code`` may be empty."""

    id: str  # data-symbol in the page
    html: Html  # the symbol itself
    words: Html
    shape: str
    code: str


@dataclass(frozen=True)
class Term:
    """A term of the glossary; ``place`` is where the text defines it."""

    id: str
    name: str
    meaning: Html
    place: Link
