"""From controls to a picture: one instrument, the book's own or the reader's version of it."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from widgets import get
from widgets.contract import (
    ContractError,
    Dots,
    Frame,
    Instrument,
    Map,
    Pad,
    Panel,
    Plot,
    Readout,
    Tiles,
)
from widgets.engine.check import check_frame, check_instrument, check_result
from widgets.engine.controls import accepted
from widgets.engine.declaration import DEFINED, declaration, with_line
from widgets.engine.failure import remember_source, show_file
from widgets.engine.panels import pictures_of, tile_of, tiles_of
from widgets.engine.size import check_size
from widgets.engine.training import computed, kept, train

LEAST_SIDE = 28  # CSS px: large enough to tap
MINUS, EN_DASH = "\N{MINUS SIGN}", "\N{EN DASH}"
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
SIGN_OF_ZERO = re.compile(
    r"""(?<![\w)\]-])[-+\N{MINUS SIGN}]      # a sign, and not what stands between 10 and 0 in 10-0
        (?=0+(?:[.,]0*)?(?:e[-+]?\d+)?
        (?![.,:]?\w*\d))                    # where the number ends: not in -0.05""",
    re.VERBOSE,
)
REFERENCES_STAY = "The references stay those of the book."
TRAINS = ("start", "step")


def source_of(widget: str) -> str:
    with open(str(get(widget).__file__), encoding="utf-8") as file:  # noqa: PTH123 (a start loads no pathlib)
        return file.read()


def filename_of(widget: str) -> str:
    """The name of a reader's version in tracebacks."""
    return f"{widget}.py"


@lru_cache(maxsize=16)
def edited(widget: str, source: str) -> ModuleType:
    """The reader's version of an instrument, run and checked once per text.

    Raises
    ------
    ContractError
        If it lacks a required definition or breaks its contract.
    """
    get(widget)
    filename = filename_of(widget)
    module = ModuleType(f"edited_{widget}")
    sys.modules[module.__name__] = module  # dataclasses look their module up
    exec(compile(source, filename, "exec", dont_inherit=True), module.__dict__)
    training = get(widget).instrument.training
    trains = training is not None
    defined = (
        *DEFINED,
        *(TRAINS if trains else ()),
        *(("keep",) if training and training.saves else ()),
    )
    if missing := [name for name in defined if not hasattr(module, name)]:
        raise ContractError(
            f"{filename} must define {', '.join(defined)}. It does not define {', '.join(missing)}."
        )
    with with_line(source):
        check_instrument(module)
        if (module.instrument.training is not None) != trains:
            raise ContractError(
                f"instrument must have {'a' if trains else 'no'} training, as the book's own has. "
                "Its buttons are part of the page."
            )
    return module


def declaration_of(widget: str, source: str) -> dict[str, Any]:
    """The declaration of a reader's version.

    Raises
    ------
    ContractError
        If it breaks its contract.
    """
    return dict(plain(declaration(version(widget, source).instrument)))


def version(widget: str, source: str | None) -> ModuleType:
    if source is None:
        module = get(widget)
        show_file(str(module.__file__))
        return module
    remember_source(filename_of(widget), source)
    return edited(widget, source)


def compute_frame(
    widget: str,
    controls: Mapping[str, Any],
    source: str | None,
    milliseconds: float | None = None,
) -> dict[str, Any]:
    """The picture at one setting, as ``FrameValue`` of the protocol.

    Parameters
    ----------
    widget : str
    controls : mapping from a control's name to its value
        A missing control has its default.
    source : str or None
        The reader's version of the file.
    milliseconds : float or None
        Approximate time to train for this picture; None: until the step that the controls request.

    Raises
    ------
    ContractError
        If a control is unknown or out of range, or the instrument breaks its contract.
    """
    module = version(widget, source)
    instrument: Instrument = module.instrument
    values = accepted(instrument, controls)
    start = time.perf_counter()
    with np.errstate(all="warn", under="ignore"):  # NumPy's defaults, whatever a cell has set
        if instrument.training is None:
            reached = None
            result = module.compute(**values)
        else:
            reached = train(module, values, milliseconds)
            result = computed(module, values, reached)
        frame = module.frame(result)
    ms = 1000 * (time.perf_counter() - start)
    where = reached and {"steps": reached.steps, "done": reached.done}
    if source is None:  # checked by the book's tests
        return {**frame_value(instrument, frame), "reached": where, "ms": ms}
    with with_line(source):
        check_result(result)
        check_frame(instrument, frame)
        picture = frame_value(instrument, frame)
        check_size(picture)
    if instrument.references != get(widget).instrument.references:
        picture["note"] = " ".join(filter(None, (picture["note"], REFERENCES_STAY)))
    return {**picture, "reached": where, "ms": ms}


def keep_trained(widget: str, controls: Mapping[str, Any], source: str | None) -> str:
    """A trained instrument's network at one setting: an .npz file in base 64."""
    module = version(widget, source)
    return kept(module, accepted(module.instrument, controls))


