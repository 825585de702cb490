"""What controls accept, and in which type ``compute`` is handed it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from widgets.contract import (
    Choice,
    ContractError,
    Control,
    Drawing,
    Instrument,
    Point,
    Seed,
    Slider,
    Toggle,
    Value,
    Viewport,
)
from widgets.drawing import to_pixels


def accepted(instrument: Instrument, controls: Mapping[str, Any]) -> dict[str, Any]:
    """The value of every control, checked.

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
    return {
        name: accept(control, controls.get(name, control.default))
        for name, control in known.items()
    }


def accept(control: Control, value: Any) -> Value | NDArray[np.uint8]:
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
        case Choice():
            if value not in control.values():
                raise refusal(control, value, "one of " + ", ".join(control.options))
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
        case Seed(max=most):
            return whole(control, value, 0, most)
        case Viewport(limit=limit, max_zoom=most):
            if not isinstance(value, list | tuple) or len(value) != 3:
                raise refusal(control, value, "three numbers")
            x, y = (within(control, v, -limit, limit) for v in value[:2])
            return x, y, within(control, value[2], 0, most)
        case Drawing(side=side):
            if not isinstance(value, str):
                raise refusal(control, value, "a drawing as text")
            try:
                return to_pixels(value, side)
            except ValueError as error:
                raise ContractError(f"{control.name} is not accepted: {error}.") from None
        case _:
            raise ContractError(f"{control!r} is not a control.")


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
