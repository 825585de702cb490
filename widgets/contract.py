"""What an instrument declares, what it returns, and the check that holds it to both.

One Python file is one instrument. It declares an :class:`Instrument` named ``instrument`` and
defines two pure functions beside it::

    compute(*, **controls) -> dict of arrays and scalars         # the mathematics alone
    frame(result) -> Frame                                       # what is seen

The same file runs in CPython (build, tests) and in the reader's browser. NumPy is all it may import
besides this module, :mod:`widgets.data` and :mod:`widgets.kit`.

An instrument that is ``computed_on_server`` has one more argument, ``compute(*, full_data=None,
**controls)``. In the page it is left out. A server passes a function that takes the name of a file
and returns its arrays, as :func:`widgets.data.load` does, but of files that are too large for the
page. Its frame takes the place of the page's (:mod:`latentbook.api.instruments`).

An instrument that trains declares a :class:`Training` too. It defines more pure functions, and
``compute`` is handed where they have led::

    start(**settings) -> state                                   # a dict of arrays and scalars
    step(state, **settings) -> state                             # one step on
    compute(state, curves, **controls) -> dict of arrays and scalars
    keep(state, **controls) -> dict of arrays                    # what is kept of it, if anything
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from widgets.controls import (
    YOURS,
    Choice,
    ContractError,
    Control,
    Drawing,
    Point,
    Seed,
    Slider,
    Toggle,
    Value,
    Viewport,
    When,
)
from widgets.renamed import renamed_attributes, renamed_fields

__all__ = [  # what instruments import from here, and :mod:`widgets.controls` defines
    "YOURS",
    "Choice",
    "ContractError",
    "Control",
    "Drawing",
    "Point",
    "Seed",
    "Slider",
    "Toggle",
    "Value",
    "Viewport",
    "When",
]


# The palette an author draws with: the light theme's colours. The page maps each one to the CSS
# variable of the theme in force (static/js/figure/palette.js), so no other colour may stand in a
# figure.
INK = "#1d1c1a"
INK_2 = "#54514a"
INK_3 = "#6b675e"
RULE = "#e4e0d6"
MUTED = "#948e80"
PAPER = "#ffffff"
ACCENT = "#0a6b6b"
DATA_1 = "#0a6b6b"
DATA_2 = "#d06a1c"
DATA_2_TEXT = "#a8500f"
WARNING = "#a8431b"
CLASS_0 = "#0a6b6b"
CLASS_1 = "#d2570d"
CLASS_2 = "#2f55b5"
CLASS_3 = "#8a3fa0"
CLASS_4 = "#2f7d32"
CLASS_5 = "#c21f4e"
CLASS_6 = "#8a7400"
CLASS_7 = "#5b6068"
CLASS_8 = "#0f7fa8"
CLASS_9 = "#8b5a2b"

FIGURE_WIDTH = 600
"""Width in px a figure is written for. The page lays it out again for the width it has."""

Result: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Readout:
    key: str
    label: str
    unit: str = ""
    format: str = ".2f"
    symbol: str = ""


@dataclass(frozen=True)
class Plot:
    """A Plotly figure as a plain dict, within the subset that static/js/figure/draw.js draws.

    ``half`` asks for half the width of the picture where the page is wide, beside another half
    panel, or for a third beside a map; on a phone it stands under it (class ``half``).
    """

    key: str
    figure: Mapping[str, Any]
    alt: str
    half: bool = False


@dataclass(frozen=True)
class ServerGrid:
    model: str
    n: int
    span: float
    at: tuple[float, float] = (0.0, 0.0)  # the code in the middle


@dataclass(frozen=True)
class Tiles:
    """A grid of small grey images, 0 = paper, 255 = ink.

    ``images`` has shape (rows, columns, height, width), uint8. ``server`` asks the decoder server
    for a finer picture of the same thing, which takes this one's place when it comes.
    """

    key: str
    images: NDArray[np.uint8]
    alt: str
    captions: tuple[str, ...] = ()  # under the picture, spread from left to right
    gap: int = 0  # empty image pixels between tiles
    server: ServerGrid | None = None
    half: bool = False  # as in Plot


@dataclass(frozen=True)
class Dots:
    """Points on a map, coloured by class; each class is named at its place."""

    points: NDArray[np.float32]  # (n, 2)
    classes: NDArray[np.uint8]  # (n,), indices into `names`
    names: tuple[str, ...]  # ten at most: the theme has ten colours for classes
    places: NDArray[np.float32]  # (number of names, 2)


@dataclass(frozen=True)
class Map:
    """A plane of small images that pans and zooms, made of square tiles.

    At zoom k the plane has 2^k x 2^k tiles, counted from 0: x to the right, y downwards. A
    :class:`Viewport` decides what is seen of it. ``tile`` is the one that holds the view's centre,
    of shape (256, 256), uint8, 255 is ink; ``address`` is its (zoom, x, y). ``server`` names a
    model whose tiles a decoder server can send, and ``axes`` the latents of it that vary, to the
    right and upwards, counted from 0; without a server all tiles come from here. ``rings`` are
    circles around the origin, name to radius.
    """

    key: str
    tile: NDArray[np.uint8]
    address: tuple[int, int, int]
    alt: str
    server: str = ""
    rings: Mapping[str, float] = field(default_factory=dict)
    dots: Dots | None = None
    half: bool = False  # as in Plot
    axes: tuple[int, int] = (0, 1)


@dataclass(frozen=True)
class Pad:
    """Where the reader draws: it shows what the :class:`Drawing` that names it is set to.

    With ``pictures``, uint8 of shape (2, height, width), the first is seen where there is no ink,
    and the second where there is.
    """

    key: str
    alt: str
    half: bool = False  # as in Plot
    pictures: NDArray[np.uint8] | None = None


Panel: TypeAlias = Plot | Tiles | Map | Pad


@dataclass(frozen=True)
class Frame:
    """What is seen at one setting: values for the readouts, panels, and a note where one is due.

    A readout's value may be ``None``: it is then shown as an en dash.
    """

    readouts: Mapping[str, float | int | str | None]
    panels: Sequence[Panel]
    note: str = ""


@renamed_fields(keeps="saves")
@dataclass(frozen=True)
class Training:
    """Which controls say how far an instrument has trained, and with which settings.

    ``start`` and ``step`` get all controls but those named here: the settings. As ``step`` is pure,
    the state after n steps is a function of the controls; who holds states, checkpoints and curves
    between two pictures is the engine (:mod:`widgets.engine.training`).
    """

    steps: str  # the Slider that counts the steps
    curve: tuple[str, ...]  # scalars of the state that are noted after each step
    branch: str  # a Choice of "off" and "on": whether the settings change on the way
    at: str  # the Slider with the step after which they do
    later: Mapping[str, str]  # a setting's name -> the control that has its value from then on
    saves: bool = True  # readers can save what was learned, and `keep` says what that is

    def settings(self, controls: Mapping[str, Any], *, later: bool) -> dict[str, Any]:
        """The arguments of ``start`` and ``step``, before or after the branch."""
        own = {self.steps, self.branch, self.at, *self.later.values()}
        settings = {name: value for name, value in controls.items() if name not in own}
        if later:
            settings |= {name: controls[control] for name, control in self.later.items()}
        return settings


@renamed_fields(ask="challenge", served="computed_on_server")
@dataclass(frozen=True)
class Instrument:
    """The declaration: title, question, controls and readouts."""

    name: str  # snake_case: the file, the directive's argument, the test's name
    title: str
    challenge: str  # what to predict or try, in a sentence or two
    controls: tuple[Control, ...]
    readouts: tuple[Readout, ...]
    references: tuple[str, ...] = ()  # keys of content/references.bib
    training: Training | None = None
    computed_on_server: bool = False  # a server computes the frame again, on all data

    def defaults(self) -> dict[str, Value]:
        """The default of every control."""
        return {control.name: control.default for control in self.controls}


renamed_attributes(__name__, KEPT="YOURS")
