"""The values of an instrument's controls, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from widgets.contract import ContractError, Instrument


def accepted(instrument: Instrument, controls: Mapping[str, Any]) -> dict[str, Any]:
    """The value of every control, in the type that ``compute`` expects.

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
        name: control.accept(controls.get(name, control.default)) for name, control in known.items()
    }
