"""From controls to a picture: one instrument, the book's own or the reader's version of it."""

from __future__ import annotations

import math
import re
import sys
import time
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from widgets import get
from widgets.check import check_frame, check_instrument, check_result
from widgets.contract import (
    Choice,
    ContractError,
    Control,
    Frame,
    Instrument,
    Panel,
    Plot,
    Point,
    Readout,
    Seed,
    Slider,
    Toggle,
    Value,
)
from widgets.failure import remember_source, show_file

MINUS, EN_DASH = "\N{MINUS SIGN}", "\N{EN DASH}"
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
DEFINED = ("instrument", "compute", "frame")


def source_of(widget: str) -> str:
    """The text of an instrument's own file."""
    return files("widgets").joinpath(f"{get(widget).__name__.rpartition('.')[2]}.py").read_text()


def filename_of(widget: str) -> str:
    """What tracebacks call the reader's version of an instrument."""
    return f"{widget}.py"


@lru_cache(maxsize=16)
def edited(widget: str, source: str) -> ModuleType:
    """The reader's version of an instrument, run and checked once for each text.

    Raises
    ------
    ContractError
        If it does not define what an instrument must define.
    """
    get(widget)
    filename = filename_of(widget)
    module = ModuleType(f"edited_{widget}")
    sys.modules[module.__name__] = module  # dataclasses look their module up
    exec(compile(source, filename, "exec", dont_inherit=True), module.__dict__)
    if missing := [name for name in DEFINED if not hasattr(module, name)]:
        raise ContractError(
            f"{filename} must define {', '.join(DEFINED)}. It does not define {', '.join(missing)}."
        )
    check_instrument(module)
    return module


def compute_frame(widget: str, controls: Mapping[str, Any], source: str | None) -> dict[str, Any]:
    """The picture at one setting, as ``FrameValue`` of the protocol.

    Parameters
    ----------
    widget : str
    controls : mapping from a control's name to its value
        A control that is left out is at rest.
    source : str or None
        The reader's version of the file.

    Raises
    ------
    ContractError
        If a control is unknown or out of range, or the instrument breaks its contract.
    """
    if source is None:
        module = get(widget)
        show_file(str(module.__file__))
    else:
        remember_source(filename_of(widget), source)
        module = edited(widget, source)
    instrument: Instrument = module.instrument
    values, seed = accepted(instrument, controls)
    start = time.perf_counter()
    with np.errstate(all="warn"):  # whatever a cell has set with np.seterr
        result = module.compute(rng=np.random.default_rng(seed), **values)
        frame = module.frame(result)
    ms = 1000 * (time.perf_counter() - start)
    if source is not None:  # the book's own are checked by its tests
        check_result(result)
        check_frame(instrument, frame)
    return {**frame_value(instrument, frame), "ms": ms}


def accepted(instrument: Instrument, controls: Mapping[str, Any]) -> tuple[dict[str, Value], int]:
    """The value of every control, checked, and the seed.

    Raises
    ------
    ContractError
        If a control is unknown or its value is not one it can take.
    """
    known = {control.name: control for control in instrument.controls}
    if unknown := sorted(set(controls) - set(known)):
        raise ContractError(
            f"{instrument.name} has no control {', '.join(unknown)}. "
            f"It has {', '.join(known) or 'none'}."
        )
    values, seed = {}, 0
    for name, control in known.items():
        value = controls.get(name, control.default)
        if isinstance(control, Seed):
            seed = whole(control, value, 0, control.max)
        else:
            values[name] = accept(control, value)
    return values, seed


