"""Values that cross between the two interpreters, in CPython: one thread per side."""

from __future__ import annotations

import contextlib
import queue
import threading

import numpy as np
import pytest

from latentbook_classroom.grader import peer
from latentbook_classroom.grader.checks import check_of
from tests.patience import SERVER_S


class Ended(BaseException):
    pass


class Side:
    """One peer in a thread, and the frames that it sends."""

    def __init__(self):
        self.received, self.sent = queue.Queue(), queue.Queue()
        threading.Thread(target=self.run, daemon=True).start()
        assert self.ask(b"")[:1] == b"I"

    def run(self):
        with contextlib.suppress(Ended):
            peer.serve(self.exchange)

    def exchange(self, frame):
        self.sent.put(frame)
        received = self.received.get()
        if received is None:
            raise Ended
        return received

    def ask(self, frame):
        if frame:
            self.received.put(frame)
        return self.sent.get(timeout=SERVER_S)


def frame(kind, value):
    text = peer.json.dumps(value).encode()
    return peer.HEAD.pack(kind.encode(), len(text), 0) + text


def body(given):
    _, length, _ = peer.HEAD.unpack_from(given)
    return peer.json.loads(given[peer.HEAD.size : peer.HEAD.size + length])


def judge(answer, check, *, earlier=(), solution=None, forge=None, public=""):
    """The verdict of the check's side; ``forge`` alters the frames of the answer's side."""
    code = check_of(check, [solution or answer], earlier)
    a, b = Side(), Side()
    try:
        if code.own:
            assert b.ask(frame("P", {"snippets": code.own}))[:1] == b"R"
        request = {"code": answer, "snippets": code.snippets, "names": code.names}
        said = a.ask(frame("A", request))
        if said[:1] == b"E":
            return {"failed": body(said)}
        request = {"check": check, "names": code.names, "shared": code.shared}
        request["is_public"] = check == public
        said = b.ask(frame("K", request))
        while said[:1] != b"V":
            reply = a.ask(said)
            said = b.ask(forge(reply) if forge else reply)
        return body(said)
    finally:
        a.received.put(None)
        b.received.put(None)


CROSSES = {
    "a callback": (
        "def minimise(g, x):\n    for _ in range(50):\n        x = x - 0.1 * g(x)\n    return x",
        "assert np.allclose(minimise(lambda x: 2 * x, np.ones(3)), 0, atol=1e-3)",
    ),
    "a function that is returned": (
        "def adder(n):\n    return lambda x: x + n",
        "assert adder(2)(3) == 5",
    ),
    "a function given with an array": (
        "def apply(f, x):\n    x += 1\n    f(x)\n    return x",
        "x = np.zeros(2)\nr = apply(lambda y: y, x)\nassert r is x",
    ),
    "random numbers": (
        "def draw(rng, n):\n    return rng.normal(size=n)",
        "r, w = np.random.default_rng(1), np.random.default_rng(1)\n"
        "assert np.array_equal(draw(r, 4), w.normal(size=4))\n"
        "assert np.array_equal(draw(r, 4), w.normal(size=4))",
    ),
    "state of the answer": (
        "count = 0\ndef up():\n    global count\n    count += 1\n    return count",
        "up()\nassert up() == 2",
    ),
    "identity": ("def same(x):\n    return x", "x = np.ones(2)\nassert same(x) is x"),
    "values": ("W = np.eye(2)\nn = 3", "assert W.shape == (2, 2) and n == 3"),
    "containers and numbers": (
        "def f():\n    return 1, {'a': None, 2: {3}}, 2**70, float('nan'), 1j, np.float32(0.1)",
        "a, d, n, x, z, s = f()\n"
        "assert (a, d, n, z) == (1, {'a': None, 2: {3}}, 2**70, 1j) and x != x\n"
        "assert type(s) is np.float32 and s == np.float32(0.1)",
    ),
    "dtypes": (
        "def f(x):\n    return x",
        "for kind in ('b', 'u2', '>i4', 'f2', 'c8', '?'):\n"
        "    x = np.arange(6).astype(kind).reshape(2, 3).T\n"
        "    assert f(x.copy()).dtype == x.dtype and np.array_equal(f(x.copy()), x)",
    ),
    "an exception that is expected": (
        "def f(x):\n    raise ValueError('no')",
        "try:\n    f(1)\nexcept ValueError as error:\n    assert str(error) == 'no'\n"
        "else:\n    raise AssertionError('must refuse')",
    ),
    "a name of the check": (
        "def f(x):\n    return double(x)",
        "def double(x):\n    return 2 * x\nassert f(3) == 6",
    ),
}


@pytest.mark.parametrize("what", CROSSES)
def test_crosses(what):
    answer, check = CROSSES[what]
    verdict = judge(f"import numpy as np\n{answer}", f"import numpy as np\n{check}")
    assert verdict == {"passed": True, "message": "", "case": ""}


