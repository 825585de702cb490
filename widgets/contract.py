"""What an instrument declares and returns.

One Python file is one instrument. It declares an :class:`Instrument` named ``instrument`` and
defines two pure functions::

    compute(*, **controls) -> dict of arrays and scalars         # the mathematics alone
    frame(result) -> Frame                                       # the picture

The same file runs in CPython (build, tests) and in the reader's browser. It may import NumPy, this
module, :mod:`widgets.data` and :mod:`widgets.kit`.

An instrument that is ``computed_on_server`` has one more argument, ``compute(*, full_data=None,
**controls)``. The page leaves it out. A server passes a function that takes the name of a file and
returns its arrays, like :func:`widgets.data.load`, but for files that are too large for the page.
Its frame replaces the page's (:mod:`latentbook.api.instruments`).

An instrument that trains also declares a :class:`Training`. It defines more pure functions, and
``compute`` gets the state that they have reached::

    start(**settings) -> state                                   # a dict of arrays and scalars
    step(state, **settings) -> state                             # the next step
    compute(state, curves, **controls) -> dict of arrays and scalars
    keep(state, **controls) -> dict of arrays                    # saved by the reader, if at all
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from widgets.controls import *  # noqa: F403  (instruments import the controls from here)
from widgets.controls import Control, Value
from widgets.renamed import renamed_attributes, renamed_fields

# The palette of figures, in the light theme's colours. The page maps each one to a CSS variable of
# the current theme (static/js/figure/palette.js), so figures may use no other colour.
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
"""Nominal width of a figure in px. The page redraws it for its actual width."""

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

    On a wide page, ``half`` puts the panel next to another half panel, or in a third of the width
    next to a map. On a phone the panels are stacked.
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

    ``images`` has shape (rows, columns, height, width), uint8. ``server`` requests a finer picture
    from the decoder server, which replaces this one when it arrives.
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
    """Points on a map, coloured by class, with the name of each class at its place."""

    points: NDArray[np.float32]  # (n, 2)
    classes: NDArray[np.uint8]  # (n,), indices into `names`
    names: tuple[str, ...]  # ten at most: the theme has ten colours for classes
    places: NDArray[np.float32]  # (number of names, 2)


@dataclass(frozen=True)
class Map:
    """A plane of small images, in square tiles, that readers pan and zoom.

    At zoom k the plane has 2^k x 2^k tiles, counted from 0: x to the right, y downwards. A
    :class:`Viewport` sets the visible part. ``tile`` is the one that contains the view's centre,
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
    """Where the reader draws. It shows the value of the :class:`Drawing` that names it.

    With ``pictures``, uint8 of shape (2, height, width), the first shows where there is no ink,
    the second where there is.
    """

    key: str
    alt: str
    half: bool = False  # as in Plot
    pictures: NDArray[np.uint8] | None = None


Panel: TypeAlias = Plot | Tiles | Map | Pad


@dataclass(frozen=True)
class Frame:
    """The picture at one setting: values of the readouts, panels, and a note if there is one.

    A readout's value may be ``None``, shown as an en dash.
    """

    readouts: Mapping[str, float | int | str | None]
    panels: Sequence[Panel]
    note: str = ""


@renamed_fields(keeps="saves")
@dataclass(frozen=True)
class Training:
    """The controls for the progress of training, and for its settings.

    ``start`` and ``step`` get the settings: all controls except those named here. ``step`` is pure,
    so the state after n steps is a function of the controls. The engine stores states, checkpoints
    and curves between two pictures (:mod:`widgets.engine.training`).
    """

    steps: str  # the Slider that counts the steps
    curve: tuple[str, ...]  # scalars of the state, recorded after each step
    branch: str  # a Choice of "off" and "on": whether the settings change during training
    at: str  # the Slider for the step after which they change
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
    """The declaration: title, challenge, controls and readouts."""

    name: str  # snake_case: the file, the directive's argument, the test's name
    title: str
    challenge: str  # what to predict or try, in a sentence or two
    controls: tuple[Control, ...]
    readouts: tuple[Readout, ...]
    references: tuple[str, ...] = ()  # keys of content/references.bib
    training: Training | None = None
    computed_on_server: bool = False  # a server computes the frame again, on all data

    def defaults(self) -> dict[str, Value]:
        return {control.name: control.default for control in self.controls}


renamed_attributes(__name__, KEPT="YOURS")