def accept(control: Control, value: Any) -> Value:
    """One control's value, in the type that ``compute`` expects.

    Raises
    ------
    ContractError
        Says the control, the value received and those accepted.
    """
    match control:
        case Slider(values=values) if values:
            near = min(values, key=lambda v: abs(v - number(control, value)))
            if not math.isclose(near, value, rel_tol=1e-9, abs_tol=1e-12):
                raise refusal(control, value, "one of " + ", ".join(f"{v:g}" for v in values))
            return near
        case Slider(min=low, max=high, step=step) if all_whole(low, high, step):
            return whole(control, value, low, high)
        case Slider(min=low, max=high):
            return within(control, value, low, high)
        case Choice(options=options):
            if value not in options:
                raise refusal(control, value, "one of " + ", ".join(options))
            return str(value)
        case Toggle():
            if not isinstance(value, bool):
                raise refusal(control, value, "true or false")
            return value
        case Point(limit=limit):
            if not isinstance(value, list | tuple) or len(value) != 2:
                raise refusal(control, value, "two numbers")
            x, y = (within(control, v, -limit, limit) for v in value)
            return x, y
        case _:
            raise ContractError(f"{control!r} is no control.")


def all_whole(*ends: float) -> bool:
    """Whether a slider runs over whole numbers: its ends and its step are ints."""
    return all(isinstance(end, int) for end in ends)


def number(control: Control, value: Any) -> float:
    """A finite number, and no bool."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise refusal(control, value, "a number")
    return float(value)


def within(control: Control, value: Any, low: float, high: float) -> float:
    """A number from low to high."""
    if not low <= number(control, value) <= high:
        raise refusal(control, value, f"a number from {low:g} to {high:g}")
    return float(value)


def whole(control: Control, value: Any, low: float, high: float) -> int:
    """A whole number from low to high."""
    if not low <= number(control, value) <= high or value != int(value):
        raise refusal(control, value, f"a whole number from {low:g} to {high:g}")
    return int(value)


def refusal(control: Control, value: Any, wanted: str) -> ContractError:
    """What was received, and what is accepted."""
    return ContractError(f"{control.name} = {value!r} is not accepted: it must be {wanted}.")


def frame_value(instrument: Instrument, frame: Frame) -> dict[str, Any]:
    """A frame as ``FrameValue`` without ``ms``."""
    return {
        "readouts": {r.key: formatted(r, frame.readouts[r.key]) for r in instrument.readouts},
        "panels": [panel_value(panel) for panel in frame.panels],
        "note": frame.note,
    }


def formatted(readout: Readout, value: float | int | str | None) -> str:
    """A readout as it is printed: a real minus sign, a power of ten for ``e``, a dash for None."""
    if value is None:
        return EN_DASH
    if isinstance(value, str):
        return value
    text = format(value, readout.format)
    if text.startswith("-") and float(text.replace(",", "")) == 0:
        text = text[1:]
    if power := re.fullmatch(r"(.*)e([+-]\d+)", text):
        exponent = int(power[2])
        text = power[1] + (f" × 10{str(exponent).translate(SUPERSCRIPTS)}" if exponent else "")
    return text.replace("-", MINUS)


def panel_value(panel: Panel) -> dict[str, Any]:
    """A panel as the protocol has it."""
    common = {"key": panel.key, "alt": panel.alt, "half": panel.half}
    if isinstance(panel, Plot):
        return {**common, "kind": "plot", "figure": plain(panel.figure)}
    server = panel.server
    return {
        **common,
        "kind": "tiles",
        "data": np.ascontiguousarray(panel.images).reshape(-1),
        "shape": list(panel.images.shape),
        "captions": list(panel.captions),
        "gap": panel.gap,
        "server": server and {"model": server.model, "n": server.n, "span": server.span},
    }


def plain(value: Any) -> Any:
    """A figure in dicts, lists, numbers, text and contiguous arrays that JavaScript can hold.

    Arrays of numbers stay arrays. Whole numbers of 64 bits become floats, as JavaScript would make
    BigInts of them.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return plain_array(value)
    return value


def plain_array(array: NDArray[Any]) -> Any:
    """An array of a type that JavaScript has, or a list."""
    if array.dtype.kind not in "fiub":
        return plain(array.tolist())
    if array.dtype.kind == "f":
        dtype = np.dtype(np.float32 if array.dtype == np.float16 else array.dtype)
    else:
        dtype = array.dtype if array.dtype in (np.uint8, np.int32) else np.dtype(np.float64)
    return np.ascontiguousarray(array, dtype)
