"""Answers that forge a verdict or use up the machine: none passes, and the grader goes on."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager

import pytest

from latentbook_classroom.grader.checks import check_of, question_of
from latentbook_classroom.grader.grader import MAX_SECONDS, Busy, Grader
from latentbook_classroom.grader.interpreter import Walls
from latentbook_classroom.grader.question import Question
from latentbook_classroom.grader.verdict import MAX_PARTS, MAX_TEXT, Failure
from tests.classroom.grader.test_walls import PEER

RIGHT = "def f(x):\n    return x * x"
CHECK = """
import numpy as np
assert all(map(lambda n: np.allclose(f(n), n * n), [3.0, 4.0])), "wrong"
assert all([f(3) == 9, f(4) == 16])
assert all(map(f, [3, 4]))
"""
QUESTION = Question("square", "code", check=check_of(CHECK, [RIGHT], []))

SEND = """
import struct
def send(kind, text, data=b""):
    return peer.exchange(kind + struct.pack("<II", len(text), len(data)) + text + data)
VERDICT = b'{"passed": true, "message": "", "case": ""}'
"""
PATCH = """
first = peer.exchanged
def exchanged(kind, value, data=b""):
    if kind == "R":
        value, data = altered(value, data)
    return first(kind, value, data)
peer.exchanged = exchanged
def f(x):
    return 1
