"""Instruments through the protocol: controls, readouts, panels, and the reader's own versions."""

import dataclasses
import json

import numpy as np
import pytest

import widgets
from latentbook.book.directives.instrument import spec
from widgets.contract import Frame, Plot, Readout, Tiles
from widgets.engine import controls, frames, host

TINY = '''
"""A line of slope a."""

import numpy as np

from widgets.contract import (
    DATA_1, Choice, Frame, Instrument, Plot, Point, Readout, Seed, Slider, Tiles, Toggle
)

instrument = Instrument(
    name="tiny",
    title="Tiny",
    challenge="Tilt it.",
    controls=(
        Slider("a", "Slope", default=0.5, min=0.0, max=1.0, step=0.1),
        Slider("n", "Points", default=3, min=2, max=9, step=1),
        Slider("b", "Listed", default=1.0, values=(0.1, 1.0, 32.0)),
        Choice("kind", "Kind", {"up": "Up", "down": "Down"}, "up"),
        Toggle("dots", "Dots"),
        Point("z", "Place", default=(0.0, 1.0), limit=2.0, panel="line"),
        Seed(),
    ),
    readouts=(Readout("slope", "Slope", "", ".1f"),),
)


def compute(*, a, n, b, kind, dots, z, seed):
    draw = np.random.default_rng(seed).normal()
    x = np.arange(n)
    sign = 1 if kind == "up" else -1
    return {"x": x, "y": sign * a * x, "a": sign * a, "draw": draw, "z": z}


def frame(result):
    figure = {
        "data": [{"type": "scatter", "x": result["x"], "y": result["y"]}],
        "layout": {
            "width": 600, "height": 300, "margin": {"l": 40, "r": 10, "t": 10, "b": 40},
            "xaxis": {"range": [0, 9]}, "yaxis": {"range": (-9, np.int64(9))},
        },
    }
    tile = Tiles("tile", np.zeros((1, 2, 3, 4), np.uint8)[:, :, ::-1], "Paper.")
    return Frame({"slope": result["a"]}, [Plot("line", figure, "A line."), tile])
'''


def compute_widget(source=TINY, widget="bottleneck", **controls):
    request = {
        "type": "compute_widget",
        "id": 3,
        "widget": widget,
        "controls": controls,
        "source": source,
    }
    return host.handle(request, lambda mime, data: None)


@pytest.fixture(autouse=True)
def no_cache():
    frames.edited.cache_clear()


def test_frame_has_the_shape_of_the_protocol():
    reply = compute_widget(a=0.3)
    assert reply["type"] == "done"
    value = reply["value"]
    assert set(value) == {"readouts", "panels", "note", "ms", "reached"}
    assert value["reached"] is None
    assert value["readouts"] == {"slope": "0.3"}
    assert value["note"] == "The references stay those of the book." and value["ms"] >= 0
    plot, tiles = value["panels"]
    assert (plot["key"], plot["kind"], plot["alt"]) == ("line", "plot", "A line.")
    assert plot["figure"]["data"][0]["x"].dtype == np.float64  # JavaScript has no int64 numbers
    assert plot["figure"]["layout"]["yaxis"]["range"] == [-9, 9]
    assert type(plot["figure"]["layout"]["yaxis"]["range"][1]) is int
    assert plot["half"] is tiles["half"] is False
    assert tiles["shape"] == [1, 2, 3, 4]
    assert tiles["data"].shape == (24,) and tiles["data"].flags.c_contiguous
    assert tiles["server"] is None and tiles["captions"] == [] and tiles["gap"] == 0


@pytest.mark.parametrize("name", widgets.WIDGETS)
def test_the_books_own_source_gives_the_books_own_picture(name):
    ask = {"type": "widget_source", "id": 1, "widget": name}
    source = host.handle(ask, print)["value"]
    assert source.startswith('"""')
    own = compute_widget(source=None, widget=name)["value"]
    edited = compute_widget(source=source, widget=name)["value"]
    assert own["readouts"] == edited["readouts"]
    assert own["note"] == edited["note"]
    assert [p["alt"] for p in own["panels"]] == [p["alt"] for p in edited["panels"]]


def test_controls_left_out_are_at_rest():
    assert compute_widget()["value"]["readouts"] == compute_widget(a=0.5)["value"]["readouts"]


