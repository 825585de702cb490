"""Check an instrument's contract: at rest, at the ends of its controls, at random settings."""

import copy
import random
import re
import time
from collections.abc import Iterator
from itertools import product
from types import ModuleType
from typing import Any

import numpy as np

from widgets.contract import Choice, ContractError, Frame, Instrument, Panel, Plot, Tiles
from widgets.engine import training
from widgets.engine.check import check_frame, check_result
from widgets.engine.controls import accepted
from widgets.engine.declaration import with_line
from widgets.engine.failure import failed
from widgets.engine.frames import filename_of, frame_value, source_of, version
from widgets.engine.panels import tiles_of
from widgets.engine.size import check_size

RANDOM_SETTINGS = 8
FEW_COMBINATIONS, MOST_COMBINATIONS = 8, 250
"""Combinations of choices to try: of an author's instrument, and of the book's own."""

PURE = "Accepted: randomness from a generator made from a Seed, arguments and globals as they were"

Setting = dict[str, Any]


def faults(widget: str, seconds: float) -> dict[str, Any]:
    """Faults against the contract, each once: ``line``, and ``message`` to follow the name.

    Parameters
    ----------
    seconds : after this time, begin no further setting than that at rest; ``untried`` counts those
        that are left
    """
    source = source_of(widget)
    module = version(widget, source)
    controls, rest = module.instrument.controls, module.instrument.defaults()
    _, first = computed(module, rest)

    def failure(setting: Setting) -> dict[str, Any] | None:
        try:
            with with_line(source):
                check_setting(module, setting, first)
                check_pure(module, setting)
        except Exception as error:
            return failed(error, filename_of(widget))
        return None

    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    ahead = list(settings(module.instrument, FEW_COMBINATIONS))[::-1]
    end, count = time.monotonic() + seconds, len(ahead)
    while ahead and (len(ahead) == count or time.monotonic() < end):
        setting = ahead.pop()
        if (reply := failure(setting)) is None:
            continue
        what = reply["name"], reply["line"], re.sub(r"[\d.]+", "", reply["message"])
        if what in found:
            continue
        for name in rest:  # with as few changed values as possible
            fewer = {**setting, name: rest[name]}
            again = failure(fewer)
            if again is not None and (again["name"], again["line"]) == what[:2]:
                setting, reply = fewer, again
        at = ", ".join(
            f"{each.name} = {each.write(setting[each.name])}"
            for each in controls
            if not equal(setting[each.name], rest[each.name])
        )
        message = f"fails{at and f' at {at}'}: {reply['name']}: {reply['message']}"
        found[what] = {"line": reply["line"], "message": message}
    return {"faults": list(found.values()), "untried": len(ahead)}


def settings(instrument: Instrument, most: int = MOST_COMBINATIONS) -> Iterator[Setting]:
    """Settings at rest, at the ends of controls for all or many sets of choices, and at random."""
    for setting in all_settings(instrument, most):
        if instrument.training is not None:  # test_train_vae covers thousands of steps
            names = instrument.training.steps, instrument.training.at
            setting |= {name: setting[name] % 20 for name in names}
        yield setting


def all_settings(instrument: Instrument, most: int = MOST_COMBINATIONS) -> Iterator[Setting]:
    """As :func:`settings`, without a limit to the steps of training."""
    rest = instrument.defaults()
    yield rest
    choices = [c for c in instrument.controls if isinstance(c, Choice)]
    others = [c for c in instrument.controls if not isinstance(c, Choice)]
    source = random.Random(instrument.name)
    for control in others:  # alone, or the fault of one end would hide that of another
        yield from ({**rest, control.name: end} for end in control.ends())
    combinations = list(product(*(c.options for c in choices)))
    if len(combinations) > most:
        combinations = source.sample(combinations, most)
    for chosen in combinations:
        mode = {**rest, **dict(zip((c.name for c in choices), chosen, strict=True))}
        for end in (0, 1):
            yield {**mode, **{c.name: c.ends()[end] for c in others}}
    for _ in range(RANDOM_SETTINGS):
        yield {control.name: control.draw(source) for control in instrument.controls}