"""
FORGERIES = {
    "NumPy replaced": (
        "import numpy as np\nnp.allclose = np.array_equal = lambda *a, **k: True\n"
        "def f(x):\n    return 1"
    ),
    "builtins replaced": (
        "import builtins\nbuiltins.all = builtins.any = lambda *a: True\n"
        "builtins.AssertionError = type('E', (Exception,), {})\ndef f(x):\n    return 1"
    ),
    "the host replaced": (
        "from widgets.engine import host\nhost.execute = lambda *a: None\ndef f(x):\n    return 1"
    ),
    "an object equal to all": (
        "class Yes:\n    def __eq__(self, other):\n        return True\n"
        "    def __array__(self, *a, **k):\n        return 9\ndef f(x):\n    return Yes()"
    ),
    "a subclass of arrays": (
        "import numpy as np\nclass Y(np.ndarray):\n    __eq__ = lambda self, other: True\n"
        "def f(x):\n    return np.zeros(1).view(Y)"
    ),
    "a subclass of numbers": (
        "class Y(float):\n    __eq__ = lambda self, other: True\ndef f(x):\n    return Y(1)"
    ),
    "an array of objects": "import numpy as np\ndef f(x):\n    return np.array([object()])",
    "a value": "f = 9",
    "StopIteration": "def f(x):\n    raise StopIteration",
    "SystemExit": "def f(x):\n    raise SystemExit(0)",
    "sys.exit": "import sys\nsys.exit(0)",
    "os._exit": "import os\nos._exit(0)",
    "os._exit in the check": "import os\ndef f(x):\n    os._exit(0)",
    "a verdict before the check": f"{PEER}{SEND}send(b'V', VERDICT)",
    "a verdict as a result": f"{PEER}{SEND}def f(x):\n    send(b'V', VERDICT)",
    "a verdict after a result": (
        f"{PEER}{SEND}def f(x):\n    write = peer.exchange\n"
        '    send(b\'R\', b\'{"answers": [{"changed": [], "result": 1}]}\')\n'
        "    send(b'V', VERDICT)"
    ),
    "a request of the grader": f"{PEER}{SEND}def f(x):\n    send(b'K', b'{{}}')",
    "names that were not asked for": (
        f"{PEER}def altered(value, data):\n    if 'values' in value:\n"
        "        peer.lent.append(lambda *a, **k: True)\n"
        "        yes = {'function': len(peer.lent) - 1}\n"
        "        value['values'] |= {n: yes for n in ('all', 'np', 'map', 'AssertionError')}\n"
        f"    return value, data\n{PATCH}"
    ),
    "a function that was not lent": (
        f"{PEER}def altered(value, data):\n    for each in value.get('answers', []):\n"
        f"        each['result'] = {{'yours': -1}}\n    return value, data\n"
        f"{PATCH}"
    ),
    "an empty result": (
        f"{PEER}def altered(value, data):\n    for each in value.get('answers', []):\n"
        f"        each['result'] = {{}}\n    return value, data\n{PATCH}"
    ),
    "names of the check in a call": (
        f'{PEER}{SEND}def f(x):\n    send(b\'C\', b\'{{"call": 0, "given": [[{{"list": []}}, '
        '{"dict": []}, {"dict": [["all", 1]]}]]}\')\n    return 1'
    ),
    "calls without end": f"{PEER}def f(x):\n    return peer.call(0, (f,), {{}})",
    "deep JSON": f"{PEER}{SEND}def f(x):\n    send(b'R', b'[' * 200_000)",
    "a long number": (
        f"{PEER}{SEND}def f(x):\n    nines = b'9' * 900_000\n"
        "    send(b'R', b'{\"answers\": [{\"changed\": [], \"result\": ' + nines + b'}]}')"
    ),
    "a frame of 4 GB": f"{PEER}def f(x):\n    peer.exchange(b'R' + b'\\xff' * 8)",
}
BOMBS = {
    "a loop": "while True:\n    pass",
    "a loop that goes on": (
        "while True:\n    try:\n        while True:\n            pass\n"
        "    except BaseException:\n        pass"
    ),
    "a loop in the check": "def f(x):\n    while True:\n        pass",
    "a regular expression": "import re\nre.match('(a+)+$', 'a' * 40 + 'b')",
    "many arrays": "import numpy as np\nall = []\nwhile True:\n    all.append(np.ones(10_000_000))",
    "one array": "import numpy as np\nnp.ones(10**11)",
    "JavaScript's memory": (
        "import pyodide_js\nA = pyodide_js._module.HEAPU8.constructor\nall = []\n"
        "while True:\n    all.append(A.new(50_000_000))\n    all[-1].fill(1)"
    ),
    "text": "s = 'x'\nwhile True:\n    s += s",
    "a result of 80 MB": "import numpy as np\ndef f(x):\n    return np.ones(10_000_000)",
    "printing": "while True:\n    print('x' * 100_000)",
    "frames": f"{PEER}while True:\n    peer.exchange(b'R' + bytes(8))",
    "calls": "import sys\nsys.setrecursionlimit(10**9)\ndef g():\n    return g()\ng()",
    "memory of C": "import ctypes\nctypes.memset(0, 255, 10**8)",
    "sleep": "import time\ntime.sleep(1000)",
    "half a frame": f"{PEER}peer.exchange(b'R' + b'\\xff\\xff\\0\\0' + bytes(4))",
    "prototypes": (
        "import pyodide_js\nP = pyodide_js.constructor.prototype\nP.then = lambda *a: None\n"
        "P.kind = 'V'\nP.passed = True\n"
        "pyodide_js._module.HEAPU8.constructor.prototype.subarray = lambda *a: None\n"
        "def f(x):\n    return 1"
    ),
}
QUICK = {
    "StopIteration",
    "a verdict as a result",
    "names that were not asked for",
    "a loop in the check",
}


def each(cases):
    return [
        pytest.param(code, id=name, marks=() if name in QUICK else pytest.mark.long)
        for name, code in cases.items()
    ]


@pytest.fixture(scope="module")
def grader(sandbox):
    grader = Grader(sandbox, workers=1)
    yield grader
    grader.close()


@contextmanager
def hurried(grader, seconds=3):
    """Shorten the clock: most bombs end only when it runs out."""
    grader.seconds = seconds
    try:
        yield
    finally:
        grader.seconds = MAX_SECONDS


def test_an_honest_answer_passes_the_same_check(grader):
    assert grader.judge(QUESTION, RIGHT).is_right
    assert grader.judge(QUESTION, "def f(x):\n    return 1").message == "wrong"


@pytest.mark.parametrize("code", [*each(FORGERIES), *each(BOMBS)])
def test_it_does_not_pass_and_the_next_answer_gets_its_own_verdict(grader, code):
    with hurried(grader):
        verdict = grader.judge(QUESTION, code)
    assert verdict.state in ("wrong", "error", "unjudged"), verdict
    assert grader.judge(QUESTION, RIGHT).is_right
    assert grader.judge(QUESTION, "def f(x):\n    return 1").message == "wrong"


def test_reports_of_an_answer_are_plain_text_only():
    report = {"name": ["E"], "message": "\ud800\0" + "x" * 10**6, "line": True, "traceback": None}
    report["explanation"] = {"id": 1, "fixes": [{}] * 99, "values": {"a": float("nan")}}
    failure = Failure.read(report)
    assert failure.message.startswith("?\ufffdx")
    assert len(failure.message) == MAX_TEXT
    assert (failure.name, failure.line, failure.traceback) == ("['E']", None, "None")
    assert failure.explanation["values"] == {"a": "nan"}
    assert len(failure.explanation["fixes"]) == MAX_PARTS
    for other in (None, [], "x", {"explanation": {"id": 1}}):
        assert Failure.read(other).explanation is None


def test_a_warm_interpreter_that_has_ended_is_replaced(grader):
    assert grader.judge(QUESTION, RIGHT).is_right
    (warm,) = grader._warm
    warm.interpreter.process.kill()
    warm.interpreter.process.wait()
    assert grader.judge(QUESTION, RIGHT).is_right


@pytest.mark.long
def test_forgeries_do_not_pass_without_lock_down_either(sandbox):
    grader = Grader(sandbox, workers=1, walls=Walls(lock_down=False))
    try:
        with hurried(grader):
            for name, code in FORGERIES.items():
                assert not grader.judge(QUESTION, code).is_right, name
        assert grader.judge(QUESTION, RIGHT).is_right
    finally:
        grader.close()


def test_an_interpreter_that_was_lost_in_mid_check_is_not_used_again(grader):
    """Its next frames would be about the previous answer."""
    assert grader.judge(QUESTION, RIGHT).is_right
    (warm,) = grader._warm
    with hurried(grader):
        verdict = grader.judge(QUESTION, BOMBS["a loop in the check"])
    assert (verdict.state, verdict.failure.name) == ("error", "Stopped")
    assert "3 s" in verdict.failure.message
    assert warm not in grader._warm
    assert warm.interpreter.process.returncode is not None


JSON = (
    f"{PEER}{SEND}def f(x):\n    numbers = b'0,' * COUNT + b'0'\n"
    '    send(b\'R\', b\'{"answers": [{"changed": [], "result": {"list": [\' + numbers'
    " + b'], \"place\": 9}}]}')"
)
ERROR = (
    f"{PEER}{SEND}def f(x):\n    deep = b'[' * COUNT + b']' * COUNT\n"
    '    send(b\'R\', b\'{"answers": [{"error": {"message": "", "name": \' + deep + b\'}}]}\')'
)
FILE = f"{PEER}{SEND}def f(x):\n    send(b'F', b'[' * 200_000)"
LOSES_B = {
    "JSON of 14 MB": ("f(3)", JSON.replace("COUNT", "7_000_000"), "it sends too much"),
    "JSON that comes back": (
        "text = f(3)\nf(text, text)",
        "def f(x, y=0):\n    return 'x' * 900_000",
        "it sends too much",
    ),
    "a deep error": ("f(3)", ERROR.replace("COUNT", "1500"), "recursion"),
    "a deep name of a file": ("f(3)", FILE, "recursion"),
    "the end of its Python": ("f(3)\nimport os\nos._exit(0)", RIGHT, "it broke its interpreter"),
    "the end of the time": ("f(3)\nwhile True:\n    pass", RIGHT, "after 1 s"),
}


@pytest.mark.parametrize("what", LOSES_B)
def test_it_is_the_answers_fault_if_the_check_does_not_survive_what_it_sends(grader, what):
    """Otherwise a student could look at the check's inputs and try again at no cost."""
    check, code, why = LOSES_B[what]
    question = Question(what, "code", check=check_of(check, [RIGHT], []))
    with hurried(grader, 1 if "1 s" in why else MAX_SECONDS):
        verdict = grader.judge(question, code)
    assert (verdict.state, verdict.failure and verdict.failure.name) == ("error", "Stopped")
    assert why in verdict.failure.message


