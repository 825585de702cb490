"""The kinds of control: their declarations, and how their values are checked, read and written.

Instruments import them from :mod:`widgets.contract`. ``compute`` also gets the value of a control
that ``when`` hides.

Values are text in addresses (``?LABEL.CONTROL=VALUE``, static/js/instrument/state.js), in a block's
option ``set`` and in queries of the API: ``30``, ``mnist``, ``on``, ``1,-2``, ``smiling cat``.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from widgets.kit.drawing import COLOURS, to_colours, to_pixels, to_text
from widgets.kit.text import normal
from widgets.renamed import renamed_fields

if TYPE_CHECKING:
    from random import Random

__all__ = [  # names that :mod:`widgets.contract` re-exports for instruments
    "YOURS",
    "Choice",
    "ContractError",
    "Control",
    "Drawing",
    "Glyph",
    "Point",
    "Seed",
    "Slider",
    "Textbox",
    "Toggle",
    "Value",
    "Viewport",
    "When",
]

Value: TypeAlias = float | int | bool | str | tuple[float, float] | tuple[float, float, float]
When: TypeAlias = tuple[str, ...]
"""A choice's name and some of its options: the control is active only while one of these is chosen.

Otherwise the page hides it, and ``compute`` still gets its value.
"""

NAME = re.compile(r"[a-z][a-z0-9_]*")


class ContractError(ValueError):
    """An instrument, a control's value or a figure breaks the contract.

    Attributes
    ----------
    line : in a reader's version of an instrument, if known
    """

    line: int | None = None


class Refused(ValueError):
    """A control does not accept a value; the message states the accepted values."""


class ControlBase:
    """Base of all kinds.

    A kind defines ``take``, ``ends`` and ``draw``, and ``parse`` if its text is not a number. A
    kind that is set on a panel has a field ``panel`` and states that panel's kind.
    """

    kind: ClassVar[str]
    panel_kind: ClassVar[str] = ""
    panel: str  # only if it is set on one
    name: str
    label: str
    default: Any

    def take(self, value: Any) -> Any:
        """Convert a value to the type that ``compute`` expects.

        Raises
        ------
        Refused
            States what is accepted.
        """
        raise NotImplementedError

    def ends(self) -> Sequence[Value]:
        """Return the values at its ends, or all values if they are few."""
        raise NotImplementedError

    def draw(self, source: Random) -> Value:
        """Draw a value at random."""
        return source.choice(self.ends())

    def parse(self, text: str) -> Any:
        """Parse a text, without checking the value against this control."""
        return number_from(text)

    def accept(self, value: Any) -> Any:
        """Check a value and convert it to the type that ``compute`` expects.

        Raises
        ------
        ContractError
            Names the control, the value received and those accepted.
        """
        try:
            return self.take(value)
        except Refused as wanted:
            raise ContractError(
                f"{self.name} = {value!r} is not accepted: it must be {wanted}."
            ) from None

    def read(self, text: str) -> Value:
        """Parse a text and check its value.

        Raises
        ------
        ContractError
            Names the control, the text received and the text accepted.
        """
        try:
            value = self.parse(text)
            self.take(value)
        except Refused as wanted:
            raise ContractError(f"{self.name}={text} must be {wanted}") from None
        read: Value = value
        return read

    def write(self, value: Any) -> str:
        """Convert a value to text that `read` accepts."""
        if isinstance(value, bool):
            return "on" if value else "off"
        if isinstance(value, list | tuple):
            return ",".join(map(self.write, value))
        return value if isinstance(value, str) else text_of(value)

    def declared(self) -> dict[str, Any]:
        """The declaration as the page gets it (static/js/instrument/spec.js)."""
        said = {name: value for name, value in vars(self).items() if name != "panel" or value}
        return {"kind": self.kind, **said}

    def check(self) -> None:
        """Check the declaration: name, label and default.

        Raises
        ------
        ContractError
            States what was found and what is accepted.
        """
        if not NAME.fullmatch(self.name):
            raise ContractError(
                f"A control is named {self.name!r}; accepted: a Python name in lower case"
            )
        if not self.label.strip():
            raise ContractError(f"The label of {self.name} is empty; accepted: some text")
        try:
            self.take(self.default)
        except Refused as wanted:
            raise self.wrong_default(str(wanted)) from None

    def wrong_default(self, accepted: str) -> ContractError:
        """The error for a default that the control does not accept."""
        return ContractError(
            f"The default of {self.name} is {self.default!r}; accepted: {accepted}"
        )


MAX_STEPS = 10_000
"""Limit for a slider, which draws and checks each step."""


@dataclass(frozen=True)
class Slider(ControlBase):
    r"""A number between two ends, or one of a list of numbers in order (``values``).

    ``compute`` gets a float, or an int if ``min``, ``max`` and ``step`` are ints.

    Parameters
    ----------
    name : argument of ``compute`` that gets the value, in lower case
    label : text that readers see
    default : a step of the slider, or one of ``values``
    min : lower end, in ``unit``
    max : upper end, in ``unit``, above ``min``
    step : distance of neighbouring values, in ``unit``, above 0
    values : ascending numbers to choose from, instead of ``min``, ``max`` and ``step``
    symbol : TeX after the label, set at build time: "k", r"\beta"
    unit : after the number: "nats", "px"
    format : Python format of the number next to the slider
    when : ``("data", "mnist")``: shown only while the choice has this option, or one of several
    panel : key of the gallery (:class:`Tiles` with labels) on which it is also set, if any
    """

    kind: ClassVar[str] = "slider"
    panel_kind: ClassVar[str] = "tiles"
    name: str
    label: str
    default: float
    min: float = 0.0
    max: float = 1.0
    step: float = 1.0
    values: tuple[float, ...] = ()
    symbol: str = ""
    unit: str = ""
    format: str = "g"
    when: When | None = None
    panel: str = ""

    def steps(self) -> tuple[float, ...]:
        """Every value the slider can take, ascending."""
        if self.values:
            return self.values
        count = math.floor((self.max - self.min) / self.step + 1e-9)
        return tuple(min(step, self.max) for step in scale_from(self.min, self.step, count + 1))

    def shown(self, value: float) -> str:
        """A value as it is printed next to the slider."""
        return format(value, self.format)

    def nearest(self, value: float) -> float:
        """The step nearest to a number."""
        return min(self.steps(), key=lambda step: abs(step - value))

    def scale(self, value: float) -> tuple[float, float, float, float]:
        """Value, ends and step of the native slider; with ``values`` these are indices."""
        if self.values:
            return self.values.index(self.nearest(value)), 0, len(self.values) - 1, 1
        return value, *self.ends(), self.step

    def take(self, value: Any) -> float:
        """A number on the scale; an int if both ends and the step are."""
        if self.values:
            near = self.nearest(finite(value))
            if not math.isclose(near, value, rel_tol=1e-9, abs_tol=1e-12):
                raise Refused(self.accepted())
            return near
        whole = all(isinstance(end, int) for end in (self.min, self.max, self.step))
        return (whole_number if whole else within)(value, self.min, self.max)

    def parse(self, text: str) -> float:
        """A step of the slider."""
        value = number_from(text)
        near = self.nearest(value)
        low, high = self.ends()
        if abs(near - value) > 1e-9 * (high - low):
            raise Refused(self.accepted())
        return near

    def ends(self) -> tuple[float, float]:
        steps = self.steps()
        return steps[0], steps[-1]

    def draw(self, source: Random) -> float:
        return source.choice(self.steps())

    def declared(self) -> dict[str, Any]:
        """Add the printed ends of the scale."""
        return {**super().declared(), "ends": [self.shown(end) for end in self.ends()]}

    def accepted(self) -> str:
        if self.values:
            return "one of " + ", ".join(f"{value:g}" for value in self.values)
        return f"a step of the slider, {self.min:g} to {self.max:g} by {self.step:g}"

    def check(self) -> None:
        """Check that the scale ascends and contains the default, and the format."""
        for name in ("default", "min", "max", "step"):
            if not isinstance(value := getattr(self, name), int | float):
                raise ContractError(f"The {name} of {self.name} is {value!r}; accepted: a number")
        if self.values:
            if list(self.values) != sorted(set(self.values)):
                raise ContractError(
                    f"The values of {self.name} do not ascend; accepted: ascending numbers"
                )
        elif not self.min < self.max or not self.step > 0:
            raise ContractError(
                f"{self.name} runs from {self.min:g} to {self.max:g} in steps of {self.step:g}; "
                "accepted: min below max, step above 0"
            )
        elif (steps := (self.max - self.min) / self.step) > MAX_STEPS:
            raise ContractError(
                f"{self.name} has {steps:,.0f} steps; accepted: {MAX_STEPS:,} at most"
            )
        if not math.isclose(self.nearest(self.default), self.default, abs_tol=1e-9):
            raise self.wrong_default(self.accepted())
        super().check()
        check_format(f"The format of {self.name}", self.format)


YOURS = "yours"
"""The option for the network that the reader has trained and saved."""


@renamed_fields(kept="yours", plays="autoplay_seconds")
@dataclass(frozen=True)
class Choice(ControlBase):
    """One of a few named options.

    ``compute`` gets the option, a str.

    Parameters
    ----------
    name : argument of ``compute`` that gets the value, in lower case
    label : text that readers see
    options : each option to its label
    default : an option
    symbol : TeX after the label, set at build time
    when : ``("data", "mnist")``: shown only while the choice has this option, or one of several
    yours : one more option, `YOURS`, for readers who have trained and saved a network
    autoplay_seconds : above 0, readers can play the options in turn, each for this many seconds
    panel : key of the gallery (:class:`Tiles` with labels) on which it is also set, if any
    """

    kind: ClassVar[str] = "choice"
    panel_kind: ClassVar[str] = "tiles"
    name: str
    label: str
    options: Mapping[str, str]
    default: str
    symbol: str = ""
    when: When | None = None
    yours: bool = False
    autoplay_seconds: float = 0.0
    panel: str = ""

    def values(self) -> tuple[str, ...]:
        return (*self.options, YOURS) if self.yours else tuple(self.options)

    def ends(self) -> tuple[str, ...]:
        return tuple(self.options)

    def take(self, value: Any) -> str:
        if value not in self.values():
            raise Refused("one of " + ", ".join(self.options))
        return str(value)

    def parse(self, text: str) -> str:
        """Return the text: an option is its own text."""
        return text

    def check(self) -> None:
        """Check the options, the default, which is not `YOURS`, and the seconds."""
        if not isinstance(self.options, Mapping):
            raise ContractError(
                f"The options of {self.name} are {self.options!r}; accepted: a dict, "
                '{"mnist": "Handwritten digits"}'
            )
        if self.default not in self.options:
            raise self.wrong_default(", ".join(map(repr, self.options)))
        seconds = self.autoplay_seconds
        if not (isinstance(seconds, int | float) and 0 <= seconds < math.inf):
            raise ContractError(
                f"autoplay_seconds of {self.name} is {seconds!r}; accepted: a number of seconds, "
                "or 0 for no Play button"
            )
        super().check()


@dataclass(frozen=True)
class Toggle(ControlBase):
    """On or off.

    ``compute`` gets a bool.

    Parameters
    ----------
    name : argument of ``compute`` that gets the value, in lower case
    label : text that readers see
    default : the initial value
    symbol : TeX after the label, set at build time
    when : ``("data", "mnist")``: shown only while the choice has this option, or one of several
    """

    kind: ClassVar[str] = "toggle"
    name: str
    label: str
    default: bool = False
    symbol: str = ""
    when: When | None = None

    def ends(self) -> tuple[bool, bool]:
        return False, True

    def take(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise Refused("True or False")
        return value

    def parse(self, text: str) -> bool:
        """``on`` or ``off``."""
        if text not in ("on", "off"):
            raise Refused("on or off")
        return text == "on"


@dataclass(frozen=True)
class Point(ControlBase):
    """A place in the plane of a plot, set by pointer or keys, or as numbers.

    ``compute`` gets two floats, (x, y).

    Parameters
    ----------
    name : argument of ``compute`` that gets the value, in lower case
    label : text that readers see
    default : (x, y), in units of the plot's axes
    limit : the largest absolute value of either coordinate, in units of the plot's axes
    panel : key of the :class:`Plot` on which it is set
    step : of the arrow keys, in units of the plot's axes
    symbol : TeX after the label, set at build time
    when : ``("data", "mnist")``: shown only while the choice has this option, or one of several
    hover : the picture also follows the mouse while it is over the panel
    """

    kind: ClassVar[str] = "point"
    panel_kind: ClassVar[str] = "plot"
    name: str
    label: str
    default: tuple[float, float]
    limit: float
    panel: str
    step: float = 0.1
    symbol: str = ""
    when: When | None = None
    hover: bool = False

    def ends(self) -> tuple[tuple[float, float], tuple[float, float]]:
        return (-self.limit, -self.limit), (self.limit, self.limit)

    def draw(self, source: Random) -> tuple[float, float]:
        return source.uniform(-1, 1) * self.limit, source.uniform(-1, 1) * self.limit

    def take(self, value: Any) -> tuple[float, float]:
        """Two numbers up to the limit."""
        x, y = several(
            value, (self.limit, self.limit), f"two numbers {up_to(self.limit)}, like 1,-2"
        )
        return x, y

    def parse(self, text: str) -> tuple[float, ...]:
        """Numbers with commas between them."""
        return numbers_from(text)


@dataclass(frozen=True)
class Seed(ControlBase):
    """The seed of a generator, ``np.random.default_rng(seed)``.

    ``compute`` gets an int.

    Parameters
    ----------
    name : argument of ``compute`` that gets the value, in lower case
    label : text that readers see
    default : a whole number from 0
    max : the largest seed that readers can draw
    when : ``("data", "mnist")``: shown only while the choice has this option, or one of several
    """

    kind: ClassVar[str] = "seed"
    name: str = "seed"
    label: str = "Seed"
    default: int = 0
    max: int = 999
    when: When | None = None

    def ends(self) -> tuple[int, int]:
        return 0, self.max

    def draw(self, source: Random) -> int:
        return source.randint(0, self.max)

    def take(self, value: Any) -> int:
        """A whole number from 0."""
        return whole_number(value, 0, self.max)

    def parse(self, text: str) -> float:
        """A number; an int if it is whole."""
        value = number_from(text)
        return int(value) if value.is_integer() else value


@dataclass(frozen=True)
class Viewport(ControlBase):
    """The visible part of a map: the code (x, y) at its centre, and the zoom.

    Set by dragging, wheel, pinch, keys and buttons, or as numbers. At zoom k the plane has
    2^k x 2^k tiles. For the code under the pointer, and for tiles that no server sends, the page
    requests the frame of another view: a frame describes only the code at the centre and the tile
    around it. ``compute`` gets three floats, (x, y, zoom).

    Parameters
    ----------
    name : argument of ``compute`` that gets the value, in lower case
    label : text that readers see
    default : (x, y, zoom)
    panel : key of the :class:`Map` on which it is set
    limit : the plane runs from -limit to limit both ways
    max_zoom : the largest zoom, from 0
    symbol : TeX after the label, set at build time
    when : ``("data", "mnist")``: shown only while the choice has this option, or one of several
    """

    kind: ClassVar[str] = "viewport"
    panel_kind: ClassVar[str] = "map"
    name: str
    label: str
    default: tuple[float, float, float]
    panel: str
    limit: float
    max_zoom: int = 18
    symbol: str = ""
    when: When | None = None

    def ends(self) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        limit = self.limit
        return (-limit, -limit, 0.0), (limit, limit, float(self.max_zoom))

    def draw(self, source: Random) -> tuple[float, float, float]:
        x, y = (source.uniform(-1, 1) * self.limit for _ in "xy")
        return x, y, source.uniform(0, self.max_zoom)

    def take(self, value: Any) -> tuple[float, float, float]:
        """Two numbers up to the limit, and a zoom."""
        wanted = (
            f"two numbers {up_to(self.limit)} and a zoom from 0 to {self.max_zoom}, like 1,-2,4"
        )
        x, y, zoom = several(value, (self.limit, self.limit, self.max_zoom), wanted)
        if zoom < 0:
            raise Refused(wanted)
        return x, y, zoom

    def parse(self, text: str) -> tuple[float, ...]:
        """Numbers with commas between them."""
        return numbers_from(text)


@dataclass(frozen=True)
class Drawing(ControlBase):
    """A small grey image that the reader draws, by pointer or by keys.

    ``compute`` gets an ndarray of shape (side, side), uint8, 255 is ink. Page and Python exchange
    it as text (:func:`widgets.kit.drawing.to_text`).

    Parameters
    ----------
    name : argument of ``compute`` that gets the value, in lower case
    label : text that readers see
    default : the image as text: ``to_text(image)``, or an empty one of 28 x 28 by
        ``to_text(np.zeros((28, 28), np.uint8))``
    panel : key of the :class:`Pad` on which it is drawn
    side : pixels along each side
    pen : width of a stroke, in pixels, above 0
    cells : instead of a pen, a touched pixel becomes full ink, or empty if the stroke began on an
        inked one
    when : ``("data", "mnist")``: shown only while the choice has this option, or one of several
    """

    kind: ClassVar[str] = "drawing"
    panel_kind: ClassVar[str] = "pad"
    name: str
    label: str
    default: str
    panel: str
    side: int = 28
    pen: float = 2.2
    cells: bool = False
    when: When | None = None

    def ends(self) -> tuple[str, str]:
        """Empty, and full of ink."""
        empty = np.zeros((self.side, self.side), np.uint8)
        return to_text(empty), to_text(empty + 255)

    def draw(self, source: Random) -> str:
        greys = np.random.default_rng(source.randint(0, 999))
        return to_text(greys.integers(0, 256, self.side**2))

    def take(self, value: Any) -> NDArray[np.uint8]:
        """The image, uint8 of shape (side, side)."""
        if not isinstance(value, str):
            raise Refused("a drawing as text")
        try:
            return to_pixels(value, self.side)
        except ValueError as error:
            raise ContractError(f"{self.name} is not accepted: {error}.") from None

    def parse(self, text: str) -> str:
        """Return the text: a drawing is its own text."""
        return text

    def check(self) -> None:
        """Check the default and the pen."""
        if not self.pen > 0:
            raise ContractError(f"The pen of {self.name} is {self.pen:g}; accepted: above 0")
        super().check()


MAX_CHARACTERS = 200
"""Limit for a text, so that it fits in a link (static/js/instrument/state.js)."""

SAMPLES = ("camel", "<b>", "\"'&amp;", "שלום", "👩‍👩‍👧", "q̈")
"""Words, marks of HTML, a word from right to left, joined emoji and an accent without a letter."""


@dataclass(frozen=True)
class Textbox(ControlBase):
    """A line of text that the reader types: a word, a few words, a sentence with a gap.

    ``compute`` gets a str, as :func:`widgets.kit.text.normal` returns it: in NFC, with single
    spaces between words, without control characters, of at most ``max_length`` characters. It may
    be empty, and it may contain markup: pass it through :func:`widgets.kit.text.plain` for a
    figure's label. The picture follows while the reader types, but not while an input method
    composes a character.

    Parameters
    ----------
    name : argument of ``compute`` that gets the value, in lower case
    label : text that readers see
    default : a text, or "" for none
    max_length : characters, 1 to 200; the text boxes of an instrument have 400 at most together
    suggestions : texts that readers can choose by buttons
    placeholder : text in the empty field, such as an example; not every reader hears it, so it
        must not be needed
    symbol : TeX after the label, set at build time
    when : ``("data", "mnist")``: shown only while the choice has this option, or one of several
    """

    kind: ClassVar[str] = "textbox"
    name: str
    label: str
    default: str = ""
    max_length: int = 40
    suggestions: tuple[str, ...] = ()
    placeholder: str = ""
    symbol: str = ""
    when: When | None = None

    def ends(self) -> tuple[str, str]:
        """The empty text, and one unbroken word of the greatest length."""
        return "", "W" * self.max_length

    def draw(self, source: Random) -> str:
        """Mix samples, suggestions and assigned characters of Unicode."""
        drawn = map(chr, source.sample(range(0x110000), self.max_length))
        some = "".join(each for each in drawn if unicodedata.category(each) != "Cn")
        words = source.choices([*SAMPLES, *self.suggestions, some], k=3)
        return normal(" ".join(words), self.max_length)[: self.max_length].strip()

    def take(self, value: Any) -> str:
        """The text in its normal form."""
        if not isinstance(value, str):
            raise Refused("a text")
        text = normal(value, self.max_length)
        if len(text) > self.max_length:
            raise ContractError(
                f"{self.name} has {max(len(value), len(text)):,} characters; "
                f"accepted: {self.max_length} at most"
            )
        return text

    def parse(self, text: str) -> str:
        """The text in its normal form."""
        return normal(text, self.max_length)

    def check(self) -> None:
        """Check the limit, and that default and suggestions are in their normal form."""
        if type(self.max_length) is not int or not 1 <= self.max_length <= MAX_CHARACTERS:
            raise ContractError(
                f"max_length of {self.name} is {self.max_length!r}; "
                f"accepted: 1 to {MAX_CHARACTERS} characters"
            )
        if not isinstance(self.suggestions, tuple | list):
            raise ContractError(
                f"The suggestions of {self.name} are {self.suggestions!r}; "
                'accepted: a list, ["camel", "smiling cat"]'
            )
        super().check()
        for text in (self.default, *self.suggestions):
            if (form := self.accept(text)) != text:
                raise ContractError(f"{self.name} has the text {text!r}; accepted: {form!r}")
        if "" in self.suggestions or len({*self.suggestions}) < len(self.suggestions):
            raise ContractError(
                f"The suggestions of {self.name} are {self.suggestions!r}; "
                "accepted: each once, and none that is empty"
            )
        if not isinstance(self.placeholder, str):
            raise ContractError(
                f"The placeholder of {self.name} is {self.placeholder!r}; accepted: some text"
            )


MAX_POINTS = 16
"""Code points of a character: a family with skin tones has 11, the flag of Wales 7."""


@dataclass(frozen=True)
class Glyph(ControlBase):
    """A character in the reader's own fonts, such as an emoji, drawn by the page.

    ``compute`` gets a pair: the character, a str, and its picture, an ndarray of shape
    (side, side, 3), uint8, on white; or None for the picture until the reader chooses a
    character, in print, and wherever else nothing draws. As text a value is the character,
    a space and the picture (:func:`widgets.kit.drawing.to_colours`), so that a link shows what its
    sender saw.

    Parameters
    ----------
    name : argument of ``compute`` that gets the value, in lower case
    label : text that readers see
    default : a character
    side : pixels along each side of the picture
    suggestions : characters that readers can choose by buttons
    symbol : TeX after the label, set at build time
    when : ``("data", "mnist")``: shown only while the choice has this option, or one of several
    """

    kind: ClassVar[str] = "glyph"
    name: str
    label: str
    default: str
    side: int = 32
    suggestions: tuple[str, ...] = ()
    symbol: str = ""
    when: When | None = None

    def ends(self) -> tuple[str, str, str]:
        """Without a picture, with a black one, and with a white one."""
        black, white = (colour * self.side**2 for colour in (COLOURS[0], COLOURS[-1]))
        return self.default, f"{self.default} {black}", f"{self.default} {white}"

    def draw(self, source: Random) -> str:
        picture = "".join(source.choices(COLOURS, k=self.side**2))
        return f"{source.choice((self.default, *self.suggestions))} {picture}"

    def take(self, value: Any) -> tuple[str, NDArray[np.uint8] | None]:
        """The character, and its picture, uint8 of shape (side, side, 3), or None."""
        if not isinstance(value, str):
            raise Refused("a character, alone or with its picture")
        character, *picture = normal(value, MAX_POINTS + 1 + self.side**2).split(" ")
        if not 1 <= len(character) <= MAX_POINTS or len(picture) > 1:
            raise Refused("a character, alone or with its picture")
        try:
            return character, to_colours(picture[0], self.side) if picture else None
        except ValueError as error:
            raise ContractError(f"{self.name} is not accepted: {error}.") from None

    def parse(self, text: str) -> str:
        """Return the text: a glyph is its own text."""
        return text


Control: TypeAlias = Slider | Choice | Toggle | Point | Seed | Viewport | Drawing | Textbox | Glyph

BLANK: tuple[Control, ...] = (
    Slider("", "", 0.0, unit=" "),
    Choice("", "", {"": ""}, "none", autoplay_seconds=1.0),
    Toggle("", ""),
    Point("", "", (0.0, 0.0), 1.0, ""),
    Seed("", ""),
    Viewport("", "", (0.0, 0.0, 0.0), "", 1.0),
    Drawing("", "", "", ""),
    Textbox("", "", suggestions=("",)),
    Glyph("", "", "?", suggestions=("",)),
)
"""One of each kind: the page copies their markup for the controls of a reader's own declaration."""


