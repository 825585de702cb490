"""Notes on a run that raised nothing: nan, wrapped integers, stretched shapes."""

import warnings

import numpy as np
import pytest

from tests.explained import noted_cases, written
from tests.widgets.test_explain import HOSTILE
from widgets.engine import host
from widgets.engine.explain.second_look import Cut, Look

pytestmark = pytest.mark.filterwarnings("ignore")  # NumPy's warnings, which the page never shows


def run(*codes, scope="notes", how="run_cell"):
    """Run snippets after `import numpy as np`; return the notes under the last one."""
    request = {"type": "run_cell", "id": 1, "scope": scope, "filename": "cell"}
    for code in ("import numpy as np", *codes):
        reply = host.handle({**request, "code": code}, lambda mime, data: None)
        assert reply["type"] == "done", reply
    host.handle({"type": "reset_scope", "id": 1, "scope": scope}, print)
    return [written(note) for note in reply["value"] or []]


def test_every_case_has_its_sentences():
    cases = noted_cases()
    assert {code: run(code) for code, _ in cases} == dict(cases)
    assert sum(not expected for _, expected in cases) >= 10


def test_the_line_is_that_of_numpys_own_warning():
    tried = 0
    for code, expected in noted_cases():
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            exec(compile(code, "cell", "exec"), {"np": np, "print": lambda *given: None})
        lines = [each.lineno for each in found if each.filename == "cell"]
        told = [each for each in expected if each.startswith("not-finite-first")]
        if lines and told:
            assert f"Line {lines[0]}:" in told[0], code
            tried += 1
    assert tried >= 6


def test_integers_are_those_of_python():
    [said] = run("x = np.array([2**62, 2**62], dtype=np.int64)\nx.sum()")
    assert str(2**62 + 2**62 - 2**64) in said
    assert run("x = np.array([2**61, 2**61], dtype=np.int64)\nx.sum()") == []


def test_what_was_there_before_is_not_told():
    nan = "x = np.array([1.0, np.nan])"
    assert run(nan, "x") == []
    assert run(nan, "x[0] = 2.0\ny = x + 1") == []
    assert run(nan, "y = [x, x * 2]") == []


def test_the_values_before_the_run_are_those_of_the_second_look():
    make = "w, rng = np.ones(3), np.random.default_rng(0)\ndef step(w):\n    return w * 1e200"
    assert run(make, "w = step(w)") == []
    [first, values] = run(make, "w = step(w)", "w *= 1e200\nw = np.sqrt(w)")
    assert first.startswith("not-finite-first: Line 1: w *= 1e200 gives inf")
    assert values.endswith("Values of w that are nan or infinite: 3 of 3.")


def test_a_second_look_changes_nothing():
    make = (
        "import random\nrandom.seed(1)\nnp.random.seed(1)\ncount, seen = 0, []\nx = np.zeros(3)\n"
        "rng = np.random.default_rng(1)\ntable = {'f': lambda: 1}\n"
        "def tick():\n    global count\n    count += 1\n    seen.append(count)"
    )
    bad = "tick()\nx += 1\ny = np.log(x - 1) + rng.normal() + np.random.normal() + random.random()"
    assert len(run(make, bad)) == 2
    check = "print(count, seen, x, rng.normal(), np.random.normal(), random.random())"
    assert printed(make, bad, check) == printed(make, bad.replace("np.log", "np.exp"), check)


def printed(*codes):
    said = []
    request = {"type": "run_cell", "id": 1, "scope": "printed", "filename": "cell"}
    for code in ("import numpy as np", *codes[:-1], codes[-1].replace("print(", "str((") + ")"):
        host.handle({**request, "code": code}, lambda mime, data: said.append(data))
    host.handle({"type": "reset_scope", "id": 1, "scope": "printed"}, print)
    return said[-1]


def test_what_cannot_run_again_is_counted():
    net = "class Net:\n    def __init__(self):\n        self.w = np.zeros(2)\nnet = Net()"
    assert run(net, "y = 1 / net.w") == [
        "not-finite-values: Values of y that are nan or infinite: 2 of 2."
    ]
    large = "W = np.ones((400, 400))"
    assert run(large, "W *= 1e300\nW *= 1e300") == [
        "not-finite-values: Values of W that are nan or infinite: 160000 of 160000."
    ]
    assert run(net, "y = np.where(net.w > 0, 1.0, np.nan)") == []
    assert run("import time\ntime.sleep(0)\ny = np.log(np.zeros(1))") == [
        "not-finite-values: Values of y that are nan or infinite: 1 of 1."
    ]


def test_a_run_that_goes_on_is_cut_short(monkeypatch):
    def cut(look):
        raise Cut

    monkeypatch.setattr(Look, "check_time", cut)
    assert run("x = np.log(np.zeros(2))") == [
        "not-finite-values: Values of x that are nan or infinite: 2 of 2."
    ]


def test_no_code_of_the_reader_runs_when_values_are_looked_at(capsys):
    run(HOSTILE + "armed = True\nb = [odd, table, shaped, a, Odd, Word]\nc = b[0]")
    assert capsys.readouterr().out == ""
    assert len(run("x = np.log(np.zeros(3))")) == 2


def test_stepping_through_says_the_same():
    request = {"id": 1, "scope": "step", "filename": "cell"}
    code = "import numpy as np\nx = np.arange(4.0)[:, None]\nnp.mean((x - x[:, 0]) ** 2)"
    reply = host.handle({**request, "type": "step_cell", "code": code}, print)
    [note] = host.json.loads(reply["value"])["notes"]
    assert written(note).startswith("stretched: Line 3: x is (4, 1), x[:, 0] is (4,)")