def computed(module: ModuleType, setting: Setting) -> tuple[Any, Frame]:
    """Result and frame of a setting, after checking that ``compute`` changes no argument."""
    values = accepted(module.instrument, setting)
    given = copy.deepcopy(values)
    if module.instrument.training is None:
        result = module.compute(**values)
    else:
        result = training.computed(module, values, training.train(module, values, None))
    if changed := [name for name in values if not equal(values[name], given[name])]:
        raise ContractError(f"compute changes its argument {changed[0]!r}. {PURE}")
    return result, module.frame(result)


def check_setting(module: ModuleType, setting: Setting, rest: Frame) -> Frame:
    """Check and return the frame at a setting; ``rest`` is the frame at rest."""
    result, frame = computed(module, setting)
    check_result(result)
    check_frame(module.instrument, frame)
    check_size(frame_value(module.instrument, frame))
    check_room(frame, rest)
    return frame


def check_pure(module: ModuleType, setting: Setting) -> None:
    """Check that a setting gives the same again after a different one."""
    result, frame = computed(module, setting)
    before = copy.deepcopy((result, frame))
    module.frame(result)
    if not equal(result, before[0]):
        raise ContractError(f"frame changes what compute returned. {PURE}")
    computed(module, {})
    now, shown = computed(module, setting)
    if names := [name for name in before[0] if not equal(now.get(name), before[0][name])]:
        raise ContractError(f"compute returns another {names[0]!r} the second time. {PURE}")
    if not equal(shown, before[1]):
        raise ContractError(f"frame returns something else the second time. {PURE}")


def check_room(frame: Frame, first: Frame) -> None:
    """Check that panels and sizes are as at rest: a move must not shift the page below."""
    kinds, at_rest = ([(type(p).__name__, p.key) for p in f.panels] for f in (frame, first))
    if kinds != at_rest:
        raise ContractError(
            f"frame returns the panels {_listed(kinds)}; accepted: {_listed(at_rest)}, as at rest"
        )
    for panel, rest in zip(frame.panels, first.panels, strict=True):
        now, then = _shape(panel), _shape(rest)
        if not np.allclose(now, then, rtol=0.01, atol=0):
            raise ContractError(
                f"frame gives the panel {panel.key} the size {now}; accepted: {then}, as at rest"
            )


def _listed(panels: list[tuple[str, str]]) -> str:
    return ", ".join(f"{kind} {key}" for kind, key in panels)


def _shape(panel: Panel) -> tuple[float, ...]:
    """Width and height of a figure, or of a grid scaled to height 1; maps and pads are squares."""
    if isinstance(panel, Plot):
        layout = panel.figure["layout"]
        return layout["width"], layout["height"]
    if isinstance(panel, Tiles):
        rows, columns, height, width = tiles_of(panel).shape[:4]
        if panel.labels:  # it wraps: its height depends on these, and on the page
            return columns, width / height, float(bool(panel.numbers))
        wide, high = (
            columns * width + (columns - 1) * panel.gap,
            rows * height + (rows - 1) * panel.gap,
        )
        return wide / high, 1.0
    return 1.0, 1.0


def equal(a: Any, b: Any) -> bool:
    """Whether two results or frames are the same, arrays included."""
    if isinstance(a, np.ndarray):
        gaps = a.dtype.kind == "f"  # nan, which does not equal itself
        same_type = isinstance(b, np.ndarray) and a.dtype == b.dtype
        return same_type and np.array_equal(a, b, equal_nan=gaps)
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(equal(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(equal, a, b))
    if hasattr(a, "__dataclass_fields__"):
        return type(a) is type(b) and equal(vars(a), vars(b))
    return bool(a == b or (a != a and b != b))
