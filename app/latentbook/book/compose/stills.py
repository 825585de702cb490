"""The first picture of every instrument, from the same numbers and code as the live one."""

import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from latentbook.base.cache import Cache
from latentbook.base.errors import ContentError
from latentbook.base.files import Files
from latentbook.base.hashing import content_hash
from latentbook.book.compose.author_code import explained
from latentbook.book.compose.javascript import Engine, EngineError
from latentbook.book.compose.map_still import map_picture, with_rings
from latentbook.book.compose.media import Media
from latentbook.book.compose.pieces import Html, PanelStill
from latentbook.book.read.contents import WIDGETS
from latentbook.book.read.sources import sources
from widgets import get
from widgets.contract import ContractError, Control, Drawing, Instrument, Viewport
from widgets.engine.check import check_declaration
from widgets.engine.declaration import DEFINED, with_line
from widgets.engine.panels import TILE
from widgets.kit.drawing import to_pixels

WIDE, NARROW = 600, 320
"""Widths in px at which a figure in the text is drawn: its column's and a phone's. CSS container
queries show one of the two drawings."""

WHOLE_PANEL, HALF_PANEL = (910, WIDE, NARROW), (445, NARROW)
"""Widths in px at which the stills of a plot panel are drawn, the widest first: on a wide page, on
a tablet (whole panels only), and on a phone."""


AXIS = re.compile(r"[xy]\d*$")
"""An axis. Other references, to the paper or to the domain of an axis, are not clipped."""

FEWEST_STEPS, LEAST_WIDTH = 8, 200
"""Minimum steps, and px in the widest still, for a line to count as a curve."""


class StillError(ContentError):
    """An instrument that could not be imported, computed at its block's state, or drawn."""


def instrument_file(widgets: Files, widget: str) -> Path:
    """Return an instrument's file as shown in messages; a course's is in its ``instruments``."""
    file = widgets.path(f"{widget}.py").resolve()
    shown = Path(file.parent.name, file.name)
    return shown if file.parent.name == WIDGETS else file.parents[1].name / shown


class Python(Protocol):
    """The Python that computes instruments."""

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]: ...


