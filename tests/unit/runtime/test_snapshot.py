"""A snapshot answers like a fresh interpreter; a damaged or foreign one is refused."""

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import xxhash

from latentbook.runtime.dist import build_runtime
from latentbook.settings import Settings
from tests.unit.runtime.start import answer, answers, python

QUESTIONS = """
import gc, json, sys, time, traceback, weakref
import numpy as np
import random

def said(run):
    try:
        return repr(run())
    except BaseException as error:
        return f"{type(error).__name__}: {error}"

def deep(n):
    return deep(n + 1)

def later():
    import decimal, html.parser, statistics
    import numpy.polynomial
    line = numpy.polynomial.Polynomial([1, 2])
    return decimal.Decimal(1) / 7, statistics.mean([1, 2, 4]), line(3)

def big():
    a = np.ones(8_000_000)
    return (a * 2).sum()

def stopped():
    interrupt()
    while True:
        pass

def collected():
    class Node:
        pass
    node = Node()
    node.itself = node
    gone = weakref.ref(node)
    del node
    return gc.collect() > 0, gone()

def pictures():
    import widgets
    from widgets.engine import frames
    return [frames.compute_frame(name, {}, None) | {"ms": 0} for name in widgets.names()]

np.set_printoptions(precision=17)
json.dumps([said(run) for run in (
    lambda: np.linalg.svd(np.arange(12.0).reshape(3, 4)),
    lambda: np.fft.fft(np.arange(8.0)),
    lambda: np.einsum("ij,jk->ik", np.arange(4.0).reshape(2, 2), np.eye(2)),
    lambda: np.random.default_rng(7).normal(size=4),
    lambda: np.random.RandomState(3).rand(2),
    lambda: np.zeros((2, 3)) @ np.zeros((2, 3)),
    lambda: np.arange(3)[7],
    lambda: deep(0),
    lambda: np.dtypes.StringDType(),
    later,
    big,
    stopped,
    fail_in_js,
    collected,
    pictures,
)])
"""

CHANGING = """
import json, random, secrets, uuid
import numpy as np
json.dumps([random.random(), np.random.rand(), np.random.default_rng().random(), str(uuid.uuid4()),
            secrets.token_hex(), str(np.random.SeedSequence().entropy)])
"""

ZONE = """
import json, time
from datetime import datetime
january, july = (datetime(2026, month, 1, 12) for month in (1, 7))
json.dumps([time.timezone, time.altzone, time.daylight, time.localtime(0).tm_hour,
            *(str(at.astimezone().utcoffset()) for at in (january, july)),
            time.strftime("%z", time.localtime(january.timestamp()))])
"""


@pytest.fixture(scope="module")
def folder() -> Path:
    return build_runtime(Settings(), report=print).path


@pytest.fixture(scope="module")
def made(folder, tmp_path_factory) -> tuple[Path, str]:
    """A snapshot, made in a time zone that no test uses, and the hash of its maker's memory."""
    path = tmp_path_factory.mktemp("snapshot") / "snapshot"
    return path, python(folder, "make", path, TZ="Asia/Kolkata")


@pytest.fixture(scope="module")
def snapshot(made) -> Path:
    return made[0]


def test_restored_memory_is_the_makers_to_the_byte(folder, made):
    assert python(folder, "memory", made[0]) == made[1]


def test_answers_are_those_of_a_fresh_interpreter(folder, snapshot):
    restored, fresh = answers(folder, ("snapshot", "files"), snapshot, QUESTIONS)
    assert restored == fresh
    assert restored[5].startswith("ValueError: matmul")
    assert restored[7].startswith("RecursionError")
    assert restored[11].startswith("KeyboardInterrupt")
    assert "thrown by JavaScript" in restored[12]
    assert restored[13] == "(True, None)"


def test_every_restore_has_its_own_entropy(folder, snapshot):
    first, second = answers(folder, ("snapshot", "snapshot"), snapshot, CHANGING)
    assert all(a != b for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Australia/Lord_Howe"])
def test_every_restore_has_the_readers_time_zone(folder, snapshot, zone):
    here = ZoneInfo(zone)
    january, july = (datetime(2026, month, 1, 12, tzinfo=here) for month in (1, 7))
    january_at, july_at = (at.utcoffset().total_seconds() for at in (january, july))
    timezone, altzone = -min(january_at, july_at), -max(january_at, july_at)
    expected = [timezone, altzone, int(timezone != altzone)]
    expected += [datetime.fromtimestamp(0, here).hour]
    expected += [str(january.utcoffset()), str(july.utcoffset()), january.strftime("%z")]
    assert answer(folder, "snapshot", snapshot, ZONE, TZ=zone) == expected


def test_every_restore_has_the_environment_of_a_fresh_start(folder, snapshot):
    code = "import json, os; json.dumps(dict(os.environ))"
    both = ("snapshot", "files")
    restored, fresh = answers(folder, both, snapshot, code, BROWSER_LANGUAGE="de-AT")
    assert restored == fresh
    assert fresh["LANG"] == "de_AT.UTF-8"


def test_the_hash_seed_is_the_snapshots(folder, snapshot):
    code = "import json; json.dumps(hash('latentbook'))"
    hashes = answers(folder, ("snapshot", "snapshot", "files", "files"), snapshot, code)
    assert hashes[0] == hashes[1]
    assert hashes[2] != hashes[3]


def of_another_build(data: bytes) -> bytes:
    """An intact snapshot of another build, found in place of this one."""
    rest = data[32:].replace(b'"version":"test"', b'"version":"tesu"', 1)
    return data[:16] + xxhash.xxh32(rest).intdigest().to_bytes(4, "little") + bytes(12) + rest


HARMED = (
    (lambda data: data, ""),
    (lambda data: data[: len(data) // 2], "it is damaged"),
    (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "it is damaged"),
    (of_another_build, "it belongs to another build"),
    (lambda data: data[:60] + b"?" + data[61:], "it is damaged"),
    (lambda data: b"", "it is not a snapshot"),
    (lambda data: b"x" * 100_000, "it is not a snapshot"),
)


def test_what_is_not_whole_is_refused(folder, snapshot, tmp_path):
    data = snapshot.read_bytes()
    paths = [tmp_path / str(number) for number in range(len(HARMED))]
    for path, (harm, _) in zip(paths, HARMED, strict=True):
        path.write_bytes(harm(data))
    said = json.loads(python(folder, "check", *paths))
    assert said == [expected for _, expected in HARMED]
