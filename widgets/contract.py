"""The contract of instruments: their declarations and results.

One Python file is one instrument. It declares an :class:`Instrument` named ``instrument`` and
defines two pure functions::

    compute(*, **controls) -> dict of arrays and scalars         # the mathematics alone
    frame(result) -> Frame                                       # the picture

The same file runs in CPython (build, tests) and in the reader's browser. It may import NumPy, this
module, :mod:`widgets.data` and :mod:`widgets.kit`.

An instrument that is ``computed_on_server`` has one more argument, ``compute(*, full_data=None,
**controls)``. The page leaves it out. A server passes a function that takes the name of a file and
returns its arrays, like :func:`widgets.data.load`, but for files that are too large for the page.
Its frame replaces the page's (:mod:`latentbook_decoders.api.instruments`).

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
    """A number or a short text next to the picture; the frame sends its value.

    Parameters
    ----------
    key : its key in ``Frame.readouts``
    label : text before the value
    unit : after the value: "nats", "px", or "%" if the value is already times 100
    format : Python format of a number; text is shown unchanged
    symbol : TeX, set at build time
    """

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

    Parameters
    ----------
    key : name of the panel in lower case; a :class:`Point` names it
    figure : as :func:`widgets.kit.figures.figure` returns it; docs/figures.md lists its keys
    alt : the current picture in a sentence, with its numbers
    half : half as wide
    """

    key: str
    figure: Mapping[str, Any]
    alt: str
    half: bool = False


@dataclass(frozen=True)
class ServerGrid:
    """A square grid of codes that a decoder server can decode for :class:`Tiles`.

    Parameters
    ----------
    model : name of a served model
    n : tiles along each side, 1 to 128
    span : both axes run from -span to span around the middle, in units of the model's latents
    at : the code in the middle
    """

    model: str
    n: int
    span: float
    at: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Tiles:
    """Small images side by side, grey or in colour; or a gallery of many, which wraps.

    With ``labels`` the panel is a gallery: the images fill rows as wide as the page allows, and the
    arrow keys move from one to the next. The label of the one under the pointer or with the focus
    appears below. A :class:`Slider` or :class:`Choice` that names the panel is set by choosing an
    image: its first value belongs to the first image.

    Parameters
    ----------
    key : name of the panel in lower case
    images : ndarray of shape (n, height, width, 3) in colour or (n, height, width) in grey, floats
        from 0 to 1; grey is ink, and follows the theme; colours do not. Or grey levels of
        shape (rows, columns, height, width), uint8, 255 is ink. The panel's proportions
        are the same at every setting
    alt : the current picture in a sentence
    captions : under the picture, spread from left to right
    gap : empty image pixels between tiles
    server : requests a finer picture from the decoder server, which replaces this one when it
        arrives
    half : as in :class:`Plot`
    columns : images per row, if the shape does not give it; by default all are in one row
    labels : a few words for each image
    numbers : in a gallery, a number under each image, as text
    marked : in a gallery, which images have a ring, counted from 0
    """

    key: str
    images: NDArray[Any]
    alt: str
    captions: tuple[str, ...] = ()
    gap: int = 0
    server: ServerGrid | None = None
    half: bool = False
    columns: int = 0
    labels: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    marked: tuple[int, ...] = ()


@dataclass(frozen=True)
class Dots:
    """Points on a map, coloured by class, with the name of each class at its place.

    Parameters
    ----------
    points : ndarray of shape (n, 2), in units of the map's plane
    classes : ndarray of shape (n,), indices into ``names``
    names : of the classes, ten at most: the theme has ten colours for classes
    places : ndarray of shape (number of names, 2), the place of each name
    """

    points: NDArray[np.float32]
    classes: NDArray[np.uint8]
    names: tuple[str, ...]
    places: NDArray[np.float32]


