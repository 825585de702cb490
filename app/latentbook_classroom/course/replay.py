"""Judges all attempts again and compares: marks depend on stored data alone."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from latentbook.base.report import Report
from latentbook_classroom.course import assignments
from latentbook_classroom.course.attempts import WAITING, attempts_with
from latentbook_classroom.course.database import Database
from latentbook_classroom.course.tables import (
    assignment_question,
    attempt,
    course,
    member,
    question,
)
from latentbook_classroom.grader.question import Question
from latentbook_classroom.grader.verdict import Verdict


def replayed(database: Database, judge: Callable[[Question, str], Verdict], report: Report) -> bool:
    """Compare each verdict that counts with a new one; return True if all agree.

    Draw each student's variant again, too, from the course's secret.
    """
    counts = Counter[str]()
    for id in database.run_here(judged_attempts):
        wrong = _differs(database, judge, id)
        counts["differ" if wrong else "agree"] += 1
        if wrong:
            report(f"Attempt {id}: {wrong}")
    report(f"Verdicts that are the same again: {counts['agree']} of {counts.total()}")
    return not counts["differ"]


def judged_attempts(connection: sa.Connection) -> list[str]:
    rows = connection.execute(attempts_with())
    return [row.id for row in rows if row.state not in (WAITING, "unjudged")]


def _differs(database: Database, judge: Callable[[Question, str], Verdict], id: str) -> str:
    """Describe the difference; empty if there is none, or the attempt was erased meanwhile."""
    found = database.run_here(_read, id)
    if found is None:
        return ""
    row, drawn, asked = found
    if row.variant != drawn:
        return f"it was asked with variant {row.variant}, and variant {drawn} is drawn"
    verdict = judge(asked, row.answer)
    if (verdict.state, verdict.mistake) != (row.state, row.mistake):
        now = " ".join(filter(None, (verdict.state, verdict.mistake)))
        return f"{row.label} was {row.state} {row.mistake}, and is {now}"
    return ""


def _read(connection: sa.Connection, id: str) -> tuple[sa.Row[Any], int, Question] | None:
    """An attempt, the variant drawn for its member, and the question that judges it."""
    asked, in_use = question.alias(), question.alias()
    counts = (asked.c.count.label("asked_variants"), in_use.c.count.label("variants"))
    row = connection.execute(
        attempts_with(attempt.c.answer, course.c.secret, *counts)
        .join(asked, asked.c.id == attempt.c.question)
        .join(in_use, in_use.c.id == assignment_question.c.question)
        .join(member, member.c.id == attempt.c.member)
        .join(course, course.c.id == member.c.course)
        .where(attempt.c.id == id)
    ).one_or_none()
    if row is None:
        return None
    drawn = assignments.variant_of(row.secret, row.member, row.label, row.asked_variants)
    judged = assignments.asked(connection, row.in_use, row.variant % row.variants)
    return row, drawn, judged.variants[0].question
