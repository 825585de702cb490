"""Explanations of errors: the table of cases, errors without one, and objects that fight back."""

import contextlib
import warnings

import numpy as np
import pytest

from tests.explained import SENTENCES, explained_cases, noted_cases, unexplained_cases, written
from widgets.engine import host
from widgets.engine.failure import explanation_of

pytestmark = pytest.mark.filterwarnings("ignore")  # readers' code may warn before its error


def fail(code, scope="explain"):
    """Run failing code after `import numpy as np`, as in most chapters; return the reply."""
    for source in ("import numpy as np", code):
        with warnings.catch_warnings():
            reply = host.handle(
                {"type": "run_cell", "id": 1, "scope": scope, "code": source, "filename": "cell"},
                lambda mime, data: None,
            )
    host.handle({"type": "reset_scope", "id": 1, "scope": scope}, print)
    assert reply["type"] == "failed", code
    return reply


def test_every_case_of_the_table_has_its_sentence():
    cases = explained_cases()
    found = {code: written(fail(code)["explanation"]) for code, _ in cases}
    assert found == dict(cases)


MATPLOTLIB = "import matplotlib.pyplot as plt\n"
OF_MATPLOTLIB = {
    "plt.imshow(np.zeros(784))": "picture: Line 2: np.zeros(784) is (784,): a picture needs two "
    "axes, rows and columns, and for colours a third with 3 or 4 values. "
    "np.zeros(784).reshape(28, 28) fits.",
    "plt.imshow(np.zeros((1, 28, 28)))": "picture: Line 2: np.zeros((1, 28, 28)) is (1, 28, 28): a "
    "picture needs two axes, rows and columns, and for colours a third with 3 or 4 values. "
    "np.zeros((1, 28, 28))[0] fits.",
    "plt.subplots()[1].plot(np.ones(3), np.ones(2))": "plotted: Line 2: np.ones(3) is (3,), "
    "np.ones(2) is (2,): their first axes must have equal lengths, not 3 and 2.",
    "plt.plot(np.ones(3), np.ones(2) + np.ones(3))": "broadcast: Line 2: np.ones(2) is (2,), "
    "np.ones(3) is (3,). For +, axes are paired from the last one, and 2 does not go with 3: two "
    "lengths must be equal, or one of them 1.",
}


def test_errors_of_matplotlib():
    """Not in the table: in the page only a package that a course adds raises them."""
    pytest.importorskip("matplotlib")
    found = {code: written(fail(MATPLOTLIB + code)["explanation"]) for code in OF_MATPLOTLIB}
    assert found == OF_MATPLOTLIB


def test_code_that_fits_runs():
    """NumPy accepts each suggestion that can be run where the code stopped."""
    tried = 0
    for code, _ in explained_cases():
        scope = {"np": np}
        with contextlib.suppress(Exception):
            exec(code, scope)
        for fix in (fail(code)["explanation"] or {"fixes": []})["fixes"]:
            with contextlib.suppress(NameError, SyntaxError):  # local names, `return`
                exec(fix, scope)
                tried += 1
    assert tried > 50


def test_every_sentence_has_a_case():
    told = {expected.split(":")[0] for _, expected in explained_cases()}
    told |= {expected.split(":")[0] for expected in OF_MATPLOTLIB.values()}
    told |= {expected.split(":")[0] for _, said in noted_cases() for expected in said}
    assert told == SENTENCES.keys() - {"LINE", "LINE_OF", "FITS", "BOTH_FIT"}
    assert len(told) >= 40


def test_other_errors_have_none():
    codes = unexplained_cases()
    assert len(codes) >= 100
    assert {code: fail(code)["explanation"] for code in codes} == dict.fromkeys(codes)


HOSTILE = """
import sys
def boom(*args, **more):
    sys.stdout.write("ran")
    raise SystemExit("ran")
class Meta(type):
    __eq__ = __hash__ = __getattribute__ = boom
class Array(np.ndarray):
    def __getattribute__(self, name):
        boom() if armed else None
        return np.ndarray.__getattribute__(self, name)
    def __array_finalize__(self, other): pass
class Odd(metaclass=Meta):
    pass
class Word(str):
    __hash__ = str.__hash__
    def __eq__(self, other):
        boom() if armed else None
        return str.__eq__(self, other)
class Table(dict):
    def __getitem__(self, key):
        boom() if armed else None
        raise KeyError(key)
    __len__ = __iter__ = items = get = boom
class Error(ValueError):
    args = property(boom)
class Shaped:
    shape = T = ndim = property(boom)
    def __radd__(self, other): raise TypeError("unsupported operand type(s) for +: 'int' and 'str'")
    def __class__(self): return boom()
armed = False
a, odd, table, shaped = np.ones(3).view(Array), object.__new__(Odd), Table(), Shaped()
"""


@pytest.mark.parametrize(
    "code",
    [
        "armed = True\na @ np.ones((4, 2))",
        "armed = True\n1 + odd",
        "odd[0]",
        "odd.shape",
        "x = [1]\nx[odd]",
        "d = {}\nd['missing', odd]",
        "1 + shaped",
        "raise Error('operands could not be broadcast together with shapes (3,) (4,) ')",
        "globals()[Word('b')] = 3\nc = np.ones(2)\narmed = True\nc + np.ones(3) + b",
        "list = np = float = range = len = None\nlist[0]",
        "x = [1] * 10 ** 6\nx[10 ** 6]",
        "d = {i: i for i in range(10 ** 5)}\nd[-1]",
        "d = {'a': 1}\nd['a' * 10 ** 6]",
        "x = 10 ** 5000\nlen(x)",
        "x = [10 ** 5000, 2]\nx[10 ** 5000]",
        "rows = []\nrows.append(rows)\nrows[0][0][1]",
        "raise ValueError('matmul: ' + '(3,) ' * 10 ** 6)",
        "raise ValueError(odd)",
        "raise KeyError(odd)",
        "raise ExceptionGroup('x', [ValueError(odd)])",
        "sys.modules['ast'] = None\n[][0]",
        "class C:\n    x = 1\n    x[0]",
        "exec(compile('1\\n\\n[][0]', 'cell', 'exec'))",
    ],
)
def test_an_explanation_runs_no_code_of_the_reader(code, capsys):
    fail(HOSTILE + code, scope="hostile")
    assert capsys.readouterr().out == ""
    assert written(fail("x = np.ones(3)\nx[3]")["explanation"]).startswith("bounds: Line 2")


def test_an_explanation_that_fails_is_silence(monkeypatch):
    monkeypatch.setattr("widgets.engine.explain.explain", lambda *given: 1 / 0)
    assert explanation_of(IndexError("list index out of range"), "cell") is None


def test_the_line_of_another_snippet_is_named_with_it():
    define = "import numpy as np\ndef norm(x):\n    return x[9]"
    request = {"type": "run_cell", "id": 1, "scope": "two"}
    host.handle({**request, "code": define, "filename": "first"}, print)
    reply = host.handle({**request, "code": "norm(np.ones(3))", "filename": "second"}, print)
    explanation = reply["explanation"]
    assert (explanation["file"], explanation["line"]) == ("first", 3)


def test_a_check_of_the_book_is_not_explained():
    request = {"type": "check_answer", "id": 1, "scope": "question", "code": "x = [1]"}
    own = host.handle({**request, "check": "x[3]"}, print)
    assert (own["name"], own["explanation"]) == ("IndexError", None)
    readers = host.handle({**request, "code": "x = [1]\nx[3]", "check": ""}, print)
    assert readers["explanation"]["id"] == "list-bounds"