def frame_value(instrument: Instrument, frame: Frame) -> dict[str, Any]:
    if not isinstance(frame, Frame):
        check_frame(instrument, frame)  # states what is accepted
    if lost := [r.key for r in instrument.readouts if r.key not in frame.readouts]:
        raise ContractError(
            f"The frame has no readout {', '.join(lost)}, which the instrument declares; it has "
            f"{', '.join(frame.readouts) or 'none'}"
        )
    return {
        "readouts": {r.key: formatted(r, frame.readouts[r.key]) for r in instrument.readouts},
        "panels": [panel_value(panel) for panel in frame.panels],
        "note": unsigned_zeros(frame.note),
    }


def unsigned_zeros(text: str) -> str:
    """Remove the signs of zeros: the sign of a small number that was rounded is arbitrary."""
    return SIGN_OF_ZERO.sub("", text) if "0" in text else text


def formatted(readout: Readout, value: float | int | str | None) -> str:
    """A readout as printed: a real minus sign, a power of ten for ``e``, a dash for None."""
    if value is None:
        return EN_DASH
    if isinstance(value, str):
        return unsigned_zeros(value)
    text = unsigned_zeros(format(value, readout.format))
    if power := re.fullmatch(r"(.*)e([+-]\d+)", text):
        exponent = int(power[2])
        text = power[1] + (f" × 10{str(exponent).translate(SUPERSCRIPTS)}" if exponent else "")
    return text.replace("-", MINUS)


def panel_value(panel: Panel) -> dict[str, Any]:
    """A panel in the protocol's form."""
    common = {"key": panel.key, "alt": unsigned_zeros(panel.alt), "half": panel.half}
    match panel:
        case Plot():
            return {**common, "kind": "plot", "figure": plain_figure(panel)}
        case Map():
            return {**common, **map_value(panel)}
        case Pad():
            return {**common, "kind": "pad", **pictures_value(panel)}
    server = panel.server
    images = tiles_of(panel)
    return {
        **common,
        "kind": "tiles",
        "data": np.ascontiguousarray(images).reshape(-1),
        "shape": list(images.shape),
        "captions": plain(panel.captions),
        "gap": panel.gap,
        "server": server and plain(asdict(server)),
        "gallery": gallery_value(panel, images.shape[3]) if panel.labels else None,
    }


def gallery_value(panel: Tiles, width: int) -> dict[str, Any]:
    """A gallery's fields without its images, which are ``width`` wide; ``sides`` are in CSS px."""
    side = narrow = width * -(-LEAST_SIDE // width)  # integer multiples: pixels of equal size
    while narrow >= 2 * LEAST_SIDE:
        narrow //= 2
    return {
        "labels": plain(panel.labels),
        "numbers": [number.replace("-", MINUS) for number in plain(panel.numbers)],
        "marked": plain(panel.marked),
        "sides": [side, narrow],
    }


def pictures_value(panel: Pad) -> dict[str, Any]:
    """A pad's pictures that replace paper and ink, or nulls."""
    if panel.pictures is None:
        return {"data": None, "shape": None}
    pictures = np.ascontiguousarray(pictures_of(panel))
    return {"data": pictures.reshape(-1), "shape": list(pictures.shape)}


def map_value(panel: Map) -> dict[str, Any]:
    """A map's fields other than those of every panel."""
    return {
        "kind": "map",
        "data": np.ascontiguousarray(tile_of(panel)).reshape(-1),
        "address": list(panel.address),
        "server": panel.server,
        "axes": list(panel.axes),
        "at": list(panel.at),
        "rings": dict(panel.rings),
        "dots": panel.dots and dots_value(panel.dots),
    }


def dots_value(dots: Dots) -> dict[str, Any]:
    """Dots in flat arrays: x and y of each in turn."""
    return {
        "points": plain_array(dots.points.reshape(-1)),
        "classes": plain_array(dots.classes),
        "names": list(dots.names),
        "places": plain_array(dots.places.reshape(-1)),
    }


def plain_figure(panel: Plot) -> Any:
    """Convert a plot's figure to values that JavaScript can read.

    Raises
    ------
    ContractError
        If it contains anything other than dicts, lists, arrays, numbers and text.
    """
    try:
        return plain(panel.figure)
    except ContractError as error:
        raise ContractError(f"In the figure of {panel.key}: {error}") from None


def plain(value: Any) -> Any:
    """Convert a value to dicts, lists, numbers, text and contiguous arrays for JavaScript.

    Zeros in text lose their signs. Arrays of numbers stay arrays. Integers of 64 bits become
    floats, because JavaScript would read them as BigInts.

    Raises
    ------
    ContractError
        If a part of it is none of these.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.floating):
        return float(value)
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, np.ndarray):
        return plain_array(value) if value.ndim else plain(value[()])
    if isinstance(value, str):
        return unsigned_zeros(value)
    if value is None or isinstance(value, int | float):
        return value
    raise ContractError(
        f"a value is of type {type(value).__name__}; accepted: dict, list, tuple, array, float, "
        "int, bool, str, None"
    )


def plain_array(array: NDArray[Any]) -> Any:
    """An array of a type that JavaScript can read, or a list."""
    if array.dtype.kind not in "fiub":
        return plain(array.tolist())
    if array.dtype.kind == "f":
        dtype = np.dtype(np.float32 if array.itemsize <= 4 else np.float64)
    else:
        dtype = array.dtype if array.dtype in (np.uint8, np.int32) else np.dtype(np.float64)
    return np.ascontiguousarray(array, dtype)
