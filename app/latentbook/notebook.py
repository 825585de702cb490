"""Instruments as widgets of Jupyter and marimo (docs/embedding.md).

    from latentbook import Instrument

    Instrument("bottleneck", k=10)

The page's own scripts draw in the notebook (``static/js/notebook``), and ``compute`` runs in its
kernel.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

import anywidget
import numpy as np
import traitlets

from latentbook.book.write.widget import installed
from widgets import get
from widgets.contract import Value
from widgets.engine import host
from widgets.engine.controls import accepted
from widgets.engine.failure import ProtocolError, failed
from widgets.engine.frames import compute_frame, filename_of

ANSWERED = ("compute_widget", "keep_trained")
"""Requests that the kernel answers. Readers' own code runs in cells instead."""

MAX_SEEN = 500


class Instrument(anywidget.AnyWidget):
    """An instrument of the book.

    Parameters
    ----------
    name : str
        One of ``widgets.WIDGETS``.
    **controls
        The values it opens with and returns to on Reset; other controls have their defaults.

    Attributes
    ----------
    controls : dict
        The value of every control by name. It follows the reader. Setting it changes the controls
        that it names.
    readouts : dict
        The readouts as text, by key.

    Raises
    ------
    ValueError
        If there is no instrument of that name.
    ContractError
        If a control is unknown or does not accept its value; also when ``controls`` is set.
    """

    controls = traitlets.Dict().tag(sync=True)
    readouts = traitlets.Dict(read_only=True).tag(sync=True)
    _esm = traitlets.Unicode().tag(sync=True)
    _markup = traitlets.Unicode().tag(sync=True)

    def __init__(self, name: str, /, **controls: Any) -> None:
        self.instrument = get(name).instrument
        state = self._accepted(controls)
        markup, script = installed()
        html, readouts = markup.made(name, state, {key: state[key] for key in controls})
        self._seen = {key_of(state): readouts}
        super().__init__(controls=state, _markup=html, _esm=script)
        self.on_msg(self._hear)

    def _accepted(self, controls: Mapping[str, Any]) -> dict[str, Value]:
        """Check the controls and complete them with defaults, as JSON values."""
        accepted(self.instrument, controls)
        state: dict[str, Any] = {**self.instrument.defaults(), **controls}
        for control in self.instrument.controls:
            value = control.accept(state[control.name])
            if not isinstance(value, np.ndarray):  # a drawing stays text
                state[control.name] = list(value) if isinstance(value, tuple) else value
        return state

    @traitlets.validate("controls")
    def _completed(self, proposal: Any) -> dict[str, Value]:
        return self._accepted({**self.controls, **proposal["value"]})

    @traitlets.observe("controls")
    def _read(self, change: Any) -> None:
        readouts = self._seen.get(key_of(change["new"]))
        if readouts is None:  # set from Python, or not computed yet
            readouts = compute_frame(self.instrument.name, change["new"], None)["readouts"]
        self.set_trait("readouts", readouts)

    def _hear(self, _widget: Any, message: Mapping[str, Any], _buffers: Any) -> None:
        """Answer a message of the page's protocol (static/js/python/protocol.js)."""
        reply, buffers = packed(self._answer(message))
        self.send(reply, buffers)

    def _answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        name = self.instrument.name
        if message.get("type") not in ANSWERED or message.get("source") is not None:
            error = ProtocolError(f"A notebook's kernel answers {', '.join(ANSWERED)} alone.")
            return {**failed(error, filename_of(name)), "id": message.get("id")}
        reply = host.handle({**message, "widget": name}, lambda mime, data: None)
        if message["type"] == "compute_widget" and reply["type"] == "done":
            self._remember(message["controls"], reply["value"])
        return reply

    def _remember(self, controls: Mapping[str, Any], frame: Mapping[str, Any]) -> None:
        """Store the readouts, so that ``readouts`` can change without another computation."""
        state = self._accepted(controls)
        if frame["reached"] is not None:
            state[self.instrument.training.steps] = frame["reached"]["steps"]
        self._seen[key_of(state)] = frame["readouts"]
        if len(self._seen) > MAX_SEEN:
            del self._seen[next(iter(self._seen))]


def key_of(controls: Mapping[str, Any]) -> str:
    return json.dumps(controls, sort_keys=True)


def packed(value: Any) -> tuple[Any, list[memoryview]]:
    """A reply as JSON and buffers, one for each array in it: ``{"dtype": ..., "buffer": 0}``.

    Numbers that are not finite become null, because JSON cannot express them.
    """
    buffers: list[memoryview] = []

    def pack(part: Any) -> Any:
        match part:
            case Mapping():
                return {name: pack(item) for name, item in part.items()}
            case list() | tuple():
                return [pack(item) for item in part]
            case np.ndarray() if part.ndim > 1:
                return [pack(row) for row in part]
            case np.ndarray():
                buffers.append(np.ascontiguousarray(part).data.cast("B"))
                return {"dtype": part.dtype.name, "buffer": len(buffers) - 1}
            case np.generic():
                return pack(part.item())
            case float() if not math.isfinite(part):
                return None
            case _:
                return part

    return pack(value), buffers