LAW = """
from widgets.kit.laws import law, numbers
law("It is odd.", f, lambda value, x: value == -f(-x), x=numbers("n"))
law("It grows.", f, lambda value, x: (value >= 2) == (x >= 2), x=numbers("n"))
"""


CUBE = "return x * x * x / 4"
"""Odd on every processor: IEEE products are symmetric in the sign, NumPy's pow is not."""


@pytest.mark.parametrize(
    "answer",
    [CUBE, "return x**2", "x += 1\n    return x", "return 1 / float(x[0])", "return"],
)
def test_a_law_says_the_same_of_functions_here_and_there(answer):
    """Calls cross in one message; here they run one after another."""
    scope, messages = {}, []
    exec(f"def f(x):\n    {answer}", scope)
    try:
        exec(LAW, scope)
    except Exception as error:
        expected = str(error)
    else:
        expected = ""

    def forge(reply):
        messages.append(reply)
        return reply

    verdict = judge(f"def f(x):\n    {answer}", LAW, forge=forge)
    assert verdict.get("failed", verdict)["message"] == expected
    assert bool(expected) == (answer != CUBE)
    if not expected:
        assert len(messages) == 1 + (1 + 100) + 1


REFUSED = {
    "a class": "class f:\n    pass",
    "a generator": "def f():\n    yield 1",
    "an object": "class N:\n    pass\ndef f():\n    return N()",
    "an array of objects": "import numpy as np\ndef f():\n    return np.array([object()])",
    "a ring": "def f():\n    x = []\n    for _ in range(50):\n        x = [x]\n    return x",
}


@pytest.mark.parametrize("what", REFUSED)
def test_cannot_cross_and_says_so(what):
    failed = judge(REFUSED[what], "f()")["failed"]
    assert failed["name"] in ("CannotCross", "RuntimeError")
    assert "The check on the server cannot use" in failed["message"]


def test_a_change_of_an_argument_is_seen():
    check = "l, x = [0], {}\nf(l, x)\nassert l == [0], 'you change l'\nassert x == {}"
    said = judge("def f(l, x):\n    l.append(1)", check)["message"]
    assert said == "you change l"


@pytest.mark.parametrize(
    "made, changes",
    [
        ("[np.zeros(3)]", "x[0][1] = 1e-12"),
        ("[[1], [2]]", "x.reverse()"),
        ("{'a': {1, 2}}", "x['a'].add(3)"),
        ("{'a': 1}", "x['a'] = 1.0"),
        ("([np.nan],)", "x[0][0] = 0"),
    ],
)
def test_a_change_deep_in_an_argument_is_seen(made, changes):
    check = f"import numpy as np\nx = {made}\nf(x)\nassert repr(x) == repr({made}), 'changed'"
    assert judge(f"def f(x):\n    {changes}", check)["message"] == "changed"
    assert judge("def f(x):\n    return x", check)["passed"] is True


def test_what_is_not_changed_is_not_written_back():
    same = [float("nan"), 1, "a", None, [2.0], np.ones(2), {"b": (3,)}]
    assert peer.state_of(same) == peer.state_of([*same])


HANDS_ON_A_GENERATOR = """
import numpy as np
rng, twin = np.random.default_rng(0), np.random.default_rng(0)
f(rng)
assert rng.integers(2**20) != twin.integers(2**20), "the same"
"""
SET = "s = rng.bit_generator.state\n    s{}\n    rng.bit_generator.state = s"
BEFORE_ZERO = "-s['state']['inc'] * pow(0x2360ED051FC65DA44385DF649FCCF645, -1, 2**128) % 2**128"


@pytest.mark.parametrize(
    "tampers",
    [
        SET.format("['state'] = {'state': 0, 'inc': 0}"),
        SET.format("['state']['inc'] ^= 2**100"),
        SET.format(f"['state']['state'] = {BEFORE_ZERO}"),
        SET.format(" |= {'has_uint32': 1, 'uinteger': 0}"),
        "rng.random()\n    " + SET.format(" |= {'has_uint32': 1, 'uinteger': 0}"),
        "rng.__init__(np.random.PCG64(1))",
        "rng.bit_generator.advance(-1)",
        "rng.bit_generator.advance(2**32 + 1)",
    ],
)
def test_an_answer_is_blamed_for_random_numbers_that_drawing_does_not_lead_to(tampers):
    answer = f"import numpy as np\ndef f(rng):\n    {tampers}"
    assert judge(answer, HANDS_ON_A_GENERATOR)["message"] == peer.ONLY_WITH_CHANGES


