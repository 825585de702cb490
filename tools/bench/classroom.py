"""A course of 500 students who hand in three answers each within a minute: two numbers and code.

Meanwhile the bench kills an interpreter, and then the server, which it restarts. The server is the
command itself, in a separate process. Afterwards the database is compared with the sent answers.
"""

import asyncio
import os
import random
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa

from latentbook.base.errors import LatentbookError
from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook.settings import Settings
from latentbook_classroom.course import assignments, people
from latentbook_classroom.course.assignment import Asked, Assigned, Assignment, Variant
from latentbook_classroom.course.bundle import bundle_classroom
from latentbook_classroom.course.database import Database
from latentbook_classroom.course.scores import scores
from latentbook_classroom.course.tables import attempt, job, now, result
from latentbook_classroom.grader.book_questions import read_questions
from latentbook_classroom.grader.question import Question
from tools.bench import Measurement, Report
from tools.bench.lecture import Client, Server, free_port

STUDENTS = 500
WITHIN_S = 60
KILL_INTERPRETER_S, KILL_SERVER_S = 20, 30
"""Seconds after the start."""
FIRST_RETRY_S = 5
"""The page's value (static/classroom/outbox.js). The first pause is up to four times as long, at
random; each further pause doubles."""
JUDGED_WITHIN_S = 900
"""Seconds after which the bench gives up."""
IDLE_S = 20
"""Seconds until a server is idle, with PyTorch loaded."""
POINTS = {"number": 1.0, "code": 2.0}
CODE = "q-kl-code"
NAME = "bench"
P95_TARGET, LAST_TARGET, MEMORY_TARGET = 200, 300, 60
MEGABYTE = 2**20


@dataclass(frozen=True)
class Sent:
    """An answer, and its correct verdict."""

    id: str
    kind: str
    label: str
    answer: str
    is_right: bool
    after: float


@dataclass
class Student:
    """A student's browser, which sends each answer until the server accepts it."""

    member: int
    client: Client
    answers: list[Sent]
    seconds: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    failures: int = 0

    async def live(self, begun: float) -> None:
        for each in self.answers:
            await asyncio.sleep(begun + each.after - time.perf_counter())
            await self.send(each)
        self.client.close()

    async def send(self, given: Sent) -> None:
        made_at = datetime.now(UTC).isoformat()
        form = urlencode({"id": given.id, "answer": given.answer, "made_at": made_at})
        place = f"/classroom/assignments/{NAME}/answers/{given.label}"
        wanted, retry = time.perf_counter(), FIRST_RETRY_S * (1 + 3 * random.random())
        own = "Sec-Fetch-Site: same-origin\r\nAccept: text/x-part\r\n"
        while True:
            begun = time.perf_counter()
            try:
                status, _, said = await self.client.ask("POST", place, form, own)
            except (OSError, asyncio.IncompleteReadError):
                status = 503
            if status == 200:
                break
            if status not in (429, 503):
                raise LatentbookError(f"An answer was refused: {status} {said!r}")
            self.failures += 1
            await asyncio.sleep(retry)
            retry *= 2
        self.seconds.append(time.perf_counter() - begun)
        self.waits.append(time.perf_counter() - wanted)


def asked(question: Question) -> Asked:
    variant = Variant("", "", question)
    return Asked(question.label, f"{NAME}-{question.label}", question.kind, (variant,))


def prepare(
    connection: sa.Connection, port: int, number: Question, code: Question
) -> list[Student]:
    """Open the assignment, and create the students with their future answers."""
    people.new_course(connection, "Bench", "")
    course = people.present(connection).id
    labels = ((number.label, POINTS["number"]), (code.label, POINTS["code"]))
    sheet = Assignment(NAME, "Bench", "", labels)
    questions = {each.label: asked(each) for each in (number, code)}
    assignments.take(connection, Assigned((sheet,), questions))
    link = people.new_link(
        connection, course, "instructor", "", by=None, lasts=timedelta(1), max_uses=1
    )
    instructor = people.signed_in(connection, people.join(connection, link, "Instructor", None))
    assert instructor is not None
    assignments.set_dates(connection, instructor, NAME, opens_at=now() - timedelta(1))
    students = []
    for i in range(STUDENTS):
        token = people.new_session(
            connection, people.add_person(connection, course, f"Student {i}", "", "")
        )
        member = people.signed_in(connection, token)
        assert member is not None
        client = Client(port, f"latentbook-person={token}")
        students.append(Student(member.id, client, list(answers(i, number, code))))
    return students


def answers(i: int, number: Question, code: Question) -> Iterator[Sent]:
    """Yield a wrong number, the right one, and code, which is right for every second student."""
    key = number.key["answer"]
    is_right = i % 2 == 0
    text = code.solutions[0] if is_right else code.mistakes[0][1]
    after = sorted(WITHIN_S * random.random() for _ in "123")
    yield Sent(f"bench.{i}.0", "number", number.label, f"{key + 1000:g}", False, after[0])
    yield Sent(f"bench.{i}.1", "number", number.label, f"{key:g}", True, after[1])
    yield Sent(f"bench.{i}.2", "code", code.label, text, is_right, after[2])


