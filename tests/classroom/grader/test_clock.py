"""A busy machine stops nobody's code."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from latentbook_classroom.grader.grader import Grader
from latentbook_classroom.grader.interpreter import Clock
from tests.classroom.grader.test_hostile import QUESTION

needs_linux = pytest.mark.skipif(
    not Path("/proc/thread-self/schedstat").exists(), reason="Only Linux tells who waited."
)


LOOP = "while True: pass"
WORK = """
import os, time
os.nice(10)
while time.process_time() < 0.3: pass
print(flush=True)
time.sleep(60)
"""


@contextmanager
def python(*codes: str):
    """Programs that share the processor of this thread."""
    running = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for code in codes
    ]
    try:
        yield running
    finally:
        for each in running:
            each.kill()
            each.wait()
            each.stdout.close()


@pytest.fixture
def _one_processor():
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    yield
    os.sched_setaffinity(0, allowed)


@needs_linux
@pytest.mark.usefixtures("_one_processor")
def test_waiting_for_a_processor_does_not_count():
    with python(LOOP, LOOP, WORK) as (*_, working):
        clock, begun = Clock(2, working.pid), time.monotonic()
        working.stdout.readline()
        assert clock.left() > 0
        assert time.monotonic() - begun > 2


def test_sleeping_counts():
    with python("import time; time.sleep(60)") as (sleeping,):
        clock = Clock(0.5, sleeping.pid)
        for _ in range(50):  # it has to start, and may wait for that on a busy machine
            if clock.left() <= 0:
                return
            time.sleep(max(0.1, clock.left()))
        pytest.fail(f"{clock.left()} s are left")


@needs_linux
@pytest.mark.long
@pytest.mark.usefixtures("_one_processor")
def test_a_right_answer_passes_beside_busy_programs(sandbox):
    code = "sum(range(10**6))\ndef f(x):\n    return x * x"
    with python(LOOP, LOOP), closing(Grader(sandbox, workers=1, seconds=3)) as grader:
        begun = time.monotonic()
        assert grader.judge(QUESTION, code).is_right
        assert time.monotonic() - begun > 3