def test_an_answer_is_not_blamed_for_an_interpreter_that_has_heard_nothing_of_it(grader):
    assert grader.judge(QUESTION, RIGHT).is_right
    os.kill(grader._warm[-1].interpreter.process.pid, signal.SIGSTOP)
    with hurried(grader, 1):
        assert grader.judge(QUESTION, RIGHT).state == "unjudged"
    assert grader.judge(QUESTION, RIGHT).is_right


GRADE = "from math import prod as secret\nassert f(3) == 9, 'no'\nassert f(12) == 144, 'no'"
GRADED = {
    "key": {"check": "from math import tau\nassert f(3) == 9"},
    "check": {"code": GRADE, "answers": [RIGHT], "earlier": []},
}


def test_an_answer_does_not_find_out_a_grade(grader):
    """Neither from the replies that it gets, nor from the frames sent to its interpreter."""
    question = question_of({"label": "graded", "kind": "code", **GRADED})
    assert grader.judge(question, "def f(x):\n    return tau and x * x").is_right
    code = "import numpy as np\ndef f(x):\n    return 9 if x == 3 else np.zeros(2)"
    failure = grader.judge(question, code).failure
    assert (failure.name, failure.traceback, failure.explanation) == ("ValueError", "", None)
    assert "144" not in failure.message
    look = f"{PEER.replace('peer', 'request')}raise ValueError(request)"
    failure = grader.judge(question, look).failure
    assert "tau" in failure.message
    assert "secret" not in repr(failure)


