"""Control values are written as the same text in Python and in the page."""

import json
import math
import random
from contextlib import closing
from typing import get_args

import pytest

from latentbook.book.compose.javascript import open_context
from tests.unit.draw.conftest import bundle
from widgets.contract import (
    Choice,
    ContractError,
    Control,
    Drawing,
    Glyph,
    Point,
    Seed,
    Slider,
    Textbox,
    Toggle,
    Viewport,
)

ENTRY = """
import { kindOf } from "./instrument/kinds.js";
import { formatValue } from "./instrument/spec.js";
export const write = (values) => values.map(formatValue);
export const read = (asked) => asked.map(([control, text]) => kindOf(control).read(control, text));
"""
NUMBERS = (-0.0, 0.1 + 0.2, 1 / 3, 2**-11, 1e-5, 1e-6, 9.9e-7, 1e-7, 1e-12, 123456789012.5)
LARGE = (2**53, 1e16, 123456789012345680000.0, 1e21, 1.5e22)
COUNT = 300


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Calls a function of ENTRY in the build's JavaScript engine."""
    with closing(open_context()) as racer:
        racer.eval("EventTarget = class {}")  # modules instantiate it as they load
        racer.eval(bundle(ENTRY, tmp_path_factory.mktemp("controls")))

        def call(name, *args):
            answer = racer.eval(f"JSON.stringify(book.{name}(...{json.dumps(args)}))")
            return json.loads(answer, parse_int=float)

        yield call


def some_slider(source):
    """Draw a slider of any size: with steps of 1e-12, of a power of two, or of thousands."""
    step = source.choice(
        [2.0 ** -source.randint(1, 20), float(f"{source.randint(1, 999)}e{source.randint(-14, 6)}")]
    )
    low = source.choice([0, step * source.randint(-50, 50), source.randint(-5, 5)])
    high = low + step * source.choice([source.randint(1, 40), source.uniform(1, 40)])
    low, high = (float(f"{end:.12g}") for end in (low, high))  # as an author would write the ends
    return Slider("k", "K", default=low, min=low, max=high, step=step)


def some_controls():
    """Yield one or more controls of each kind, with values."""
    source = random.Random(0)
    listed = tuple(sorted({source.uniform(-1, 1) * 10.0**i for i in range(-12, 22)}))
    controls = [
        *(some_slider(source) for _ in range(100)),
        Slider("k", "K", default=1, min=0, max=9, step=2),
        Slider("k", "K", default=listed[0], values=listed),
        Choice("data", "Data", {"mnist": "MNIST", "on": "On"}, "on"),
        Toggle("noisy", "Noisy"),
        *(Point("z", "Z", (0.0, 0.0), limit=10.0**i, panel="p") for i in range(-12, 22, 3)),
        Seed(max=10**15),
        Viewport("view", "View", (0.0, 0.0, 0.0), panel="m", limit=8.0),
        Drawing("drawn", "Drawn", "j", panel="d", side=5),
        Glyph("mark", "Mark", "♪", side=4, suggestions=("★",)),
        *(Textbox("word", "Word", max_length=i, suggestions=("a, b",)) for i in (1, 40, 200)),
    ]
    assert {type(control) for control in controls} == set(get_args(Control))
    for control in controls:
        for value in [*control.ends(), *(control.draw(source) for _ in range(20))]:
            yield control, value


def test_the_page_and_python_write_the_same(page):
    source = random.Random(0)
    drawn = [source.uniform(-10, 10) * 10.0 ** source.randint(-20, 25) for _ in range(COUNT)]
    short = [float(f"{source.randint(-999, 999)}e{source.randint(-12, 22)}") for _ in range(COUNT)]
    numbers = [*NUMBERS, *LARGE, *drawn, *short]
    values = [*numbers, *zip(numbers, numbers[::-1], strict=True), True, False, "mnist"]
    written = [Toggle("any", "Any").write(value) for value in values]
    assert page("write", values) == written
    assert written[0] == "0"


def test_a_written_value_is_read_again_on_either_side(page):
    pairs = list(some_controls())
    texts = [control.write(value) for control, value in pairs]
    assert page("write", [value for _, value in pairs]) == texts
    declared = [control.declared() for control, _ in pairs]
    read = page("read", list(zip(declared, texts, strict=True)))
    for (control, value), text, seen in zip(pairs, texts, read, strict=True):
        assert control.read(text) == value, (control, text)
        assert seen == {"value": list(value) if isinstance(value, tuple) else value}, (
            control,
            text,
        )


def test_the_page_and_python_refuse_the_same(page):
    """Numbers near the steps of sliders, and beyond their ends."""
    source = random.Random(1)
    asked = []
    for _ in range(COUNT):
        slider = some_slider(source)
        low, high = slider.ends()
        off = source.choice([0, 1e-12, 1e-8, 0.1]) * (high - low)
        text = slider.write(source.choice([slider.draw(source), low, high]) + off)
        asked.append((slider, text))
    seen = page("read", [(slider.declared(), text) for slider, text in asked])
    accepted = [answer for answer in seen if "value" in answer]
    assert COUNT / 4 < len(accepted) < COUNT * 3 / 4
    for (slider, text), answer in zip(asked, seen, strict=True):
        if "value" in answer:
            assert slider.read(text) == answer["value"]
        else:
            with pytest.raises(ContractError, match="a step of the slider"):
                slider.read(text)


def test_no_step_is_beyond_the_end():
    assert Slider("k", "K", default=0.0, step=0.4).steps() == (0, 0.4, 0.8)
    assert Slider("k", "K", default=0.0, step=0.1).steps() == tuple(i / 10 for i in range(11))
    tiny = Slider("k", "K", default=0.0, max=3e-12, step=1e-12).steps()
    assert tiny == (0, 1e-12, 2e-12, 3e-12)
    assert all(
        math.copysign(1, step) == 1 for step in Slider("k", "K", 0.0, -0.3, 0, 0.1).steps()[3:]
    )
