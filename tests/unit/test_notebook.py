"""Instruments in a notebook: the kernel's replies, without a browser."""

from __future__ import annotations

import re
from itertools import count
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import latentbook.notebook
from latentbook.notebook import Instrument
from widgets.contract import ContractError
from widgets.engine.frames import compute_frame


def asked(widget: Instrument, **message: Any) -> dict[str, Any]:
    """The reply to a message, with its arrays rebuilt from the buffers."""
    sent: list[tuple[Any, list[memoryview]]] = []
    widget.send = lambda content, buffers: sent.append((content, buffers))
    widget._handle_custom_msg({"id": "view-1", "source": None, **message}, [])
    [(reply, buffers)] = sent

    def arrays(part: Any) -> Any:
        if isinstance(part, list):
            return [arrays(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "dtype" in part:
            return np.frombuffer(buffers[part["buffer"]], part["dtype"])
        return {name: arrays(item) for name, item in part.items()}

    return arrays(reply)


@pytest.mark.parametrize(
    ("name", "controls"),
    [
        ("bottleneck", {"k": 7}),
        ("latent_atlas", {}),
        ("draw_a_digit", {}),
        ("train_vae", {"steps": 2}),
    ],
)
def test_a_frame_is_the_engines_own(name: str, controls: dict[str, Any]) -> None:
    reply = asked(Instrument(name), type="compute_widget", controls=controls)
    assert (reply["type"], reply["id"]) == ("done", "view-1")
    frame = compute_frame(name, controls, None)
    assert reply["value"].keys() == frame.keys()
    del reply["value"]["ms"], frame["ms"]
    np.testing.assert_equal(reply["value"], frame)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"type": "compute_widget", "controls": {"k": 65}}, "k = 65 is not accepted"),
        ({"type": "compute_widget", "controls": {"q": 1}}, "bottleneck has no control q"),
        ({"type": "run_cell", "scope": "a", "code": "1", "filename": "a"}, "compute_widget"),
        ({"type": "compute_widget", "controls": {}, "source": "1 / 0"}, "compute_widget"),
    ],
)
def test_what_cannot_be_answered_fails_with_a_reason(message: dict[str, Any], said: str) -> None:
    reply = asked(Instrument("bottleneck"), **message)
    assert (reply["type"], reply["id"]) == ("failed", "view-1")
    assert said in reply["message"]


def test_mistakes_are_named_when_it_is_made() -> None:
    with pytest.raises(ValueError, match=r"There is no instrument 'bottle'. Accepted names"):
        Instrument("bottle")
    with pytest.raises(ContractError, match=r"bottleneck has no control width. It has k, data"):
        Instrument("bottleneck", width=3)
    with pytest.raises(ContractError, match="k = 0 is not accepted: it must be a whole number"):
        Instrument("bottleneck", k=0)


def test_controls_can_be_set_and_readouts_follow() -> None:
    widget = Instrument("bottleneck", k=10)
    first = widget.readouts
    assert first == compute_frame("bottleneck", {"k": 10}, None)["readouts"]
    widget.controls = {"k": 5}
    assert (widget.controls["k"], widget.controls["data"]) == (5, "mnist")
    assert widget.readouts == compute_frame("bottleneck", {"k": 5}, None)["readouts"] != first
    with pytest.raises(ContractError, match="k = 99 is not accepted"):
        widget.controls = {"k": 99}
    assert widget.controls["k"] == 5


def test_what_was_answered_is_not_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    widget = Instrument("bottleneck")
    value = asked(widget, type="compute_widget", controls={**widget.controls, "k": 3})["value"]
    monkeypatch.delattr(latentbook.notebook, "compute_frame")
    widget.set_state({"controls": {**widget.controls, "k": 3}})  # as a notebook's page does
    assert widget.readouts == value["readouts"]


def test_a_run_is_remembered_at_the_step_it_has_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    widget = Instrument("collapse")
    names = widget.instrument.training
    most = next(each.max for each in widget.instrument.controls if each.name == names.steps)
    controls = {**widget.controls, names.steps: most}
    clock = SimpleNamespace(perf_counter=count(0, 0.0003).__next__)  # real time runs unevenly
    monkeypatch.setattr("widgets.engine.training.time", clock)
    value = asked(widget, type="compute_widget", controls=controls, milliseconds=1)["value"]
    reached = value["reached"]["steps"]
    assert reached == 3
    monkeypatch.delattr(latentbook.notebook, "compute_frame")
    widget.controls = {names.steps: reached}
    assert widget.readouts == value["readouts"]


def test_the_markup_needs_nothing_beside_itself() -> None:
    """It refers to no page or file, and has no button that is useless in a notebook."""
    for name in ("bottleneck", "latent_atlas", "draw_a_digit"):
        markup = Instrument(name)._markup
        assert not re.search(r'(?:href|src)="|url\((?!data:|#)', markup)
        actions = set(re.findall(r'data-action="(\w+)"', markup))
        assert "reset" in actions
        assert not actions & {"code", "link", "embed", "zoom"}