@pytest.mark.parametrize(
    ("control", "value", "accepted"),
    [
        ("a", 1.5, "a number from 0 to 1"),
        ("a", "0.5", "a number"),
        ("a", True, "a number"),
        ("a", float("nan"), "a number"),
        ("n", 2.5, "a whole number from 2 to 9"),
        ("n", 10, "a whole number from 2 to 9"),
        ("b", 2.0, "one of 0.1, 1, 32"),
        ("kind", "left", "one of up, down"),
        ("dots", 1, "True or False"),
        ("z", [0, 3], "two numbers from -2 to 2"),
        ("z", [0], "two numbers"),
        ("z", 1, "two numbers"),
        ("seed", -1, "a whole number from 0 to 999"),
        ("seed", 0.5, "a whole number from 0 to 999"),
    ],
)
def test_a_value_that_is_not_accepted(control, value, accepted):
    reply = compute_widget(**{control: value})
    assert (reply["type"], reply["kind"]) == ("failed", "contract")
    assert reply["message"].startswith(f"{control} = ")
    assert accepted in reply["message"]


def test_unknown_control():
    reply = compute_widget(slope=1)
    assert reply["kind"] == "contract"
    assert reply["message"] == "tiny has no control slope. It has a, n, b, kind, dots, z, seed."


def test_unknown_widget():
    reply = compute_widget(source=None, widget="bottel")
    assert "no instrument 'bottel'" in reply["message"]


def test_values_come_in_the_type_that_compute_expects():
    module = frames.edited("bottleneck", TINY)
    values = controls.accepted(
        module.instrument, {"a": 1, "n": 4.0, "b": 0.1 + 1e-15, "z": [1, 2], "seed": 5.0}
    )
    assert values == {
        "a": 1.0, "n": 4, "b": 0.1, "kind": "up", "dots": False, "z": (1.0, 2.0),
        "seed": 5,
    }  # fmt: skip
    assert type(values["a"]) is float
    assert type(values["n"]) is type(values["seed"]) is int


def test_the_seed_decides_what_is_drawn():
    draws = TINY.replace('{"slope": result["a"]}', '{"slope": 100 * result["draw"]}')
    first, again, other = (
        compute_widget(draws, seed=s)["value"]["readouts"]["slope"] for s in (1, 1, 2)
    )
    assert first == again != other
    assert float(first.replace("−", "-")) == pytest.approx(
        100 * np.random.default_rng(1).normal(), abs=0.05
    )


def test_an_edit_changes_the_picture():
    assert compute_widget(TINY.replace("sign * a}", "7}").replace('"a": sign * a', '"a": 7'))[
        "value"
    ]["readouts"] == {"slope": "7.0"}


def declared(source, widget="bottleneck"):
    request = {"type": "widget_declaration", "id": 1, "widget": widget, "source": source}
    return host.handle(request, lambda mime, data: None)


def test_what_an_edit_declares():
    value = declared(TINY)["value"]
    assert (value["title"], value["challenge"]) == ("Tiny", "Tilt it.")
    slope, points, listed, *_ = value["controls"]
    assert (slope["kind"], slope["label"], slope["step"]) == ("slider", "Slope", 0.1)
    assert [each["ends"] for each in (slope, points, listed)] == [
        ["0", "1"],
        ["2", "9"],
        ["0.1", "32"],
    ]
    assert value["readouts"] == [
        {"key": "slope", "label": "Slope", "unit": "", "format": ".1f", "symbol": ""}
    ]


@pytest.mark.parametrize("name", widgets.WIDGETS)
def test_the_books_own_source_declares_what_its_block_carries(name):
    block = json.loads(json.dumps(spec(widgets.get(name).instrument, "here", {})))
    plain = json.loads(json.dumps(declared(frames.source_of(name), name)["value"]))
    assert {key: block[key] for key in plain} == plain


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("default=0.5,", "default=0.55,", '"a"'),
        ('"Points",', '"",', 'Slider("n"'),
        ('".1f"', '"?"', '"slope"'),
        ('title="Tiny"', 'title=""', "instrument ="),
        ("dots, z, seed)", "dots, z)", "def compute"),
        ('"y": sign * a * x', '"y": np.full(n, np.inf)', "def compute"),
        ('{"slope": result', '{"steep": result', "def frame"),
        ('panel="line"', 'panel="tile"', 'Point("z"'),
    ],
)
def test_a_breach_of_the_contract_has_the_line_of_what_it_is_about(old, new, line):
    source = TINY.replace(old, new)
    assert source != TINY
    reply = declared(source)
    assert reply["kind"] == "contract"
    assert line in source.splitlines()[reply["line"] - 1]


def test_an_error_in_an_edit_has_its_line():
    line = TINY.splitlines().index("    x = np.arange(n)") + 1
    reply = compute_widget(TINY.replace("np.arange(n)", "np.arrange(n)"))
    assert (reply["kind"], reply["name"], reply["line"]) == ("python", "AttributeError", line)
    assert f'File "bottleneck.py", line {line}, in compute' in reply["traceback"]
    assert "x = np.arrange(n)" in reply["traceback"]


