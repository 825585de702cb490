"""Messages to a reader whose version of an instrument breaks the contract."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.unit.draw.drawn_figures import signal
from widgets.contract import (
    Choice,
    ContractError,
    Frame,
    Instrument,
    Plot,
    Point,
    Readout,
    Seed,
    Slider,
    Textbox,
    Tiles,
    Toggle,
)
from widgets.engine.check import check_instrument

K = Slider("k", "Width", default=2, min=1, max=4)
GOOD = Instrument(
    name="lens",
    title="Lens",
    challenge="What does it magnify?",
    controls=(
        K,
        Slider("rate", "Rate", default=0.1, values=(0.01, 0.1, 1.0)),
        Choice("data", "Data", {"mnist": "MNIST"}, default="mnist"),
        Toggle("noisy", "Noisy"),
        Point("z", "Code", (0.0, 1.0), limit=2, panel="picture"),
        Seed(),
    ),
    readouts=(Readout("error", "Error"),),
)
PLOT = Plot("picture", signal(), "A signal.")
TILES = Tiles("digits", np.zeros((1, 2, 3, 4), np.uint8), "Two digits.")


def compute(
    *, seed: int, k: float, rate: float, data: str, noisy: bool, z: tuple[float, float]
) -> dict[str, Any]:
    return {"error": 0.5, "x": np.zeros(3)}


def module(
    instrument: Any = GOOD, compute: Any = compute, frame: Any = None, **parts: Any
) -> ModuleType:
    made = ModuleType("edited")
    shown = Frame(**{"readouts": {"error": 0.5}, "panels": [PLOT, TILES], **parts})
    made.instrument = instrument  # type: ignore[attr-defined]
    made.compute = compute  # type: ignore[attr-defined]
    made.frame = frame or (lambda result: shown)  # type: ignore[attr-defined]
    return made


def test_accepts_a_good_one() -> None:
    check_instrument(module())


def with_control(control: Any) -> Instrument:
    return replace(GOOD, controls=(control,))


REFUSED: dict[str, ModuleType] = {
    "instrument is of type dict; accepted: an Instrument": module({}),
    "name is 'My Lens'; accepted: lower-case": module(replace(GOOD, name="My Lens")),
    "challenge is empty": module(replace(GOOD, challenge=" ")),
    "The control k is declared 2 times": module(replace(GOOD, controls=GOOD.controls[:1] * 2)),
    "The label of k is empty": module(with_control(Slider("k", "", default=0))),
    "The default of k is 2.5; accepted: a step of the slider, 1 to 4 by 1": module(
        with_control(Slider("k", "K", default=2.5, min=1, max=4))
    ),
    "k runs from 4 to 1 in steps of 1; accepted: min below max": module(
        with_control(Slider("k", "K", default=2, min=4, max=1))
    ),
    "The values of k do not ascend": module(
        with_control(Slider("k", "K", default=2, values=(2, 1)))
    ),
    "The default of k is 3; accepted: one of 1, 2": module(
        with_control(Slider("k", "K", default=3, values=(1, 2)))
    ),
    'The format of k is "2 digits"; accepted: a Python format': module(
        with_control(Slider("k", "K", default=1, format="2 digits"))
    ),
    "The default of data is 'cifar'; accepted: 'mnist'": module(
        with_control(Choice("data", "D", {"mnist": "MNIST"}, default="cifar"))
    ),
    "The default of noisy is 1; accepted: True or False": module(
        with_control(Toggle("noisy", "N", default=1))  # type: ignore[arg-type]
    ),
    "The default of z is (0, 9); accepted: two numbers from -2 to 2": module(
        with_control(Point("z", "Z", (0, 9), limit=2, panel="picture"))
    ),
    "The default of seed is -1; accepted: a whole number from 0 to 999": module(
        with_control(Seed(default=-1))
    ),
    "The default of word is 3; accepted: a text": module(
        with_control(Textbox("word", "W", default=3))  # type: ignore[arg-type]
    ),
    "word has the text ' a\\x00  b'; accepted: 'a b'": module(
        with_control(Textbox("word", "W", default=" a\0  b"))
    ),
    "word has 6 characters; accepted: 5 at most": module(
        with_control(Textbox("word", "W", max_length=5, suggestions=("camels",)))
    ),
    "max_length of word is 201; accepted: 1 to 200": module(
        with_control(Textbox("word", "W", max_length=201))
    ),
    "The suggestions of word are 'camel'; accepted: a list": module(
        with_control(Textbox("word", "W", suggestions="camel"))  # type: ignore[arg-type]
    ),
    "The suggestions of word are ('camel', 'cat', 'camel'); accepted: each once": module(
        with_control(Textbox("word", "W", suggestions=("camel", "cat", "camel")))
    ),
    "max_length of a + b + c is 600; accepted: 400 together": module(
        replace(GOOD, controls=tuple(Textbox(name, "W", max_length=200) for name in "abc"))
    ),
    "k counts only when 'set' is chosen; accepted: a choice of the instrument, data": module(
        replace(GOOD, controls=(GOOD.controls[2], replace(K, when=("set", "mnist"))))
    ),
    "k counts only when data is 'cifar'; accepted: 'mnist'": module(
        replace(GOOD, controls=(GOOD.controls[2], replace(K, when=("data", "cifar"))))
    ),
    "title is None; accepted: some text": module(replace(GOOD, title=None)),
    "readouts is of type Readout; accepted: a list [ … ], also of one": module(
        replace(GOOD, readouts=Readout("error", "Error"))
    ),
    "controls is of type Slider; accepted: a list": module(replace(GOOD, controls=K)),
    "readouts has 'error'; accepted: Readout": module(replace(GOOD, readouts=("error",))),
    "controls has 'k'; accepted: Slider, Choice": module(replace(GOOD, controls=("k",))),
    "The default of k is '2'; accepted: a number": module(with_control(replace(K, default="2"))),
    "The min of k is '0'; accepted: a number": module(with_control(replace(K, min="0"))),
    "The symbol of Width is '\\nu'; accepted: TeX as a raw string": module(
        with_control(replace(K, symbol="\nu"))
    ),
    'The format of the readout error is "x2"': module(
        replace(GOOD, readouts=(Readout("error", "Error", format="x2"),))
    ),
    "compute takes width; accepted: k, rate, data, noisy, z, seed": module(
        compute=lambda *, width: {}
    ),
    "compute returned list; accepted: a dict": module(compute=lambda **_: []),
    "compute returned 1 of 2 numbers in 'x' that are nan or infinite": module(
        compute=lambda **_: {"x": np.array([1.0, np.nan])}
    ),
    "frame returned NoneType; accepted: a Frame": module(frame=lambda _: None),
    "The frame's readouts are loss; accepted: error": module(readouts={"loss": 1.0}),
    "The readout error is inf; accepted: a finite number": module(readouts={"error": np.inf}),
    "The readout error is [1], which the format": module(readouts={"error": [1]}),
    "The frame has no panels": module(panels=[]),
    "The panel picture is declared 2 times": module(panels=[PLOT, PLOT]),
    "z is set on the panel 'picture'; accepted: a plot of the frame": module(panels=[TILES]),
    "A panel is dict; accepted: a Plot, Tiles, a Map or a Pad": module(panels=[{}]),
    "The alt text of picture is empty": module(panels=[replace(PLOT, alt="")]),
    "The images of digits are float64 of shape (2, 2); accepted: floats from 0 to 1": module(
        panels=[PLOT, replace(TILES, images=np.zeros((2, 2)))]
    ),
    "The gap of digits is -1; accepted: 0 or more": module(panels=[PLOT, replace(TILES, gap=-1)]),
}


@pytest.mark.parametrize("message", REFUSED)
def test_refuses(message: str) -> None:
    with pytest.raises(ContractError) as refusal:
        check_instrument(REFUSED[message])
    assert str(refusal.value).startswith(message)