@dataclass(frozen=True)
class Map:
    """A plane of small images, in square tiles, that readers pan and zoom.

    At zoom k the plane has 2^k x 2^k tiles, counted from 0: x to the right, y downwards. A
    :class:`Viewport` sets the visible part. The frame contains one tile, at the view's
    centre; the page requests the others by other views.

    Parameters
    ----------
    key : name of the panel in lower case; a :class:`Viewport` names it
    tile : ndarray of shape (256, 256, 3) or (256, 256), floats as the images of :class:`Tiles`, or
        of shape (256, 256), uint8, 255 is ink
    address : (zoom, x, y) of the tile, whole numbers
    alt : the current picture in a sentence
    server : a model whose tiles a decoder server can send; without one all tiles come from here
    rings : circles around the origin, name to radius in units of the plane
    dots : points over the tiles
    half : as in :class:`Plot`
    axes : of the server's model, the latents that vary to the right and upwards, counted from 0
    at : the code in the middle of the plane, one number per latent; () is the origin
    """

    key: str
    tile: NDArray[Any]
    address: tuple[int, int, int]
    alt: str
    server: str = ""
    rings: Mapping[str, float] = field(default_factory=dict)
    dots: Dots | None = None
    half: bool = False
    axes: tuple[int, int] = (0, 1)
    at: tuple[float, ...] = ()


@dataclass(frozen=True)
class Pad:
    """An area in which the reader draws. It shows the value of the :class:`Drawing` that names it.

    Parameters
    ----------
    key : name of the panel in lower case; a :class:`Drawing` names it
    alt : what to draw, and the current drawing, in a sentence
    half : as in :class:`Plot`
    pictures : ndarray of shape (2, height, width, 3) or (2, height, width), floats as the images of
        :class:`Tiles`, or of shape (2, height, width), uint8, 255 is ink: the first shows in
        place of paper, the second in place of ink; by default the ink itself shows
    """

    key: str
    alt: str
    half: bool = False
    pictures: NDArray[Any] | None = None


Panel: TypeAlias = Plot | Tiles | Map | Pad


@dataclass(frozen=True)
class Frame:
    """The picture at one setting: values of the readouts, panels, and a note if there is one.

    Parameters
    ----------
    readouts : value of each readout by its key; ``None`` is shown as an en dash
    panels : each a :class:`Plot`, :class:`Tiles`, :class:`Map` or :class:`Pad`, from top to bottom;
        their keys, kinds and proportions are the same at every setting
    note : a sentence under the readouts, if there is something to point out
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
    and curves between two pictures (:mod:`widgets.engine.training`). See widgets/train_vae.py.

    Parameters
    ----------
    steps : name of the :class:`Slider` that counts the steps
    curve : keys of scalars in the state, recorded after each step; ``compute`` gets them as
        ``curves``, for the run and for the run before the branch: key to ndarray of shape (steps,)
    branch : name of a :class:`Choice` of "off" and "on": whether settings change during training
    at : name of the :class:`Slider` for the step after which they change
    later : a setting's name to the name of the control that sets it from then on
    saves : readers can save what was learned; ``keep`` returns it
    """

    steps: str
    curve: tuple[str, ...]
    branch: str
    at: str
    later: Mapping[str, str]
    saves: bool = True

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
    """The declaration: title, challenge, controls and readouts.

    ``defaults()`` returns the default of each control by name.

    Parameters
    ----------
    name : in snake_case: the file, the directive's argument, the test's name
    title : heading above the picture
    challenge : what to predict or try, in a sentence or two
    controls : of the kinds in :mod:`widgets.controls`, in the order of the page; the first slider
        is the main one. ``compute`` gets the value of each by its name
    readouts : in the order of the page
    references : keys of references.bib
    training : only if it trains
    computed_on_server : a server computes the frame again, on all data
    """

    name: str
    title: str
    challenge: str
    controls: tuple[Control, ...]
    readouts: tuple[Readout, ...]
    references: tuple[str, ...] = ()
    training: Training | None = None
    computed_on_server: bool = False

    def defaults(self) -> dict[str, Value]:
        return {control.name: control.default for control in self.controls}


renamed_attributes(__name__, KEPT="YOURS")