@pytest.mark.parametrize(
    "draws",
    [
        "rng.random()",
        "rng.integers(9)",
        "rng.permutation(8)",
        "rng.random(dtype='f')\n    rng.normal(size=10**6)",
        "rng.bit_generator.advance(2**32)",
    ],
)
def test_an_answer_is_not_blamed_for_drawing(draws):
    assert judge(f"def f(rng):\n    {draws}", HANDS_ON_A_GENERATOR)["passed"] is True


@pytest.mark.parametrize(
    "draws_elsewhere", ["rng.spawn(2)", "rng.bit_generator.seed_seq.spawn(2)", "rng = None"]
)
def test_what_an_answer_does_to_its_copy_of_a_generator_stays_there(draws_elsewhere):
    check = f"{HANDS_ON_A_GENERATOR}\nassert rng.spawn(1)[0].random() == twin.spawn(1)[0].random()"
    answer = f"def f(rng):\n    {draws_elsewhere}"
    assert judge(answer, check)["message"] == "the same"
    assert judge(f"{answer}\n    return 1", check.replace("!=", "=="))["passed"] is True


def test_other_generators_do_not_cross():
    check = "import numpy as np\nf(np.random.RandomState(0))"
    failed = judge("def f(rng):\n    rng.seed(0)", check, public=check)["failed"]
    assert "type RandomState" in failed["message"]
    answer = "import numpy as np\ndef f(rng):\n    rng.__init__(np.random.MT19937(0))"
    assert "MT19937" in judge(answer, HANDS_ON_A_GENERATOR)["failed"]["message"]


CHANGES_WHAT_IS_COMPARED = "def f(x):\n    x[:] = 0\n    return x * 2"


def test_a_pass_with_changes_is_checked_again_without_them():
    check = "import numpy as np\nx = np.ones(3)\nr = f(x)\nassert np.array_equal(r, 3 * x)"
    verdict = judge(CHANGES_WHAT_IS_COMPARED, check)
    assert verdict["message"] == peer.ONLY_WITH_CHANGES
    assert judge("def f(x):\n    x *= 3\n    return x", check)["passed"] is False
    assert judge("def f(x):\n    return 3 * x", check)["passed"] is True


@pytest.mark.parametrize("error", ["StopIteration", "SystemExit", "GeneratorExit", "BaseException"])
def test_other_exceptions_than_those_of_the_list_do_not_cross(error):
    check = "assert all(map(f, [3, 4]))"
    verdict = judge(f"def f(x):\n    raise {error}('mine')", check)
    assert verdict["failed"]["name"] == error
    assert verdict["failed"]["line"] == 2


GRADE = """
class Secret:
    def __init__(self, value, secret_unit=1):
        self.value = value
def secret_test(value, secret_scale=2):
    return secret_scale * value
"""
LOOK = "try:\n        g({})\n    except Exception as e:\n        raise ValueError(e, vars(e))"
NOT_SHOWN = {
    "a condition": ("return 1", "assert secret_test(f(3)) == 18"),
    "a condition with an empty message": ("return 1", "assert secret_test(f(3)) == 18, ''"),
    "an attribute": ("return 1", "f(3).secret_name"),
    "an attribute of a function": ("return f", "f(3).secret_name"),
    "a name": (
        "raise ValueError",
        "try:\n    secret = f(3)\nexcept ValueError:\n    pass\nassert secret",
    ),
    "a local name": (
        "raise ValueError",
        "def g():\n    try:\n        secret = f(3)\n    except ValueError:\n        pass\n"
        "    assert secret\ng()",
    ),
    "a key": ("return {}", "f(3)['secret key']"),
    "a parameter": ("return []", "secret_test(*f(3))"),
    "a function": ("return [1, 2, 3]", "secret_test(*f(3))"),
    "a function of a function": (
        "return [1]",
        "def secret():\n    def g(): pass\n    g(*f(3))\nsecret()",
    ),
    "a class": ("return [1, 2, 3]", "Secret(*f(3))"),
    "a format": ("return 1", "f'{f(3):secret}'"),
    "an error after an error": (
        "raise ValueError",
        "try:\n    f(3)\nexcept ValueError as e:\n    raise RuntimeError('no') from e  # secret",
    ),
    "an error with a note": (
        "raise ValueError",
        "try:\n    f(3)\nexcept ValueError as e:\n    e.add_note('secret')\n    raise",
    ),
    "code that is not Python": ("return '1 +'", "secret = eval(f(3))"),
    "an error of the check's function": (LOOK.format("1, 2, 3"), "f(secret_test)"),
    "its parameter": (LOOK.format(""), "f(secret_test)"),
    "its line": (LOOK.format("None"), "f(secret_test)"),
    "its result": (LOOK.format("1"), "f(lambda x: Secret(x))"),
}


