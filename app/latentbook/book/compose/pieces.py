"""Running text, links and other parts of blocks: notes, controls, stills, outputs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated, Any, ClassVar, TypeAlias, TypeVar

from markdown_it.token import Token
from markupsafe import Markup

from latentbook.book.compose.math_words import Formula
from widgets.contract import Control, Value

T = TypeVar("T")

PUBLIC = "public"
Public = Annotated[T, PUBLIC]
"""The type of a field that reveals nothing about the answer."""


@dataclass(frozen=True)
class Address:
    """A page of the book, or the element with this ``id`` on it.

    ``book`` is the URL of another book; None if it is unknown, so that no link can lead there.
    """

    page: str
    id: str = ""
    book: str | None = ""


@dataclass(frozen=True)
class Layout:
    """Addresses of links on one page of the site, and the ids on it.

    Attributes
    ----------
    root : relative address of the site's root from this page
    here : the page of the book whose text is printed
    starts : for each page of the book shown here, the id at which it begins; empty if this page
        shows nothing else
    prefixes : prefix of the ids of each page of the book
    inside : ``data:`` addresses, by place, of files that the site does not have
    """

    root: str
    here: str = ""
    starts: Mapping[str, str] = field(default_factory=dict)
    prefixes: Mapping[str, str] = field(default_factory=dict)
    inside: Mapping[str, str] = field(default_factory=dict)

    def file(self, place: str) -> str:
        """The address of a picture."""
        return self.inside.get(place) or self.root + place

    def url(self, to: Address) -> str:
        start = self.starts.get(to.page)
        if start is not None and not to.book and (to.id or start):
            return "#" + (self.id(to.id, to.page) if to.id else start)
        page = f"{to.book or self.root}{to.page}/" if to.page else to.book or self.root
        return f"{page}#{to.id}" if to.id else page

    def home(self, id: str) -> str:
        """Return the address in the book itself of an id on the printed page."""
        alone = self.starts.get(self.here) == ""
        return f"#{id}" if alone else replace(self, starts={}).url(Address(self.here, id))

    def id(self, id: str, page: str | None = None) -> str:
        return self.prefixes.get(self.here if page is None else page, "") + id


@dataclass(frozen=True)
class Text:
    """Running text as tokens of markdown-it, with all references resolved.

    In a token's ``meta``, ``to`` is the :class:`Address` to which a link leads. ``file`` is the
    place of a picture below the site's root, and ``math`` a typeset equation.
    """

    tokens: tuple[Token, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tokens)

    @cached_property
    def words(self) -> str:
        return " ".join("".join(_words(self.tokens)).split())


def _words(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token.children is not None:
            yield from _words(token.children)
        elif "math" in token.meta:
            yield token.meta["math"].words
        elif token.content:
            yield token.content
        if token.type in ("softbreak", "hardbreak") or (token.block and token.nesting == -1):
            yield " "


def plain(words: str) -> Token:
    return Token("text", "", 0, content=words)


def element(
    tag: str, inside: Iterable[Token], to: Address | None = None, /, **attributes: str
) -> Iterator[Token]:
    """Wrap tokens in an element; with ``to``, in a link."""
    name = "link" if tag == "a" else tag
    attrs: dict[str, Any] = {key.rstrip("_"): value for key, value in attributes.items()}
    yield Token(f"{name}_open", tag, 1, attrs=attrs, meta={"to": to} if to else {})
    yield from inside
    yield Token(f"{name}_close", tag, -1)


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
    half : whether it is next to another half panel on a wide page
    stills : drawings of a plot, the widest first: CSS container queries show one
    empty : the same with axes only, for a class to draw a curve in, if there is one pair of axes
        with a curve that never runs back
    boxes : position of the axes in each: left, top, width and height as shares of the picture
    src : for other kinds, a file below the site's root: a PNG in colour, or a mask whose alpha is
        the ink
    width, height : size of that PNG in pixels, gaps included; for a gallery, of one image
    colour : whether the PNG is in colour
    gallery : of a gallery, its parts as in the frame
    places : position and size of each gallery image in the PNG, in CSS
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
    colour: bool = False
    gallery: Mapping[str, Any] | None = None
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class Output:
    """Output of code: text, the drawings of a figure, a picture, or HTML."""

    kind: str  # stdout | stderr | value | figure | picture | rich
    text: str | Html | Text


@dataclass(frozen=True)
class Symbol:
    """A symbol of the equations. ``shape`` and ``code`` may be empty.

    On the page of notation, ``uses`` lists the pages that have it.
    """

    id: str  # data-symbol in the page
    html: Text  # the symbol itself
    words: Text
    shape: str
    code: str
    uses: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Term:
    """A term of the glossary; ``place`` is where the text defines it."""

    id: str
    name: str
    meaning: Text
    place: Link
