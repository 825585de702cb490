"""Corrects a wrong key by a new edition: judge all attempts by it, preview the changes, use it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from latentbook.book.translations.language import message
from latentbook_classroom.course import assignments, people
from latentbook_classroom.course.people import Member, note
from latentbook_classroom.course.refused import Refused
from latentbook_classroom.course.scores import Score, scores
from latentbook_classroom.course.tables import (
    assignment,
    assignment_question,
    attempt,
    job,
    question,
    result,
)


@dataclass(frozen=True)
class Change:
    """A member whose score another edition changes."""

    member: int
    before: Score
    after: Score


@dataclass(frozen=True)
class Preview:
    """Changes that another edition would make. ``waiting``: attempts that it has not judged yet,
    not counting those that it could not judge.
    """

    waiting: int
    changes: list[Change]


def offered(connection: sa.Connection, course_id: int) -> Sequence[sa.Row[Any]]:
    """Questions for which the book now has a different edition from the one in use."""
    in_use = assignment_question.c
    return connection.execute(
        sa.select(assignment_question, question.c.edition)
        .join(assignment)
        .join(question, question.c.id == in_use.latest)
        .where(assignment.c.course == course_id, in_use.latest != in_use.question)
        .order_by(assignment.c.id, in_use.position)
    ).all()


def unjudged(connection: sa.Connection, assignment_id: int) -> list[tuple[sa.Row[Any], int]]:
    """Questions with answers that the edition in use could not judge, and their number."""
    found = []
    for each in assignments.asked_in(connection, assignment_id):
        missing = _unjudged(assignment_id, each.label, each.question)
        missing = missing.where(~_queued(each.question))
        found.append((each, len(connection.execute(missing).all())))
    return [(each, count) for each, count in found if count]


def start(
    connection: sa.Connection, by: Member, assignment_id: int, label: str, edition: str
) -> int:
    """Queue all attempts that an edition has not judged; return its number. Scores change only once
    it is in use. If it already is, this retries the attempts that could not be judged.
    """
    number = _edition(connection, by, assignment_id, label, edition)
    missing = _unjudged(assignment_id, label, number).where(~_queued(number))
    for each in connection.execute(missing).scalars().all():
        people.add(connection, job, attempt=each, question=number)
    return number


def preview(
    connection: sa.Connection, by: Member, assignment_id: int, label: str, edition: str
) -> Preview:
    number = _edition(connection, by, assignment_id, label, edition)
    before = scores(connection, by.course.id, assignment_id=assignment_id)
    after = scores(connection, by.course.id, assignment_id=assignment_id, edition=(label, number))
    changes = []
    for key, score in after.items():
        old = before[key]
        if key[2] == label and (score.points, score.state) != (old.points, old.state):
            changes.append(Change(key[0], old, score))
    tried = sa.exists().where(result.c.attempt == attempt.c.id, result.c.question == number)
    waiting = _unjudged(assignment_id, label, number).where(~tried | _queued(number))
    return Preview(len(connection.execute(waiting).all()), changes)


def apply(
    connection: sa.Connection, by: Member, assignment_id: int, label: str, edition: str
) -> None:
    """Use an edition from now on. Attempts that it has not judged are queued."""
    number = start(connection, by, assignment_id, label, edition)
    change = sa.update(assignment_question).filter_by(assignment=assignment_id, label=label)
    connection.execute(change.values(question=number))
    detail = f"{label}: {edition[:12]}"
    note(connection, by.course.id, "edition changed", by=by.person, detail=detail)


def _edition(
    connection: sa.Connection, by: Member, assignment_id: int, label: str, edition: str
) -> int:
    """The number of an edition of a question of an assignment of the course."""
    number = connection.execute(
        sa.select(question.c.id)
        .join(assignment_question, assignment_question.c.label == question.c.label)
        .join(assignment, assignment.c.id == assignment_question.c.assignment)
        .where(
            assignment_question.c.assignment == assignment_id,
            assignment_question.c.label == label,
            assignment.c.course == by.course.id,
            question.c.edition == edition,
        )
    ).scalar()
    if number is None:
        raise Refused(404, message("There is no such edition of this question."))
    return int(number)


def _unjudged(assignment_id: int, label: str, number: int) -> sa.Select[str]:
    """The attempts on which an edition has no verdict yet."""
    judged = sa.exists().where(
        result.c.attempt == attempt.c.id, result.c.question == number, result.c.state != "unjudged"
    )
    here = (attempt.c.assignment == assignment_id, attempt.c.label == label)
    return sa.select(attempt.c.id).where(*here, ~judged)


def _queued(number: int) -> sa.Exists:
    return sa.exists().where(job.c.attempt == attempt.c.id, job.c.question == number)