async def hand_in(
    server: Server, database: Database, students: list[Student], report: Report
) -> float:
    """Let the students answer while an interpreter and the server are killed; return the seconds
    from the start to the last verdict on code.
    """
    await server.start()
    report(f"{len(students)} students hand in")
    begun = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for each in students:
            group.create_task(each.live(begun))
        await asyncio.sleep(KILL_INTERPRETER_S)
        report(f"Interpreters that the bench has killed: {kill_interpreter(server)}")
        await asyncio.sleep(KILL_SERVER_S - KILL_INTERPRETER_S)
        report("The server is killed and started again")
        server.kill()
        await server.start()
    report("All answers are accepted; waiting for the last verdict")
    waiting = sa.select(sa.func.count()).select_from(job)
    while await database.run(lambda connection: connection.execute(waiting).scalar_one()):
        if time.perf_counter() - begun > JUDGED_WITHIN_S:
            break
        await asyncio.sleep(0.5)
    return time.perf_counter() - begun


def kill_interpreter(server: Server) -> int:
    """Kill one of the processes in which the server judges code; return how many were killed."""
    assert server.process is not None
    pid = server.process.pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text(encoding="ascii").split():
            os.kill(int(child), signal.SIGKILL)
            return 1
    return 0


def memory(server: Server) -> float:
    """Measure the memory of the server's process, in MB."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) * 1024 / MEGABYTE


async def idle_memory(port: int, environment: dict[str, str]) -> float:
    server = Server(port, environment)
    try:
        await server.start()
        await asyncio.sleep(IDLE_S)
        return memory(server)
    finally:
        server.kill()


def compared(connection: sa.Connection, students: list[Student]) -> list[Measurement]:
    """Compare the database with the sent answers."""
    rows = connection.execute(
        sa.select(attempt.c.id, attempt.c.member, attempt.c.answer, result.c.state).outerjoin(
            result, result.c.attempt == attempt.c.id
        )
    ).all()
    stored: dict[str, Any] = {row.id: row for row in rows}
    lost = len(rows) - len(stored)  # judged twice
    unjudged = wrong = differ = 0
    course = people.present(connection).id
    found = scores(connection, course)
    (row,) = assignments.everything(connection, course)
    for student in students:
        points: dict[str, float] = {}
        for sent in student.answers:
            row_of = stored.get(sent.id)
            if row_of is None or (row_of.member, row_of.answer) != (student.member, sent.answer):
                lost += 1
            elif row_of.state not in ("right", "wrong"):
                unjudged += 1
            else:
                wrong += (row_of.state == "right") != sent.is_right
            got = POINTS[sent.kind] * sent.is_right
            points[sent.label] = max(points.get(sent.label, 0.0), got)
        for label, expected in points.items():
            differ += found[student.member, row.id, label].points != expected
    return [
        Measurement("answers lost, changed or judged twice", float(lost), "", 0),
        Measurement("answers without a verdict", float(unjudged), "", 0),
        Measurement("verdicts that are wrong", float(wrong), "", 0),
        Measurement("scores that differ from what was sent", float(differ), "", 0),
    ]


def measure(settings: Settings, report: Report) -> list[Measurement]:
    project = open_project(settings)
    build_site(project, report=report)
    bundle_classroom(settings)
    questions = read_questions(project)
    numbers = (each for each in questions.values() if each.kind == "number")
    number = next(each for each in numbers if "answer" in each.key)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "course.sqlite"))
        port = free_port()
        environment = {**os.environ, "LATENTBOOK_LOG_LEVEL": "error", "PYTHONUNBUFFERED": "1"}
        environment.pop("LATENTBOOK_DATABASE", None)
        with closing(Database(path)) as database:
            database.migrate()
            students = database.run_here(prepare, port, number, questions[CODE])
            without = asyncio.run(idle_memory(port, environment))
            environment["LATENTBOOK_DATABASE"] = path
            idle = asyncio.run(idle_memory(port, environment))
            server = Server(port, environment)
            try:
                last = asyncio.run(hand_in(server, database, students, report))
            finally:
                if server.process is not None and server.process.poll() is None:
                    server.kill()
            rows = database.run_here(compared, students)
    seconds = [1000 * each for student in students for each in student.seconds]
    return [
        Measurement("accepted, median", quantiles(seconds, n=20)[9], "ms"),
        Measurement("accepted, p95", quantiles(seconds, n=20)[18], "ms", P95_TARGET),
        Measurement("accepted, slowest", max(seconds), "ms"),
        Measurement("longest wait with the server away", max(map(_longest, students)), "s"),
        *rows,
        Measurement(f"last of {STUDENTS} code marks", last, "s", LAST_TARGET),
        Measurement("memory added to an idle server", idle - without, "MB", MEMORY_TARGET),
        Measurement("requests that were sent again", sum(each.failures for each in students), ""),
        Measurement("load of the machine, last minute", os.getloadavg()[0], ""),
    ]


def _longest(student: Student) -> float:
    return max(student.waits)