@pytest.mark.parametrize("what", NOT_SHOWN)
def test_of_a_check_that_is_not_in_the_page_nothing_is_quoted(what):
    body, check = NOT_SHOWN[what]
    verdict = judge(f"def f(g):\n    {body}", GRADE + check)
    assert verdict.get("passed") is not True
    assert "secret" not in repr(verdict).casefold()


def test_an_error_of_a_check_that_is_not_in_the_page_has_its_type_and_message():
    answer = "import numpy as np\ndef f(x):\n    return np.zeros(2)"
    (failure,) = judge(answer, "assert f(12) == 144").values()
    assert failure.keys() == {"name", "message"}
    assert failure["name"] == "ValueError"
    assert "truth value of an array" in failure["message"]


def test_the_check_in_the_page_is_quoted():
    check = "y = f(3)\nassert y == 9\ny.secret"
    assert "assert y == 9" in judge("def f(x):\n    return 1", check, public=check)["message"]
    failure = judge("def f(x):\n    return 9", check, public=check)["failed"]
    assert "secret" in failure["message"]
    assert "y.secret" in failure["traceback"]


def test_an_assertion_of_the_answer_is_not_the_checks():
    verdict = judge("def f(x):\n    assert x == 4, 'mine'", "assert f(3)")
    assert verdict["failed"]["message"] == "mine"


def test_snippets_run_only_as_far_as_names_need_them():
    earlier = [
        "import numpy as np\nimport math\nraise SystemError('not needed')",
        "base = math.floor(2.5)",
        "scale = base * 3\nunused = boom",
        "raise SystemError('not needed either')",
    ]
    answer = "def f(x):\n    return base * np.ones(2) * x"
    check = "assert f(2)[0] == 4"
    assert judge(answer, check, earlier=earlier)["passed"] is True
    check = "assert f(2)[0] == scale"
    with pytest.raises(AssertionError, match=r"b'E' == b'R'"):  # boom
        judge(answer, check, earlier=earlier)


def test_a_name_is_found_however_a_snippet_writes_it():
    ligature = "\N{LATIN SMALL LIGATURE FI}t = 3"  # Python reads "fit"
    assert judge("def f(x):\n    return fit * x", "assert f(2) == 6", earlier=[ligature])["passed"]


def test_the_check_reads_its_own_snippets_not_the_answers_version():
    earlier = ["wanted = 9"]
    check = "assert f(3) == wanted"
    solution = "def f(x):\n    return x * x"
    cheat = "wanted = 1\ndef f(x):\n    return 1"
    assert judge(solution, check, earlier=earlier)["passed"] is True
    verdict = judge(cheat, check, earlier=earlier, solution=solution)
    assert verdict["passed"] is False


def altered(**fields):
    """Add fields to each result that crosses."""

    def forge(given):
        if given[:1] != b"R":
            return given
        value = body(given)
        for each in value.get("answers", []):
            each |= fields
        return frame("R", value | fields)

    return forge


SAYS_NINE = "def f(x):\n    return 1"
WANTS_NINE = "assert all(map(f, [3])) and f(3) == 9, 'wrong'"
FORGED = {
    "names that were not asked for": {"values": {"all": {"function": 0}, "f": {"function": 0}}},
    "an empty value": {"result": {}},
    "an unlent function": {"result": {"yours": 0}},
    "a place that is not there": {"result": {"same": 99}},
    "objects": {"result": {"array": ["|O", [1], 0, 8], "place": 0}},
    "bytes that are not there": {"result": {"array": ["<f8", [4], 0, 32], "place": 0}},
    "a shape below zero": {"result": {"array": ["<f8", [-1], 0, 0], "place": 0}},
    "a change of nothing": {"changed": [[99, {"list": []}]]},
    "a change to another type": {"changed": [[0, {"dict": []}]], "result": 1},
    "no result": {"changed": None},
    "no answers": {"answers": []},
    "an error that is none": {"error": 1},
}


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_message_does_not_pass(what):
    assert judge(SAYS_NINE, WANTS_NINE, forge=altered(**FORGED[what])).get("passed") is not True
    assert judge("def f(x):\n    return x * x", WANTS_NINE)["passed"] is True


def test_the_answer_cannot_set_names_of_the_check():
    """Its calls have the same form as the check's, which do share names."""
    answer = """
import sys
side = sys._getframe()
while "peer" not in side.f_locals:
    side = side.f_back
peer = side.f_locals["peer"]
def f(g):
    yes = {"function": len(peer.lent)}
    peer.lent.append(lambda *a: True)
    shared = {"dict": [["all", yes], ["wanted", 1]], "place": 2}
    given = [{"list": [], "place": 0}, {"dict": [], "place": 1}, shared]
    peer.send("C", {"call": g.number, "given": [given]})
    return 1
"""
    check = "wanted = 9\nassert f(lambda: 0) == wanted and all([False]), 'held'"
    assert judge(answer, check)["message"] == "held"
    assert np.all([True])