class Stills:
    """Computes frames and draws them; drawings are cached by code and state."""

    def __init__(
        self, code: Python, engine: Engine, media: Media, widgets: Files, kept: Cache
    ) -> None:
        self._code = code
        self._engine = engine
        self._media = media
        self._widgets = widgets
        self._kept = kept
        self._hashes: dict[str, str] = {}

    def _hash(self, widget: str) -> str:
        """A hash of all code and data that the frames of an instrument depend on."""
        if widget not in self._hashes:
            contents = [*map(self._widgets.data, sources(self._widgets, widget))]
            here = Path(__file__)
            contents += [path.read_bytes() for path in (here, here.with_name("map_still.py"))]
            self._hashes[widget] = content_hash(self._engine.script, *contents)
        return self._hashes[widget]

    def instrument(self, widget: str) -> Instrument:
        """The declaration of an instrument. Its file is imported only after it has run in a
        separate process."""
        key = content_hash(self._hash(widget), "imported")
        if self._kept.read(key) is None:
            file = self._widgets.path(f"{widget}.py")
            self._ask({"type": "file", "code": str(file)}, widget, widget)
            self._kept.write(key, True)
        instrument = getattr(get(widget), "instrument", None)
        if missing := [name for name in DEFINED if not hasattr(get(widget), name)]:
            message = f"{widget}.py must define {', '.join(DEFINED)}; it lacks {', '.join(missing)}"
            raise StillError(instrument_file(self._widgets, widget), 1, message)
        if not isinstance(instrument, Instrument):
            message = f"{widget}.py must set instrument to an Instrument"
            raise StillError(instrument_file(self._widgets, widget), 1, message)
        try:
            with with_line(self._widgets.data(f"{widget}.py").decode()):
                if instrument.name != widget:
                    raise ContractError(f"name is {instrument.name!r}; accepted: {widget!r}")
                check_declaration(instrument)
        except ContractError as error:
            raise self.failed(widget, f"{widget}: {error}", error.line) from None
        return instrument

    def _computed(self, widget: str, state: Mapping[str, Any]) -> dict[str, Any]:
        """Compute a frame as the page would receive it, with arrays as lists."""
        request = {"type": "compute_widget", "widget": widget, "source": None}
        what = f"{widget} at this state"
        return dict(self._ask({**request, "controls": dict(state)}, widget, what))

    def _ask(self, request: Mapping[str, Any], widget: str, what: str) -> Any:
        reply = self._code.ask(request)
        if reply["type"] == "failed":
            lacks = reply["name"] == "KeyError" and request["type"] == "compute_widget"
            hint = ": does compute return it?" if lacks else ""
            raise self.failed(widget, f"{what} {explained(reply)}{hint}", reply["line"])
        return reply["value"]

    def failed(
        self, widget: str, message: str, line: int | None = None, words: str = "def frame("
    ) -> StillError:
        """Make an error at a line of the instrument's file, or at the first that has ``words``."""
        if line is None:
            text = self._widgets.data(f"{widget}.py").decode(errors="replace")
            line = text[: max(text.find(words), 0)].count("\n") + 1
        return StillError(instrument_file(self._widgets, widget), line, message)

    def frame(self, widget: str, state: Mapping[str, Any], label: str) -> dict[str, Any]:
        """An instrument at one state: ``readouts``, ``note``, and ``panels`` for :meth:`panels`."""
        key = content_hash(self._hash(widget), widget, json.dumps(state, sort_keys=True), label)
        kept = self._kept.read(key)
        if kept is not None:
            return dict(kept)
        frame = self.drawn(widget, state, label)
        self._kept.write(key, frame)
        return frame

    def drawn(self, widget: str, state: Mapping[str, Any], label: str) -> dict[str, Any]:
        """Like :meth:`frame`, without the cache."""
        value = self._computed(widget, state)
        return {
            "readouts": value["readouts"],
            "note": value["note"],
            "panels": [self._panel(panel, widget, state, label) for panel in value["panels"]],
        }

    def _panel(
        self, panel: Mapping[str, Any], widget: str, state: Mapping[str, Any], label: str
    ) -> dict[str, Any]:
        """One panel as plain data: its drawings, or its picture as a hexadecimal PNG."""
        common = {name: panel[name] for name in ("kind", "key", "alt", "half")}
        if panel["kind"] == "plot":
            widths = HALF_PANEL if panel["half"] else WHOLE_PANEL
            drawing_id = f"{label}-{panel['key']}"
            empty = []
            try:
                stills = self.draw(panel["figure"], drawing_id, panel["alt"], widths)
                if has_curve(panel["figure"], widths[0]):
                    id, draw = f"{_id(drawing_id)}-empty", self._engine.draw_axes
                    empty = [draw(panel["figure"], w, f"{id}-{w}") for w in widths]
            except EngineError as error:
                message = f"in the figure of the panel {panel['key']!r}, {error}"
                raise self.failed(widget, message) from None
            return {**common, "stills": stills, "empty": empty}
        gallery = panel.get("gallery")
        places: list[str] = []
        if panel["kind"] == "map":
            picture = self._map_still(panel, widget, state)
        elif panel["kind"] == "pad":
            picture = _pad_still(panel, widget, state)
        else:
            images = np.reshape(np.uint8(panel["data"]), panel["shape"])
            if gallery:
                picture, places = sheet(images[0])
            else:
                picture = mosaic(images, panel["gap"])
        height, width = images.shape[2:4] if gallery else picture.shape[:2]
        return {
            **common,
            "captions": list(panel.get("captions", ())),
            "width": width,
            "height": height,
            "png": picture_png(picture).hex(),
            "colour": picture.ndim == 3,
            "gallery": gallery,
            "places": places,
        }

    def _map_still(
        self, panel: Mapping[str, Any], widget: str, state: Mapping[str, Any]
    ) -> NDArray[np.uint8]:
        """The part of a map in view, with the tiles that the page would request."""
        control = set_on(widget, panel["key"])
        assert isinstance(control, Viewport)
        view = state[control.name]

        def tile_at(x: float, y: float, zoom: int) -> NDArray[np.uint8]:
            frame = self._computed(widget, {**state, control.name: (x, y, zoom)})
            found = next(each for each in frame["panels"] if each["key"] == panel["key"])
            tile = np.uint8(found["data"])
            return tile.reshape(TILE, TILE) if tile.size == TILE**2 else tile.reshape(TILE, TILE, 3)

        picture = map_picture(view, control.limit, tile_at)
        return with_rings(picture, view, control.limit, panel["rings"])

    def panels(self, frame: Mapping[str, Any], name: str) -> tuple[PanelStill, ...]:
        return tuple(self._still(panel, name) for panel in frame["panels"])

    def _still(self, panel: Mapping[str, Any], name: str) -> PanelStill:
        common = {each: panel[each] for each in ("kind", "key", "alt", "half")}
        if panel["kind"] == "plot":
            return PanelStill(
                **common,
                stills=tuple(map(Html, panel["stills"])),
                empty=tuple(Html(each["svg"]) for each in panel["empty"]),
                boxes=tuple(tuple(each["box"]) for each in panel["empty"]),
            )
        png = bytes.fromhex(panel["png"])
        return PanelStill(
            **common,
            src=self._media.add(f"{name}-{panel['key']}".replace("_", "-"), ".png", png),
            width=panel["width"],
            height=panel["height"],
            captions=tuple(panel["captions"]),
            colour=panel["colour"],
            gallery=panel["gallery"],
            places=tuple(panel["places"]),
        )

    def draw(
        self, figure: Mapping[str, Any], id: str, alt: str, widths: Sequence[int] = (WIDE, NARROW)
    ) -> tuple[Html, ...]:
        """Draw a figure at each width in px; raise :class:`EngineError` if that fails."""
        return tuple(
            Html(self._engine.draw_svg(figure, width, f"{_id(id)}-{width}", alt))
            for width in widths
        )


def _id(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower())