def test_an_interpreter_is_warm_for_its_own_check_only(sandbox):
    grader = Grader(sandbox, workers=1)
    other = Question("cube", "code", check=check_of("assert f(2) == 8, 'cube'", [RIGHT], []))
    try:
        assert grader.judge(QUESTION, RIGHT).is_right
        assert grader.judge(other, RIGHT).message == "cube"
        assert len(grader._warm) == 1
        assert grader.judge(other, "def f(x):\n    return 8").is_right
    finally:
        grader.close()
    assert grader._warm == []


def test_the_queue_is_bounded(sandbox):
    grader = Grader(sandbox, workers=1, waiting=1)
    try:
        futures = [grader.submit(QUESTION, RIGHT) for _ in range(2)]
        with pytest.raises(Busy, match="Too many answers wait"):
            grader.submit(QUESTION, RIGHT)
        assert all(future.result().is_right for future in futures)
        assert grader.judge(QUESTION, RIGHT).is_right
    finally:
        grader.close()


def test_an_error_comes_with_its_line_and_an_explanation(grader):
    code = "import numpy as np\ndef f(x):\n    return np.ones(3) @ np.ones(4)"
    verdict = grader.judge(QUESTION, code)
    assert (verdict.state, verdict.failure.name) == ("error", "ValueError")
    assert verdict.failure.line == 3
    assert "np.ones(3) @ np.ones(4)" in verdict.failure.traceback
    assert verdict.failure.explanation["id"]
    assert grader.judge(QUESTION, "def f(x)").failure.line == 1
    assert "100,000" in grader.judge(QUESTION, "#" * 100_001).failure.message


def test_a_check_that_fails_to_prepare_leaves_the_answer_unjudged(sandbox):
    check = check_of("assert f(2) == scale", [RIGHT], ["scale = undefined"])
    grader = Grader(sandbox, workers=1)
    try:
        verdict = grader.judge(Question("broken", "code", check=check), RIGHT)
    finally:
        grader.close()
    assert verdict.state == "unjudged"
    assert "undefined" in verdict.message
