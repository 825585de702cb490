"""``latentbook classroom doctor``: which walls around students' code hold on this machine.

Each is tested with a canary: code that reaches it without this wall must not reach it when this is
the only wall. Every solution in the book is also judged, like a student's answer.
"""

import contextlib
import socket
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from latentbook.base.report import Report
from latentbook.book.read.project import Project
from latentbook_classroom.grader.book_questions import read_questions
from latentbook_classroom.grader.grader import Grader
from latentbook_classroom.grader.interpreter import LIMITS, Interpreter, Lost, Walls
from latentbook_classroom.grader.snapshot import Sandbox, prepare

JS = "import pyodide_js; J = lambda text: pyodide_js.constructor.constructor('return ' + text)()\n"
READ = JS + "J('Deno.readTextFileSync(\"{folder}/canary\")')"
START = JS + "J('new Deno.Command(\"/bin/true\").outputSync()')"
CONNECT = "import socket; socket.create_connection(('127.0.0.1', {port}), 1)"
STORE = JS + 'J(\'localStorage.setItem("letter", "for the next")\')'
WRITE = JS + 'J(\'Deno.writeTextFileSync("{folder}/written", "x")\')'
FILL = JS + "J('Array.from({{length: 18}}, () => new Uint8Array(1e8).fill(1)).length')"

ALONE = Walls(lock_down=False, namespaces=False)  # Deno's own walls
NONE = replace(ALONE, permissions=("--allow-all",), limits={**LIMITS, "FSIZE": 2**20})
SECONDS = 10.0


@dataclass(frozen=True)
class Wall:
    """One wall: code that is refused with it and runs without it."""

    holds: str
    code: str
    alone: Walls
    without: Walls = NONE
    is_needed: bool = True


WALLS = (
    Wall("Deno lets code read no file", READ, ALONE),
    Wall("Deno lets code start no program", START, ALONE),
    Wall("Deno lets code open no connection", CONNECT, ALONE),
    Wall("Deno stores nothing that a later answer could read", STORE, ALONE),
    Wall("Python has no way to JavaScript (lock-down.js)", READ, replace(NONE, lock_down=True)),
    Wall(
        "The system gives each interpreter a network without connections",
        CONNECT,
        replace(NONE, namespaces=True),
        is_needed=False,
    ),
    Wall("The system limits files to 0 bytes", WRITE, replace(NONE, limits=LIMITS)),
    Wall("The system limits memory", FILL, ALONE, replace(ALONE, limits={**LIMITS, "DATA": 2**40})),
)


def examine(project: Project, report: Report) -> bool:
    """Test and report all walls and solutions; return True if nothing needed fails."""
    sandbox = prepare(project, report)
    is_good = True
    with tempfile.TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as server:
        folder = Path(name)
        (folder / "canary").write_text("canary")
        words = {"folder": folder, "port": server.getsockname()[1]}
        for wall in WALLS:
            code = wall.code.format(**words)
            without = replace(wall.without, environment={"DENO_DIR": str(folder)})
            if _reaches(sandbox, wall.alone, code, server):
                found = "FAILS" if wall.is_needed else "missing, the others remain"
                is_good = is_good and not wall.is_needed
            elif _reaches(sandbox, without, code, server):
                found = "holds"
            else:
                found = "cannot be tried: its canary is out of reach without it, too"
            report(f"{wall.holds}: {found}")
    is_stopped = not _runs(sandbox, Walls(), "while True: pass", seconds=1)
    report(f"The clock ends code that does not end: {'holds' if is_stopped else 'FAILS'}")
    return judge_solutions(project, sandbox, report) and is_good and is_stopped


def _reaches(sandbox: Sandbox, walls: Walls, code: str, server: socket.socket) -> bool:
    """Whether code reaches its canary: the server's port if it names it, else its own end."""
    has_run = _runs(sandbox, walls, code)
    if str(server.getsockname()[1]) not in code:
        return has_run
    server.settimeout(1)
    try:
        server.accept()[0].close()
    except TimeoutError:
        return False
    return True


def _runs(sandbox: Sandbox, walls: Walls, code: str, seconds: float = SECONDS) -> bool:
    """Whether code runs to its end."""
    interpreter = Interpreter(sandbox, walls).boot()
    clock = interpreter.clock(seconds)
    try:
        with contextlib.suppress(Lost):
            interpreter.send("A", {"code": code, "snippets": [], "names": []}, clock)
            return interpreter.receive(clock)[:1] == b"R"
        return False
    finally:
        interpreter.kill()


def judge_solutions(project: Project, sandbox: Sandbox, report: Report) -> bool:
    """Judge every solution in the book, and report those that are refused, with their place: one
    may need a value that cannot cross between interpreters.
    """
    asked = [each for each in read_questions(project).values() if each.check]
    failed = 0
    with contextlib.closing(Grader(sandbox, workers=1)) as grader:
        for question in asked:
            verdicts = [grader.judge(question, code) for code in question.solutions]
            if wrong := [each for each in verdicts if not each.is_right]:
                failed += 1
                said = wrong[0].failure.message if wrong[0].failure else wrong[0].message
                report(f"{question.place}: the solution of {question.label} is refused: {said}")
    report(f"Solutions that pass here: {len(asked) - failed} of {len(asked)}")
    return failed == 0
