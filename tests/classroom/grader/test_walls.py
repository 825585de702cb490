"""No probe gets out, whichever inner wall remains; without walls, each reaches its canary."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from latentbook_classroom.grader.checks import check_of
from latentbook_classroom.grader.grader import MAX_SECONDS, Grader
from latentbook_classroom.grader.interpreter import LIMITS, Interpreter, Lost, Walls, body
from latentbook_classroom.grader.question import Question
from tests.classroom.grader.probes import CHECK, CODE, DEAD_ENDS, Canaries, codes, reached

QUESTION = Question("probes", "code", check=check_of(CHECK, ["def probes(): ..."], []))
OPEN = Walls(
    lock_down=False,
    namespaces=False,
    permissions=("--allow-all",),
    limits={**LIMITS, "FSIZE": 2**20},
)
LONG = pytest.mark.long
WALLS = {
    "all": Walls(),
    "permissions alone": Walls(lock_down=False, namespaces=False),
    "lock-down alone": replace(OPEN, lock_down=True),
}


@pytest.fixture
def canaries(tmp_path):
    canaries = Canaries(tmp_path)
    yield canaries
    canaries.close()


def probed(sandbox, canaries, walls) -> tuple[set[str], set[str]]:
    """The names of all probes, and of those that reached their canary."""
    environment = {**walls.environment, "CANARY": "CANARY"} if walls is OPEN else walls.environment
    if walls is OPEN:
        environment["DENO_DIR"] = str(canaries.folder / "deno")
    probes, outside = codes(canaries)
    seconds = 60 if walls is OPEN else 1
    walls = replace(walls, environment=environment)
    grader = Grader(sandbox, workers=1, walls=walls)
    try:
        verdict = grader.judge(QUESTION, CODE.replace("CODES", repr(probes)))
    finally:
        grader.close()
    assert verdict.state == "wrong", verdict
    said = json.loads(verdict.message)
    assert said.keys() == probes.keys()
    end = time.monotonic() + seconds
    # Another thread records connections.
    while (out := reached(canaries, said, outside)) != ways_out(said) and time.monotonic() < end:
        time.sleep(0.02)
    return set(said), out


def ways_out(names) -> set[str]:
    return {name for name in names if not name.startswith("dead end")}


@pytest.mark.parametrize(
    "walls", ["all", *(pytest.param(name, marks=LONG) for name in list(WALLS)[1:])]
)
def test_no_probe_gets_out(sandbox, canaries, walls):
    names, out = probed(sandbox, canaries, WALLS[walls])
    assert len(names) >= 42
    assert out == set()


def test_without_walls_each_probe_reaches_its_canary(sandbox, canaries):
    names, out = probed(sandbox, canaries, OPEN)
    assert out == ways_out(names)
    assert len(names - out) == len(DEAD_ENDS)


def run(sandbox, walls, code):
    """Run code in an interpreter without a check; return its reply."""
    interpreter = Interpreter(sandbox, walls).boot()
    try:
        clock = interpreter.clock(MAX_SECONDS)
        interpreter.send("A", {"code": code, "snippets": [], "names": []}, clock)
        frame = interpreter.receive(clock)
        return frame[:1], body(frame)
    finally:
        interpreter.kill()


PEER = """
import sys
side = sys._getframe()
while "peer" not in side.f_locals:
    side = side.f_back