def check_format(what: str, specification: str) -> None:
    """Check that Python can print integers and other numbers with a format."""
    for number in (0, 0.0):
        try:
            format(number, specification)
        except ValueError:
            continue
        return
    raise ContractError(
        f'{what} is "{specification}"; accepted: a Python format such as ".2f", ".1%", "d" or "g"'
    )


def finite(value: Any) -> float:
    """Check that a value is a finite number, not a bool."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Refused("a number")
    return float(value)


def within(value: Any, low: float, high: float) -> float:
    """A number from low to high."""
    if not low <= finite(value) <= high:
        raise Refused(f"a number from {low:g} to {high:g}")
    return float(value)


def whole_number(value: Any, low: float, high: float) -> int:
    """A whole number from low to high."""
    if not low <= finite(value) <= high or value != int(value):
        raise Refused(f"a whole number from {low:g} to {high:g}")
    return int(value)


def several(value: Any, limits: Sequence[float], wanted: str) -> tuple[float, ...]:
    """Numbers, each of at most its limit in absolute value."""
    if not isinstance(value, list | tuple) or len(value) != len(limits):
        raise Refused(wanted)
    try:
        return tuple(within(part, -limit, limit) for part, limit in zip(value, limits, strict=True))
    except Refused:
        raise Refused(wanted) from None


def up_to(limit: float) -> str:
    return f"from {-limit:g} to {limit:g}"


def text_of(number: float) -> str:
    """The shortest text of a number, as JavaScript writes it: ``0.00001``, ``1e-7``, 0 for -0."""
    number = float(number) + 0.0
    if number == 0 or 1e-6 <= abs(number) < 1e21:
        return np.format_float_positional(number, trim="-")
    return np.format_float_scientific(number, trim="-", exp_digits=1)


def scale_from(start: float, step: float, count: int) -> tuple[float, ...]:
    """``start + i * step``, computed in decimal as in the page: 0.1 + 2 * 0.1 is 0.3."""
    if isinstance(start, int) and isinstance(step, int):
        return tuple(range(start, start + count * step, step))
    unit = float(f"1e{max(decimals(start), decimals(step))}")
    low, by = (float(math.floor(number * unit + 0.5)) for number in (start, step))
    return tuple((low + i * by) / unit for i in range(count))


def decimals(number: float) -> int:
    digits, _, power = text_of(number).partition("e")
    return max(0, len(digits.partition(".")[2]) - int(power or 0))


def number_from(text: str) -> float:
    """A finite number as Python writes it: ``30``, ``-.5``, ``1e-3``."""
    try:
        return finite(float(text))
    except ValueError:
        raise Refused("a number") from None


def numbers_from(text: str) -> tuple[float, ...]:
    """Numbers with commas between them, in parentheses or not."""
    return tuple(number_from(part) for part in text.strip().strip("()").split(","))
