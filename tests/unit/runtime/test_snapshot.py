"""A snapshot answers as a fresh interpreter does, and refuses to be read when it is not whole."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from app.runtime.dist import build_runtime
from app.settings import Settings

HERE = Path(__file__).parent

QUESTIONS = """
import json, sys, time, traceback
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

def pictures():
    import widgets
    from widgets import frames
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
    pictures,
)])
"""

CHANGING = """
import json, random, time, uuid
import numpy as np
json.dumps([random.random(), np.random.rand(), np.random.default_rng().random(), str(uuid.uuid4()),
            time.timezone, time.tzname[0]])
"""


@pytest.fixture(scope="module")
def folder() -> Path:
    return build_runtime(Settings(), report=print).path


@pytest.fixture(scope="module")
def snapshot(folder, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("snapshot") / "snapshot"
    python(folder, "make", path)
    return path


def python(folder: Path, how: str, file: Path | str, code: str = "", **env: str) -> str:
    done = subprocess.run(
        ["node", str(HERE / "start.mjs"), str(folder), how, str(file)],
        input=code,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TZ": "UTC", **env},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_answers_are_those_of_a_fresh_interpreter(folder, snapshot):
    restored = json.loads(python(folder, "snapshot", snapshot, QUESTIONS))
    assert restored == json.loads(python(folder, "files", "", QUESTIONS))
    assert restored[5].startswith("ValueError: matmul")
    assert restored[7].startswith("RecursionError")


def test_every_restore_has_its_own_entropy_and_the_readers_time_zone(folder, snapshot):
    first = json.loads(python(folder, "snapshot", snapshot, CHANGING))
    second = json.loads(python(folder, "snapshot", snapshot, CHANGING, TZ="America/New_York"))
    assert all(a != b for a, b in zip(first[:4], second[:4], strict=True))
    assert first[4] == 0
    assert second[4:] == [18_000, "UTC-0500"]


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda data: data[: len(data) // 2], "it is damaged"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "it is damaged"),
        (lambda data: data[:60] + b"?" + data[61:], "it is damaged"),
        (lambda data: b"", "it is not a snapshot"),
        (lambda data: b"x" * 100_000, "it is not a snapshot"),
    ],
)
def test_what_is_not_whole_is_refused(folder, snapshot, tmp_path, harm, said):
    path = tmp_path / "harmed"
    path.write_bytes(harm(snapshot.read_bytes()))
    with pytest.raises(AssertionError, match=said):
        python(folder, "snapshot", path, CHANGING)