peer = side.f_locals["peer"]
"""

JS = "import pyodide_js\nJ = lambda text: pyodide_js.constructor.constructor('return ' + text)()\n"


@pytest.mark.parametrize(("namespaces", "is_reached"), [(True, False), (False, True)])
def test_the_namespace_has_no_network(sandbox, canaries, has_namespaces, namespaces, is_reached):
    if namespaces and not has_namespaces:
        pytest.skip("This system refuses namespaces.")
    port = canaries.port()
    walls = replace(OPEN, namespaces=namespaces)
    code = f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 1)"
    run(sandbox, walls, code)  # Python is not told whether it has connected
    end = time.monotonic() + (60 if is_reached else 0.5)
    while port not in canaries.connected and time.monotonic() < end:
        time.sleep(0.02)
    assert (port in canaries.connected) == is_reached


def test_no_letter_is_left_in_local_storage(sandbox, tmp_path):
    """Storing needs no permission: in a usable folder, Deno would store it for the next answer."""
    leave = f'{JS}J(\'localStorage.setItem("letter", "for the next")\')'
    read = f"{JS}raise ValueError(J('localStorage.getItem(\"letter\")'))"
    usable = replace(OPEN, permissions=(), environment={"DENO_DIR": str(tmp_path)})
    assert run(sandbox, usable, leave)[0] == b"R"
    assert run(sandbox, usable, read)[1]["message"] == "for the next"
    for code in (leave, read):
        kind, said = run(sandbox, Walls(lock_down=False), code)
        assert (kind, "Not a directory" in said["message"]) == (b"E", True)
        assert run(sandbox, Walls(), code)[0] == b"E"


def test_the_system_lets_it_write_no_file(sandbox, tmp_path):
    """Deno starts anyway, because it has no usable folder for its caches."""
    write = f'{JS}J(\'Deno.writeTextFileSync("{tmp_path}/a", "x")\')'
    assert run(sandbox, OPEN, write)[0] == b"R"
    kind, said = run(sandbox, replace(OPEN, limits=LIMITS), write)
    assert (kind, "File too large" in said["message"]) == (b"E", True)


FILL = "J('void (globalThis.all = new Uint8Array(COUNT).fill(1))')"
"""Fills memory at once: small pieces would leave no room for the error, and end the process."""


@pytest.mark.long
def test_memory_is_limited_by_the_system(sandbox):
    """By RLIMIT_DATA, because V8 reserves more addresses than RLIMIT_AS could allow."""
    open_ = Walls(lock_down=False)
    assert run(sandbox, open_, JS + FILL.replace("COUNT", "3e8"))[0] == b"R"
    kind, said = run(sandbox, open_, JS + FILL.replace("COUNT", "18e8"))
    assert (kind, "allocation failed" in said["message"]) == (b"E", True)
    without = replace(open_, limits={**LIMITS, "DATA": 2**40})
    assert run(sandbox, without, JS + FILL.replace("COUNT", "18e8"))[0] == b"R"


def test_printing_an_error_reads_packs_that_were_not_needed_before(sandbox):
    interpreter = Interpreter(sandbox).boot()
    try:
        clock = interpreter.clock(MAX_SECONDS)
        code = "import decimal\ndecimal.Decimal('no')"
        interpreter.send("A", {"code": code, "snippets": [], "names": []}, clock)
        said = body(interpreter.receive(clock))
        assert said["name"] == "InvalidOperation"
        assert 'File "your answer", line 2' in said["traceback"]
        assert interpreter._packs_sent
    finally:
        interpreter.kill()


@pytest.mark.parametrize("name", ["no.pack", "../index.json", "/etc/passwd"])
def test_only_files_of_the_runtime_are_sent(sandbox, name):
    code = f"{PEER}peer.exchanged('F', {{'pack': {name!r}}})"
    with pytest.raises(Lost, match="a file that does not exist"):
        run(sandbox, Walls(), code)


def test_pages_and_new_answers_come_first(sandbox):
    """``nice`` counts within a session: Linux gives each session the same share (sched(7))."""
    interpreter = Interpreter(sandbox).boot()
    try:
        pid = interpreter.process.pid
        assert os.getpriority(os.PRIO_PROCESS, pid) == os.getpriority(os.PRIO_PROCESS, 0) + 10
        assert os.getsid(pid) == os.getsid(0)
    finally:
        interpreter.kill()


@pytest.mark.skipif(not Path("/proc/self/oom_score_adj").exists(), reason="Only Linux has it.")
def test_the_system_ends_it_first_if_memory_runs_out(sandbox):
    interpreter = Interpreter(sandbox).boot()
    try:
        score = Path(f"/proc/{interpreter.process.pid}/oom_score_adj").read_text()
        assert int(score) == 1000
    finally:
        interpreter.kill()


def test_deno_does_not_end_by_itself_and_is_ended_with_its_group(sandbox):
    interpreter = Interpreter(sandbox).boot()
    assert interpreter.process.poll() is None
    interpreter.kill()
    assert interpreter.process.returncode == -9
