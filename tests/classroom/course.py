"""A small course with marks: two quick questions, one of them with variants, and a slow one."""

import hashlib
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from latentbook_classroom.course import assignments, attempts, people
from latentbook_classroom.course.assignment import Asked, Assigned, Assignment, Variant
from latentbook_classroom.course.database import Database
from latentbook_classroom.course.judging import Worker
from latentbook_classroom.course.people import Member
from latentbook_classroom.course.scores import Score, scores
from latentbook_classroom.grader.question import Check, Question
from latentbook_classroom.grader.verdict import Verdict

START = datetime(2026, 10, 1, 8, tzinfo=UTC)
WEEK, DAY = timedelta(7), timedelta(1)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""By a browser's clock, on which nothing depends."""
COUNTER = itertools.count()


def edition(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def number(label: str, *keys: float, of: str = "") -> Asked:
    """A question whose variant ``i`` has the ``i``th key."""
    variants = tuple(
        Variant(
            html=f"<p>{label}, numbers {i}</p>",
            answer_html=f"<p>It is {key}.</p>",
            question=Question(
                label=label,
                kind="number",
                key={"answer": key, "tolerance": 0.1, "unit": "", "wrong": [2 * key]},
                feedback={"wrong 0": "Twice as much."},
            ),
        )
        for i, key in enumerate(keys)
    )
    return Asked(label, edition(of or f"{label}-{keys}"), "number", variants)


def code(label: str, *, of: str = "") -> Asked:
    question = Question(label=label, kind="code", check=Check("assert two == 2", ["two"]))
    return Asked(label, edition(of or label), "code", (Variant("<p>Two?</p>", "", question),))


ASSIGNED = Assigned(
    (
        Assignment(
            name="first",
            title="First sheet",
            page="<!--head--><!--question q-one--><!--question q-many--><!--question q-code-->",
            questions=(("q-one", 2.0), ("q-many", 1.0), ("q-code", 4.0)),
        ),
    ),
    {
        "q-one": number("q-one", 4),
        "q-many": number("q-many", *range(100, 164)),
        "q-code": code("q-code"),
    },
)


def judge(question: Question, answer: str) -> Verdict:
    """A judge that is right about these questions, in the test's own words."""
    if question.kind == "code":
        return Verdict("right" if answer == "two = 2" else "wrong")
    key: Any = question.key["answer"]
    try:
        given = float(answer)
    except ValueError:
        return Verdict("unread", "Type a number.")
    if given == 2 * key:
        return Verdict("wrong", mistake="wrong 0", feedback="Twice as much.")
    return Verdict("right" if given == key else "wrong")


def judge_now(question: Question, answer: str) -> Verdict | None:
    return None if question.kind == "code" else judge(question, answer)


def submit(
    connection: sa.Connection,
    me: Member,
    name: str,
    label: str,
    id: str,
    answer: str,
    made_at: datetime,
    at: datetime,
) -> attempts.Row:
    """Hand in an answer as the server does, judged by the edition in use at that moment."""
    given, question = assignments.judged_by(connection, me, name, label, at)
    said = (label, id, answer, made_at, given.put(label).question, judge_now(question, answer))
    return attempts.submit(connection, me, given, *said)


class Course:
    """A course with marks on its own database, without a server."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.worker = Worker(database, judge)
        self.run(people.new_course, "Codes", "Autumn")
        self.ina = self.member("Ina", "instructor")
        self.run(assignments.take, ASSIGNED)

    def run(self, work: Any, *given: Any, **named: Any) -> Any:
        return self.database.run_here(work, *given, **named)

    def member(self, name: str, role: str = "student", group: str = "") -> Member:
        def join(connection: sa.Connection) -> Member:
            course = people.present(connection).id
            lasts = timedelta(1)
            token = people.new_link(
                connection, course, role, group, by=None, lasts=lasts, max_uses=1
            )
            found = people.signed_in(connection, people.join(connection, token, name, None))
            assert found is not None
            return found

        member: Member = self.run(join)
        return member

    def open(self, **given: Any) -> None:
        dates = {"opens_at": START, "due_at": START + WEEK}
        self.run(assignments.set_dates, self.ina, "first", **{**dates, **given})

    def answer(
        self, who: Member, label: str, answer: str, at: datetime = START, id: str = ""
    ) -> attempts.Row:
        given = (who, "first", label, id or f"a.{next(COUNTER)}", answer, LONG_AGO)
        found: attempts.Row = self.run(submit, *given, at)
        return found

    def score(self, who: Member, label: str) -> Score:
        found: Score = self.run(scores, who.course.id, member_id=who.id)[who.id, 1, label]
        return found

    def work(self) -> None:
        while self.worker.work():
            pass