def has_curve(figure: Mapping[str, Any], width: int) -> bool:
    """Whether a figure's clipped parts share a pair of axes, with a curve that never runs back."""
    layout = figure["layout"]
    drawn = [each for each in figure["data"] if each.get("cliponaxis", True)]
    pairs = {(each.get("xaxis", "x"), each.get("yaxis", "y")) for each in drawn}
    pairs |= {(each.get("xref", "x"), each.get("yref", "y")) for each in layout.get("shapes", ())}
    axes = {(x, layout[f"yaxis{y[1:]}"].get("overlaying", y)) for x, y in pairs if AXIS.match(y)}
    if len({pair for pair in axes if AXIS.match(pair[0])}) != 1:
        return False
    low, high = layout["xaxis"]["range"]
    inside = width - layout["margin"]["l"] - layout["margin"]["r"]  # px
    for trace in figure["data"]:
        if trace["type"] != "scatter" or "lines" not in trace.get("mode", "lines"):
            continue
        x, y = (np.asarray(trace[name], dtype=float) for name in ("x", "y"))
        if layout["xaxis"].get("type") == "log":
            x = np.log10(x)
        steps = np.diff(x[np.isfinite(x) & np.isfinite(y)])
        if len(steps) < FEWEST_STEPS or steps.min() < 0:
            continue
        if steps.sum() / abs(high - low) * inside >= LEAST_WIDTH:
            return True
    return False


def _pad_still(
    panel: Mapping[str, Any], widget: str, state: Mapping[str, Any]
) -> NDArray[np.uint8]:
    """Return a pad's drawing, or its pictures combined by :func:`where_inked`."""
    drawing = set_on(widget, panel["key"])
    assert isinstance(drawing, Drawing)
    seen = to_pixels(state[drawing.name], drawing.side)
    if panel["data"] is None:
        return seen
    return where_inked(seen, np.reshape(np.uint8(panel["data"]), panel["shape"]))


def set_on(widget: str, key: str) -> Control:
    controls: tuple[Control, ...] = get(widget).instrument.controls
    return next(control for control in controls if getattr(control, "panel", None) == key)


def where_inked(drawn: NDArray[np.uint8], pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Combine pictures (2, height, width, ...): the second where a drawing (side, side) has ink."""
    height, width = pictures.shape[1:3]
    rows, columns = (np.arange(n) * len(drawn) // n for n in (height, width))
    seen: NDArray[np.uint8] = pictures[0].copy()
    inked = drawn[np.ix_(rows, columns)] > 0
    seen[inked] = pictures[1][inked]
    return seen


def mosaic(images: NDArray[np.uint8], gap: int) -> NDArray[np.uint8]:
    """Tiles side by side in one picture.

    Parameters
    ----------
    images : ndarray of shape (rows, columns, height, width) or (rows, columns, height, width, 3),
        uint8
    gap : int
        Empty pixels between tiles.

    Returns
    -------
    ndarray of shape (rows * (height + gap) - gap, columns * (width + gap) - gap), uint8; in colour
    with one more axis, of 4 if there are gaps, which are transparent
    """
    rows, columns, height, width = images.shape[:4]
    if gap and images.ndim == 5:
        images = np.insert(images, 3, 255, axis=4)
    padded = np.pad(images, [(0, 0), (0, 0), (0, gap), (0, gap), (0, 0)][: images.ndim])
    wall = padded.swapaxes(1, 2).reshape(
        rows * (height + gap), columns * (width + gap), *images.shape[4:]
    )
    return wall[: wall.shape[0] - gap, : wall.shape[1] - gap]


def sheet(images: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], list[str]]:
    """Combine images (n, height, width, ...); return the result, and their CSS places and sizes."""
    n, height, width = images.shape[:3]
    columns = math.isqrt(n - 1) + 1
    rows = -(-n // columns)
    spare, edges = rows * columns - n, ((1, 1), (1, 1))  # browsers blend adjacent images
    framed = np.pad(images, [(0, 0), *edges, (0, 0)][: images.ndim], mode="edge")
    framed = np.pad(framed, [(0, spare), *[(0, 0)] * 3][: images.ndim])
    wall = mosaic(framed.reshape(rows, columns, *framed.shape[1:]), 0)
    down, across = wall.shape[:2]
    size = f"{across / width:.4%} {down / height:.4%}"
    return wall, [
        f"{(i % columns * (width + 2) + 1) / (across - width):.4%} "
        f"{(i // columns * (height + 2) + 1) / (down - height):.4%} / {size}"
        for i in range(n)
    ]


def picture_png(picture: NDArray[np.uint8]) -> bytes:
    """A PNG of a picture in colour, or of ink (:func:`alpha_png`)."""
    if picture.ndim == 2:
        return alpha_png(picture)
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(out, "PNG", optimize=True)
    return out.getvalue()


def alpha_png(ink: NDArray[np.uint8]) -> bytes:
    """A PNG that is black everywhere, with ink as its opacity.

    Parameters
    ----------
    ink : ndarray of shape (height, width), uint8
        0 is paper, 255 is ink.
    """
    alpha = Image.fromarray(np.ascontiguousarray(ink))
    picture = Image.merge("LA", (Image.new("L", alpha.size), alpha))
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()
