"""Recordings of snippets, step by step."""

import json
import random
import sys

import numpy as np
import pytest

from widgets.engine import host, steps
from widgets.engine.values import described

FILE = "snippet 2.1"


def ask(kind, **fields):
    return host.handle({"type": kind, "id": 1, **fields}, lambda mime, data: None)


@pytest.fixture(autouse=True)
def _new_scope(monkeypatch):
    monkeypatch.setattr(steps, "MAX_SECONDS", 600)  # so that a slow machine cuts no recording
    ask("reset_scope", scope="test")


def run(code):
    reply = ask("run_cell", scope="test", code=code, filename="earlier")
    assert reply["type"] == "done", reply


def record(code):
    """Record code, check that tracing and streams are unchanged, and return the recording."""
    before = sys.gettrace(), sys.stdout, sys.stderr
    reply = ask("step_cell", scope="test", code=code, filename=FILE)
    assert (sys.gettrace(), sys.stdout, sys.stderr) == before
    assert reply["type"] == "done", reply
    return json.loads(reply["value"])


def lines(recording):
    return [step["line"] for step in recording["steps"]]


def values(recording, name):
    """List a name's successive texts; None for a value without text."""
    changes = [change for step in recording["steps"] for change in step["changed"]]
    return [value and value.get("text") for _, each, value in changes if each == name]


def test_a_loop():
    recording = record("total = 0\nfor i in range(3):\n    total += i\n    print(total)\ntotal")
    assert lines(recording) == [1, 2, 3, 4, 2, 3, 4, 2, 3, 4, 2, 5, None]
    assert values(recording, "total") == ["0", "1", "3"], "0 + 0 is no change"
    assert [step["printed"] for step in recording["steps"][::3]] == [0, 0, 2, 4, 6]
    assert recording["printed"] == "0\n1\n3\n"
    assert recording["loops"] == [[2, 4]]
    assert recording["steps"][-1]["returned"] == {"type": "int", "text": "3"}


def test_what_is_on_one_line_is_one_step():
    recording = record("i = 0\nwhile i < 2: i += 1\nx = [k\n     for k in range(9)]")
    assert lines(recording) == [1, 2, 3, None]


def test_an_expression_alone_is_one_step():
    assert lines(record("# A comment\n\n1 + 1")) == [3, None]


def test_functions_have_their_own_names():
    recording = record("def f(x, *more):\n    y = 2 * x\n    return y\n\ny = 1\nz = f(3, 4)")
    assert lines(recording) == [1, 5, 6, 2, 3, 3, None]
    assert recording["calls"] == [{"name": "", "caller": None}, {"name": "f", "caller": 0}]
    assert recording["steps"][3]["changed"] == [
        [1, "x", {"type": "int", "text": "3"}],
        [1, "more", {"type": "tuple", "shape": [1], "text": "(4,)"}],
    ]
    assert recording["steps"][5]["returned"] == {"type": "int", "text": "6"}
    assert values(recording, "y") == ["1", "6"]


def test_a_function_of_an_earlier_snippet_is_one_step():
    run("def f(x):\n    y = x\n    return y")
    assert lines(record("a = f(1)\nb = f(2)")) == [1, 2, None]


def test_a_change_through_a_view_is_a_change_of_all_that_share_it():
    run("import numpy as np\nx = np.zeros((3, 4))\nrow = x[1]")
    recording = record("top = x[:2]\nother = x.copy()\nrow[2] = 4\ntop[0, 0] = -1")
    assert [name for _, name, _ in recording["start"]] == ["row", "x"]
    changed = [{name for _, name, _ in step["changed"]} for step in recording["steps"]]
    assert changed == [set(), {"top"}, {"other"}, {"row", "x", "top"}, {"x", "top"}]
    x = {name: value for _, name, value in recording["steps"][-1]["changed"]}["x"]
    assert x == {
        "type": "float64",
        "shape": [3, 4],
        "low": "-1",
        "high": "4",
        "cells": ["0333", "33f3", "3333"],
    }


def test_the_readers_variables_and_random_numbers_stay():
    run("import numpy as np\nx = np.zeros(3)\nnames = [x]\nnp.random.seed(1)\ncount = 0")
    random.seed(2)
    state = random.getstate()
    code = "x[0] = 1\nnames[0][1] = 2\nnames.append(3)\ncount = 1\nimport random"
    recording = record(f"{code}\nrandom.random()\nnp.random.rand()")
    assert values(recording, "x") == ["[1, 0, 0]", "[1, 2, 0]"]
    run("assert x.sum() == 0 and len(names) == 1 and count == 0\nassert np.random.rand() < 0.4171")
    assert random.getstate() == state


