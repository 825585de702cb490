"""Check an instrument, the book's own or a reader's edit, against the contract.

Readers see these messages under the code that they edited, so each states what was found and what
is accepted.
"""

from __future__ import annotations

import inspect
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any, get_args

import numpy as np

from widgets.contract import (
    Choice,
    ContractError,
    Control,
    Frame,
    Instrument,
    Map,
    Pad,
    Panel,
    Readout,
    Slider,
    Textbox,
    Tiles,
)
from widgets.controls import check_format
from widgets.engine.controls import accepted
from widgets.engine.panels import NAME, check_panel
from widgets.engine.training import computed, train

OF_THE_PLATE = ("number", "title")
"""Names that the page uses for parts of every plate (templates/blocks/instrument.html)."""

MAX_TYPED = 400
"""Limit on characters in all text boxes together: each takes up to 12 in a link, whose length is
limited (MAX_QUERY in static/js/instrument/state.js)."""


def check_instrument(module: ModuleType) -> None:
    """Check a module's declaration, then compute and draw its defaults.

    Parameters
    ----------
    module : module
        Has ``instrument``, ``compute`` and ``frame``.

    Raises
    ------
    ContractError
        States what was found and what is accepted.
    """
    instrument = module.instrument
    if not isinstance(instrument, Instrument):
        raise ContractError(
            f"instrument is of type {type(instrument).__name__}; accepted: an Instrument"
        )
    check_declaration(instrument)
    values = accepted(instrument, {})
    if instrument.training is None:
        given = ["full_data"] if instrument.computed_on_server else []
        if given and "everything" in inspect.signature(module.compute).parameters:
            given = ["everything"]  # its name in edition 0.2, which readers' edits may have
        check_signature("compute", module.compute, [*values, *given])
        result = module.compute(**values)
    else:
        check_signature("compute", module.compute, ["state", "curves", *values])
        settings = list(instrument.training.settings(values, later=False))
        check_signature("start", module.start, settings)
        check_signature("step", module.step, ["state", *settings])
        result = computed(module, values, train(module, values, None))
    check_result(result)
    check_frame(instrument, module.frame(result))


def check_declaration(instrument: Instrument) -> None:
    """Check names, controls and readouts."""
    if not NAME.fullmatch(instrument.name):
        raise ContractError(
            f"name is {instrument.name!r}; accepted: lower-case letters, digits and _, "
            "starting with a letter"
        )
    for field in ("title", "challenge"):
        text = getattr(instrument, field)
        if not isinstance(text, str):
            raise ContractError(f"{field} is {text!r}; accepted: some text")
        if not text.strip():
            raise ContractError(f"{field} is empty; accepted: some text")
    check_parts("controls", instrument.controls, get_args(Control))
    check_parts("readouts", instrument.readouts, (Readout,))
    once("The control", (control.name for control in instrument.controls))
    if taken := [control.name for control in instrument.controls if control.name in OF_THE_PLATE]:
        raise ContractError(
            f"a control is named {taken[0]!r}, as a part of the plate is; accepted: any other name"
        )
    once("The readout", (readout.key for readout in instrument.readouts))
    for control in instrument.controls:
        control.check()
    boxes = [control for control in instrument.controls if isinstance(control, Textbox)]
    if (typed := sum(control.max_length for control in boxes)) > MAX_TYPED:
        names = " + ".join(control.name for control in boxes)
        raise ContractError(
            f"max_length of {names} is {typed}; accepted: {MAX_TYPED} together, as many as a link "
            "can carry"
        )
    check_conditions(instrument.controls)
    for readout in instrument.readouts:
        check_format(f"The format of the readout {readout.key}", readout.format)


def check_parts(field: str, parts: Any, accepted: Sequence[type[Any]]) -> None:
    """Check a list of controls or readouts, their types and their TeX symbols."""
    kinds = ", ".join(kind.__name__ for kind in accepted)
    if not isinstance(parts, tuple | list):
        raise ContractError(
            f"{field} is of type {type(parts).__name__}; accepted: a list [ … ], also of one"
        )
    for part in parts:
        if type(part) not in accepted:
            raise ContractError(f"{field} has {part!r}; accepted: {kinds}")
        symbol = getattr(part, "symbol", "")
        if any(sign < " " for sign in symbol):
            raise ContractError(
                f"The symbol of {part.label} is {symbol!r}; accepted: TeX as a raw string, as in "
                'r"\\nu"'
            )


def once(what: str, names: Iterable[str]) -> None:
    """Check that names are unique."""
    for name, count in Counter(names).items():
        if count > 1:
            raise ContractError(f"{what} {name} is declared {count} times; accepted: once")


