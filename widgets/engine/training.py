"""The progress of an instrument that trains: runs, checkpoints and curves.

A run is a pure function of its settings, so nothing here has to last: a dropped state is
recomputed, bit for bit, from the nearest checkpoint or from the start.
"""

from __future__ import annotations

import io
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from widgets.contract import ContractError, Training

State: TypeAlias = Mapping[str, Any]
Curves: TypeAlias = dict[str, NDArray[np.float64]]

CHECKPOINT = 100  # steps between stored states
MAX_RUNS = 4  # in memory; a branch counts as one

_runs: OrderedDict[Any, Run] = OrderedDict()


@dataclass(frozen=True)
class Reached:
    """The state of training: its step, the curves so far, and whether it is the requested step."""

    state: State
    steps: int
    curves: list[Curves]
    done: bool


class Run:
    """The states of one run from its first step, ``begin``."""

    def __init__(self, advance: Callable[[State], State], first: State, begin: int = 0) -> None:
        self.advance = advance
        self.begin = begin
        self.checkpoints = {begin: first}
        self.steps, self.state = begin, first
        self.newest = begin, first
        # States of the last pictures. A reader who pauses a run means the picture in view, but the
        # run is already a picture ahead.
        self.pictured = deque([(begin, first)], maxlen=2)
        self.rows: list[tuple[float, ...]] = []  # one per step

    def go_on(self, names: tuple[str, ...]) -> None:
        """Make one step from the current state."""
        state = self.advance(self.state)
        step = self.steps + 1
        if step > self.begin + len(self.rows):
            self.rows.append(tuple(float(state[name]) for name in names))
            self.newest = step, state
        if step % CHECKPOINT == 0:
            self.checkpoints.setdefault(step, state)
        self.steps, self.state = step, state

    def go_back(self, step: int) -> None:
        """Load the latest known state that is not after a step."""
        at_hand = [self.newest, *self.pictured, (self.steps, self.state)]
        known = {**self.checkpoints, **dict(at_hand)}
        self.steps = max(each for each in known if each <= step)
        self.state = known[self.steps]

    def curve(self, names: tuple[str, ...], steps: int) -> Curves:
        """The run's own curves up to a step."""
        table = np.array(self.rows[: max(0, steps - self.begin)], float).reshape(-1, len(names))
        return dict(zip(names, table.T, strict=True))


def train(module: ModuleType, controls: Mapping[str, Any], milliseconds: float | None) -> Reached:
    """Train up to the step that the controls request, or as near as time allows.

    Parameters
    ----------
    module : module with ``start`` and ``step``
    controls : mapping of all controls, validated
    milliseconds : float or None
        Approximate time limit; None: no limit.
    """
    training: Training = module.instrument.training
    end = np.inf if milliseconds is None else time.perf_counter() + milliseconds / 1000
    names, wanted, at = training.curve, controls[training.steps], controls[training.at]
    trunk = run_of(module, training.settings(controls, later=False), None, 0)
    if controls[training.branch] == "off" or wanted <= at:
        trunk.go_back(wanted)
        while trunk.steps < wanted and time.perf_counter() < end:
            trunk.go_on(names)
        trunk.pictured.append((trunk.steps, trunk.state))
        return Reached(
            trunk.state, trunk.steps, [trunk.curve(names, trunk.steps)], trunk.steps == wanted
        )

    later = training.settings(controls, later=True)
    key = key_of(module, training.settings(controls, later=False), later, at)
    if key not in _runs:
        trunk.go_back(at)
        while trunk.steps < at:
            if time.perf_counter() >= end:
                return Reached(trunk.state, trunk.steps, [trunk.curve(names, trunk.steps)], False)
            trunk.go_on(names)
        _runs[key] = Run(stepping(module, later), trunk.state, at)
    branch = run_of(module, training.settings(controls, later=False), later, at)
    branch.go_back(wanted)
    if len(trunk.rows) < wanted:
        trunk.go_back(len(trunk.rows))
    # Alternate, so that both curves visibly grow.
    while time.perf_counter() < end:
        behind = len(trunk.rows) < wanted
        if branch.steps == wanted and not behind:
            break
        if branch.steps < wanted:
            branch.go_on(names)
        if behind:
            trunk.go_on(names)
    steps = branch.steps
    branch.pictured.append((steps, branch.state))
    before, after = trunk.curve(names, at), branch.curve(names, steps)
    own = {name: np.concatenate([before[name], after[name]]) for name in names}
    done = steps == wanted and len(trunk.rows) >= wanted
    return Reached(branch.state, steps, [own, trunk.curve(names, steps)], done)


def key_of(module: ModuleType, settings: State, later: State | None, at: int) -> Any:
    """Everything a run depends on. With the module, a reader's version trains separately."""
    changed = None if later is None else (at, tuple(sorted(later.items())))
    return module, tuple(sorted(settings.items())), changed


def run_of(module: ModuleType, settings: dict[str, Any], later: State | None, at: int) -> Run:
    """Return the run for these settings, as far as it has been computed; drop the least recently
    used.
    """
    key = key_of(module, settings, later, at)
    if key not in _runs:
        _runs[key] = Run(stepping(module, settings), fixed(module.start(**settings), "start"))
    _runs.move_to_end(key)
    while len(_runs) > MAX_RUNS:
        _runs.popitem(last=False)
    return _runs[key]


def stepping(module: ModuleType, settings: Mapping[str, Any]) -> Callable[[State], State]:
    return lambda state: fixed(module.step(state, **settings), "step")


def fixed(state: Any, function: str) -> State:
    """Make a state's arrays read-only: neither the next step nor an edit of it may change them.

    Raises
    ------
    ContractError
        If it is not a dict, or no longer finite.
    """
    if not isinstance(state, dict):
        raise ContractError(f"{function} returned {type(state).__name__}; accepted: a dict")
    for name, value in state.items():
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
        elif not np.isfinite(value):
            raise ContractError(
                f"{function} returned {value} in {name!r}: training has left the numbers behind. "
                "Accepted: finite numbers. Lower the learning rate, or go back"
            )
    return state


def computed(module: ModuleType, controls: Mapping[str, Any], reached: Reached) -> Any:
    """The result of ``compute`` for the step reached."""
    steps = module.instrument.training.steps
    return module.compute(reached.state, reached.curves, **{**controls, steps: reached.steps})


def kept(module: ModuleType, controls: Mapping[str, Any]) -> str:
    """The part of its state that an instrument saves: an .npz file in base 64."""
    import base64  # not needed at the start

    state = train(module, controls, None).state
    file = io.BytesIO()
    np.savez_compressed(file, **module.keep(state, **controls))
    return base64.b64encode(file.getvalue()).decode()