def test_what_cannot_be_copied_is_missing_and_what_is_too_large_is_read_only():
    run("import numpy as np\nmany = (i for i in range(3))\nunused = iter(many)")
    run("x = np.zeros(9_000_000)")
    recording = record("x[0] = 1")
    assert (recording["missing"], recording["fixed"]) == ([], ["x"])
    assert recording["error"]["message"] == "assignment destination is read-only"
    assert record("list(many)")["missing"] == ["many"]
    run("assert list(many) == [0, 1, 2] and x[0] == 0")


def test_an_error_ends_it_at_its_line():
    recording = record("def f(x):\n    return 1 / x\n\nx = 2\nf(0)\nx = 3")
    assert lines(recording) == [1, 4, 5, 2, 2]
    assert recording["steps"][-1]["call"] == 1
    assert (recording["error"]["name"], recording["error"]["line"]) == ("ZeroDivisionError", 2)
    assert recording["error"]["traceback"].endswith("ZeroDivisionError: division by zero\n")


def test_an_error_that_is_handled_does_not():
    recording = record("try:\n    int('x')\nexcept ValueError as error:\n    n = 1\nn")
    assert lines(recording) == [1, 2, 3, 4, 5, None]
    assert recording["error"] is None


def test_a_syntax_error_and_too_many_lines_are_refused():
    for code, name in (("if a\n    b", "SyntaxError"), ("x = 1\n" * 41, "TooManyLines")):
        reply = ask("step_cell", scope="test", code=code, filename=FILE)
        assert (reply["type"], reply["name"]) == ("failed", name)


def test_it_is_cut_at_each_limit(monkeypatch):
    endless = "i = 0\nwhile True:\n    i += 1"
    recording = record(endless)
    assert (recording["cut"], len(recording["steps"])) == ("steps", 1000)
    long = record("x = 1\nprint('x' * 3_000_000)\nx = 2")
    assert (long["cut"], lines(long), len(long["printed"])) == ("characters", [1, 2], 2_000_000)
    monkeypatch.setattr(steps, "MAX_SECONDS", -1)
    assert record(endless)["cut"] == "seconds"


def test_stop_is_passed_on():
    reply = ask("step_cell", scope="test", code="raise KeyboardInterrupt", filename=FILE)
    assert reply["kind"] == "interrupted"


HOSTILE = """
class Meta(type):
    def __eq__(self, other): 1 / 0
    def __hash__(self): 1 / 0
    @property
    def __name__(self): 1 / 0
class Trap(metaclass=Meta):
    def __getattribute__(self, name): 1 / 0
    def __repr__(self): 1 / 0
    def __eq__(self, other): 1 / 0
    def __len__(self): 1 / 0
trap = Trap()
class Words(str):
    def __getitem__(self, item): 1 / 0
    def __len__(self): 1 / 0
words = Words("x")
inside = [trap, {"a": trap}]
print(words)
"""


def test_objects_are_never_asked():
    recording = record(HOSTILE.strip())
    assert recording["error"] is None
    assert recording["printed"] == "x\n"
    assert values(recording, "inside") == ["[Trap, {'a': Trap}]"]
    assert values(recording, "trap") == [None]


@pytest.mark.parametrize(
    ("value", "description"),
    [
        (None, {"type": "NoneType", "text": "None"}),
        (0.1, {"type": "float", "text": "0.1"}),
        (np.float32(0.1), {"type": "float32", "text": "0.1"}),
        ("a" * 61, {"type": "str", "text": f"{'a' * 60!r} …"}),
        (10**100, {"type": "int", "text": "333 bits"}),
        ([0] * 7, {"type": "list", "shape": [7], "text": "[0, 0, 0, 0, 0, 0, …]"}),
        (np.ma.masked_array([1]), {"type": "MaskedArray"}),
        (np.array([object()]), {"type": "object", "shape": [1]}),
        (np.zeros((0, 3)), {"type": "float64", "shape": [0, 3]}),
        (np.sum, None),
    ],
)
def test_values(value, description):
    assert described(value) == description


def test_a_picture_covers_the_whole_array_and_marks_what_is_not_finite():
    x = np.zeros((40, 40))
    x[-1, -1], x[0, 0] = 1e308, np.nan
    x[0, -1] = -1e308
    found = described(x)
    assert (found["low"], found["high"], found["not_finite"]) == ("-1e+308", "1e+308", 1)
    assert found["cells"] == ["x8888880", *["88888888"] * 6, "8888888f"]
    large = described(np.zeros(200_000))
    assert "low" not in large, "larger than 1 MB"
    assert large["cells"] == ["8" * 32]


def test_a_list_that_holds_one_array_three_times():
    """The recording marks the items as one array, and shows a change in all three."""
    run("import numpy as np")
    recording = record("grid = [np.zeros(2)] * 3\ngrid[0][1] = 5.0")
    values = [value for step in recording["steps"] for _, name, value in step["changed"]]
    assert [(each["text"], each["same"]) for each in values] == [
        ("[[0, 0], [0, 0], [0, 0]]", "0, 1, 2"),
        ("[[0, 5], [0, 5], [0, 5]]", "0, 1, 2"),
    ]
