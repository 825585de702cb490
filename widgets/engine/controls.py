"""Validate the values of an instrument's controls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from widgets.contract import ContractError, Instrument


def accepted(instrument: Instrument, controls: Mapping[str, Any]) -> dict[str, Any]:
    """Return every control's value in the type that ``compute`` expects.

    Raises
    ------
    ContractError
        If a control is unknown or does not accept its value.
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