def check_conditions(controls: Sequence[Control]) -> None:
    """Check that each ``when`` names a choice of the instrument and one of its options."""
    choices = {c.name: c.values() for c in controls if isinstance(c, Choice)}
    for control in controls:
        if control.when is None:
            continue
        name, *options = control.when
        others = [choice for choice in choices if choice != control.name]
        if name not in others:
            raise ContractError(
                f"{control.name} counts only when {name!r} is chosen; accepted: a choice of the "
                f"instrument, {', '.join(others) or 'of which there is no other'}"
            )
        if not options or not set(options) <= set(choices[name]):
            raise ContractError(
                f"{control.name} counts only when {name} is "
                f"{' or '.join(map(repr, options)) or 'nothing'}; accepted: "
                f"{', '.join(map(repr, choices[name]))}"
            )


def check_signature(function: str, defined: Any, names: Sequence[str]) -> None:
    """Check that a function accepts its arguments by name."""
    parameters = inspect.signature(defined).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return
    if sorted(parameters) != sorted(names):
        raise ContractError(
            f"{function} takes {', '.join(parameters) or 'nothing'}; accepted: "
            f"{', '.join(names) or 'nothing'}, the names of the controls"
        )


def check_result(result: Any) -> None:
    """Check that ``compute`` returned named, finite numbers."""
    if not isinstance(result, Mapping):
        raise ContractError(f"compute returned {type(result).__name__}; accepted: a dict")
    for key, value in result.items():
        array = np.asarray(value)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            count = int(np.sum(~np.isfinite(array)))
            raise ContractError(
                f"compute returned {count} of {array.size} numbers in {key!r} that are nan or "
                "infinite; accepted: finite numbers"
            )


def check_frame(instrument: Instrument, frame: Any) -> None:
    """Check that a frame shows what its instrument declares.

    Raises
    ------
    ContractError
        States what was found and what is accepted.
    """
    if not isinstance(frame, Frame):
        raise ContractError(f"frame returned {type(frame).__name__}; accepted: a Frame")
    declared = [readout.key for readout in instrument.readouts]
    if sorted(declared) != sorted(frame.readouts):
        raise ContractError(
            f"The frame's readouts are {', '.join(frame.readouts) or 'none'}; accepted: "
            f"{', '.join(declared) or 'none'}, as declared"
        )
    for readout in instrument.readouts:
        check_readout(readout, frame.readouts[readout.key])
    if not frame.panels:
        raise ContractError("The frame has no panels; accepted: one or more")
    for panel in frame.panels:
        check_panel(panel)
    once("The panel", (panel.key for panel in frame.panels))
    check_placed(instrument.controls, frame.panels)


def check_placed(controls: Sequence[Control], panels: Sequence[Panel]) -> None:
    """Check that each control's panel exists, and that each map and pad has a control."""
    taken = set()
    for control in controls:
        if not control.panel_kind or (isinstance(control, Slider | Choice) and not control.panel):
            continue
        of_kind = [each for each in panels if type(each).__name__.lower() == control.panel_kind]
        keys = [panel.key for panel in of_kind]
        if control.panel not in keys:
            raise ContractError(
                f"{control.name} is set on the panel {control.panel!r}; accepted: a "
                f"{control.panel_kind} of the frame, {', '.join(keys) or 'of which there is none'}"
            )
        if isinstance(control, Slider | Choice):
            if control.panel in taken:
                raise ContractError(f"Two controls are set on {control.panel}; accepted: one")
            check_chosen(control, next(p for p in of_kind if p.key == control.panel))
        taken.add(control.panel)
    for panel in panels:
        if isinstance(panel, Map | Pad) and panel.key not in taken:
            raise ContractError(
                f"Nothing is set on the panel {panel.key}; accepted: a Viewport on each Map, "
                "a Drawing on each Pad"
            )


def check_chosen(control: Slider | Choice, panel: Panel) -> None:
    """Check that a gallery has one label per value of the control that is set on it."""
    labels = len(panel.labels) if isinstance(panel, Tiles) else 0
    values = len(control.steps() if isinstance(control, Slider) else control.options)
    if labels != values:
        raise ContractError(
            f"{control.name} has {values} values and {panel.key} has {labels} labels; accepted: "
            "a label for each value"
        )


def check_readout(readout: Readout, value: Any) -> None:
    """Check that a value is finite and fits the readout's format."""
    if value is None or isinstance(value, str):
        return
    try:
        if not math.isfinite(value):
            raise ContractError(
                f"The readout {readout.key} is {value}; accepted: a finite number, text or None"
            )
        format(value, readout.format)
    except (TypeError, ValueError) as error:
        if isinstance(error, ContractError):
            raise
        raise ContractError(
            f"The readout {readout.key} is {value!r}, which the format "
            f'"{readout.format}" cannot print; accepted: a number, text or None'
        ) from None