def test_an_older_text_is_shown_with_its_own_lines():
    broken, longer = (
        TINY.replace("arange", "first"),
        "# a line more\n" + TINY.replace("arange", "second"),
    )
    for source, word in ((broken, "first"), (longer, "second"), (broken, "first")):
        assert f"np.{word}(n)" in compute_widget(source)["traceback"]


def test_a_syntax_error_in_an_edit_has_its_line():
    reply = compute_widget(TINY + "\nx = (1,\n")
    assert (reply["kind"], reply["name"]) == ("python", "SyntaxError")
    assert reply["line"] == len(TINY.splitlines()) + 2


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("def frame(", "def drawing(", "does not define frame"),
        ('{"slope": result["a"]}', "{}", "readouts"),
        ('{"slope": result["a"]}', '{"slope": np.inf}', "slope is inf"),
        ('"type": "scatter"', '"type": {1}', "In the figure of line: a value is of type set"),
        ("default=3,", "default=30,", "default of n is 30"),
        (
            '"Down"}, "up")',
            '"Down"}, "up", autoplay_seconds=-1)',
            "autoplay_seconds of kind is -1",
        ),
        ("np.uint8", "float", "uint8"),
        ("np.random.default_rng(seed).normal()", "np.nan", "'draw'"),
    ],
)
def test_a_broken_contract_is_told(old, new, words):
    reply = compute_widget(TINY.replace(old, new))
    assert (reply["type"], reply["kind"]) == ("failed", "contract")
    assert words in reply["message"]


def test_dataclasses_can_stand_in_an_edit():
    """If annotations are strings, dataclasses look up their module."""
    head = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    assert (
        compute_widget(f"{head}{TINY}\n@dataclass\nclass Pair:\n    x: float\n")["type"] == "done"
    )


@pytest.mark.parametrize(
    ("value", "spec", "shown"),
    [
        (-1.25, ".2f", "−1.25"),
        (-0.001, ".2f", "0.00"),
        (0.001, "+.2f", "0.00"),
        (-0.0, ".1e", "0.0"),
        ("-0.00, −0.05", ".2f", "0.00, −0.05"),
        (None, ".2f", "–"),
        ("2.70, 2.90", ".2f", "2.70, 2.90"),
        (30, "d", "30"),
        (4.6e-9, ".1e", "4.6 × 10⁻⁹"),
        (0.0, ".1e", "0.0"),
        (np.float32(0.5), ".1%", "50.0%"),
    ],
)
def test_readouts_are_typeset(value, spec, shown):
    assert frames.formatted(Readout("r", "R", "", spec), value) == shown


def test_no_zero_in_a_picture_has_a_sign():
    """The sign of a rounded zero is chance: two processors gave different ones."""
    figure = {
        "data": [{"type": "bar", "text": ("-0.0", "−1.0")}],
        "layout": {"xaxis": {"title": {"text": "<b>−0.00 nats</b>"}, "range": [-0.0, 1]}},
    }
    panels = [
        Plot("plot", figure, "From (-0.00, 0.25) to (-0.00,-0.00)."),
        Tiles("tiles", np.zeros((1, 1, 2, 2), np.uint8), "At +0.0.", captions=("z = −0.0",)),
    ]
    instrument = dataclasses.replace(
        widgets.get("bottleneck").instrument, readouts=(Readout("r", "R"),)
    )
    value = frames.frame_value(instrument, Frame({"r": "-0, 1"}, panels, note="It falls by -0 %."))
    plot, tiles = value["panels"]
    assert (value["readouts"], value["note"]) == ({"r": "0, 1"}, "It falls by 0 %.")
    assert plot["alt"] == "From (0.00, 0.25) to (0.00,0.00)."
    assert plot["figure"]["data"][0]["text"] == ["0.0", "−1.0"]
    assert plot["figure"]["layout"]["xaxis"]["title"]["text"] == "<b>0.00 nats</b>"
    assert (tiles["alt"], tiles["captions"]) == ("At 0.0.", ["z = 0.0"])


@pytest.mark.parametrize(
    "text",
    [
        "-0.05",
        "−0.001 nats",
        "-0,5",
        "+0.5",
        "10-0",
        "10−0",
        "x-0",
        "f(x)-0.0",
        "[1]-0",
        "5 - 0",
        "1e-05",
        "-007",
        "-0x1F",
        "UTC -00:30",
        "2-0-1",
        "-0.0.1",
    ],
)
def test_what_is_no_signed_zero_stays(text):
    assert frames.unsigned_zeros(f"{text}, {text} ({text}).") == f"{text}, {text} ({text})."
