"""The check that holds an instrument to its contract: the book's own, and a reader's version of it.

Readers see these messages beside the code that they edited, so each says what stands there and
what is accepted.
"""

from __future__ import annotations

import inspect
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from widgets.contract import (
    Choice,
    ContractError,
    Control,
    Drawing,
    Frame,
    Instrument,
    Map,
    Pad,
    Panel,
    Plot,
    Point,
    Readout,
    Seed,
    Slider,
    Toggle,
    Viewport,
)
from widgets.drawing import to_pixels
from widgets.engine.controls import accepted
from widgets.engine.panels import NAME, check_panel
from widgets.engine.training import computed, train

OF_THE_PLATE = ("number", "title")
"""Names that the page gives to parts of every plate (templates/blocks/instrument.html)."""


def check_instrument(module: ModuleType) -> None:
    """Check what a module declares, then compute and draw it at rest.

    Parameters
    ----------
    module : module
        Has ``instrument``, ``compute`` and ``frame``.

    Raises
    ------
    ContractError
        Says what stands there and what is accepted.
    """
    instrument = module.instrument
    if not isinstance(instrument, Instrument):
        raise ContractError(
            f"instrument is of type {type(instrument).__name__}; accepted: an Instrument"
        )
    check_declaration(instrument)
    values = accepted(instrument, {})
    if instrument.training is None:
        given = ["everything"] if instrument.served else []
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
    for field in ("title", "ask"):
        if not getattr(instrument, field).strip():
            raise ContractError(f"{field} is empty; accepted: some text")
    once("The control", (control.name for control in instrument.controls))
    if taken := [control.name for control in instrument.controls if control.name in OF_THE_PLATE]:
        raise ContractError(
            f"a control is named {taken[0]!r}, as a part of the plate is; accepted: any other name"
        )
    once("The readout", (readout.key for readout in instrument.readouts))
    for control in instrument.controls:
        check_control(control)
    check_conditions(instrument.controls)
    for readout in instrument.readouts:
        check_format(f"The format of the readout {readout.key}", readout.format)


def once(what: str, names: Iterable[str]) -> None:
    """Check that no name stands there twice."""
    for name, count in Counter(names).items():
        if count > 1:
            raise ContractError(f"{what} {name} is declared {count} times; accepted: once")


def check_format(what: str, specification: str) -> None:
    """Check that Python can print a whole or another number with a format."""
    for number in (0, 0.0):
        try:
            format(number, specification)
        except ValueError:
            continue
        return
    raise ContractError(
        f'{what} is "{specification}"; accepted: a Python format such as ".2f", ".1%", "d" or "g"'
    )


def check_control(control: Control) -> None:
    """Check that a control has a name, a label and a default that it can take."""
    if not NAME.fullmatch(control.name):
        raise ContractError(
            f"A control is named {control.name!r}; accepted: a Python name in lower case"
        )
    if not control.label.strip():
        raise ContractError(f"The label of {control.name} is empty; accepted: some text")

    def default_must_be(accepted: str) -> ContractError:
        return ContractError(
            f"The default of {control.name} is {control.default!r}; accepted: {accepted}"
        )

    match control:
        case Slider():
            check_slider(control)
        case Choice(options=options, default=default, plays=seconds):
            if default not in options:
                raise default_must_be(", ".join(map(repr, options)))
            if not (isinstance(seconds, int | float) and 0 <= seconds < math.inf):
                raise ContractError(
                    f"{control.name} plays {seconds!r} seconds at each option; accepted: a number "
                    "of seconds, 0 to play nothing"
                )
        case Toggle(default=default):
            if not isinstance(default, bool):
                raise default_must_be("True or False")
        case Point(default=default, limit=limit):
            if len(default) != 2 or not all(abs(value) <= limit for value in default):
                raise default_must_be(f"two numbers from {-limit:g} to {limit:g}")
        case Seed(default=default, max=most):
            if not (isinstance(default, int) and 0 <= default <= most):
                raise default_must_be(f"a whole number from 0 to {most}")
        case Viewport(default=default, limit=limit, max_zoom=most):
            inside = len(default) == 3 and max(map(abs, default[:2])) <= limit
            if not inside or not 0 <= default[2] <= most:
                raise default_must_be(
                    f"two numbers from {-limit:g} to {limit:g} and a zoom from 0 to {most}"
                )
        case Drawing(default=default, side=side, pen=pen):
            try:
                to_pixels(default, side)
            except ValueError as error:
                raise ContractError(f"In the default of {control.name}, {error}") from None
            if not pen > 0:
                raise ContractError(f"The pen of {control.name} is {pen:g}; accepted: above 0")
        case _:
            raise ContractError(
                f"{control!r} is not a control; accepted: Slider, Choice, Toggle, Point, Seed, "
                "Viewport, Drawing"
            )


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


def check_slider(slider: Slider) -> None:
    """Check that a slider has an ascending scale with its default on it."""
    name = slider.name
    if slider.values:
        if list(slider.values) != sorted(set(slider.values)):
            raise ContractError(f"The values of {name} do not ascend; accepted: ascending numbers")
    elif not slider.min < slider.max or not slider.step > 0:
        raise ContractError(
            f"{name} runs from {slider.min:g} to {slider.max:g} in steps of {slider.step:g}; "
            "accepted: min below max, step above 0"
        )
    if not any(math.isclose(slider.default, step, abs_tol=1e-9) for step in slider.steps()):
        accepted = (
            "one of " + ", ".join(f"{value:g}" for value in slider.values)
            if slider.values
            else f"a step of the slider, {slider.min:g} to {slider.max:g} by {slider.step:g}"
        )
        raise ContractError(f"The default of {name} is {slider.default:g}; accepted: {accepted}")
    check_format(f"The format of {name}", slider.format)


def check_signature(function: str, defined: Any, names: Sequence[str]) -> None:
    """Check that a function takes what it will be handed, each by its name."""
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
        Says what stands there and what is accepted.
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


PLACES: Mapping[type[Control], tuple[type[Panel], str]] = {
    Point: (Plot, "plot"),
    Viewport: (Map, "map"),
    Drawing: (Pad, "pad"),
}
"""The kind of panel that a control is set on."""


def check_placed(controls: Sequence[Control], panels: Sequence[Panel]) -> None:
    """Check that what is set on a panel has it, and that maps and pads can be moved."""
    taken = set()
    for control in controls:
        if not isinstance(control, Point | Viewport | Drawing):
            continue
        kind, word = PLACES[type(control)]
        keys = [panel.key for panel in panels if isinstance(panel, kind)]
        if control.panel not in keys:
            raise ContractError(
                f"{control.name} is set on the panel {control.panel!r}; accepted: "
                f"a {word} of the frame, {', '.join(keys) or 'of which there is none'}"
            )
        taken.add(control.panel)
    for panel in panels:
        if isinstance(panel, Map | Pad) and panel.key not in taken:
            raise ContractError(
                f"Nothing is set on the panel {panel.key}; accepted: a Viewport on each Map, "
                "a Drawing on each Pad"
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
