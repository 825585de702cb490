"""Attempts: accepted once, in time and from their own member, and never changed."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from latentbook.book.translations.language import message
from latentbook_classroom.course import people
from latentbook_classroom.course.assignments import Given
from latentbook_classroom.course.people import Member, Row
from latentbook_classroom.course.refused import Refused
from latentbook_classroom.course.tables import (
    assignment_question,
    attempt,
    job,
    member,
    now,
    result,
)
from latentbook_classroom.grader.verdict import Verdict

NO_TRY = ("unread", "unjudged")
"""States of attempts that are neither right nor wrong."""
WAITING = "waiting"
MAX_WAITING = 20
"""Per member: attempts in the queue to be judged."""
MAX_ATTEMPTS = 1_000
"""Per member and question."""
ID = re.compile(r"[A-Za-z0-9_.-]{1,200}")
MAX_ANSWER = 100_000
"""Characters."""
MAX_CHARACTERS = 1_000_000
"""All answers of a member to a question: pages show them all. The last one may exceed it."""
NOT_STORED = re.compile("[\0\ud800-\udfff]")
"""Characters that databases and interpreters cannot read."""


def submit(
    connection: sa.Connection,
    me: Member,
    given: Given,
    label: str,
    id: str,
    answer: str,
    made_at: datetime,
    asked_as: int,
    verdict: Verdict | None,
) -> Row:
    """Store an answer with its verdict, or queue it for judging. A repeat changes nothing.

    Parameters
    ----------
    given : the assignment as of the answer's arrival, the time that counts
    made_at : by the clock of the browser
    asked_as : the edition that was shown, and by which the answer was judged

    Raises
    ------
    Refused
        404, 409 or 422, if it can never be accepted; 429, if it can later
    """
    if not ID.fullmatch(id):
        raise Refused(422, message("An id is 1 to 200 letters, digits, and _ . -."))
    if len(answer) > MAX_ANSWER or NOT_STORED.search(answer):
        why = message("An answer is text of at most %(limit)s characters.")
        raise Refused(422, why, limit=MAX_ANSWER)
    # Lock the member: only one request at a time may count tries and add one.
    if connection.execute(MEMBER, {"member": me.id}).first() is None:  # erased meanwhile
        raise Refused(401, message("You are not signed in to the course."))
    before = connection.execute(ATTEMPT, {"id": id}).one_or_none()
    if before is not None:
        if (before.member, before.label, before.answer) != (me.id, label, answer):
            raise Refused(409, message("Another answer has this id."))
        return find(connection, me, id)
    put = given.put(label)
    if not given.is_open:
        raise Refused(409, message("This assignment is closed. Your answer was not accepted."))
    in_use = connection.execute(IN_USE, {"assignment": given.id, "label": label}).scalar()
    if not asked_as == put.question == in_use:
        why = message(
            "This question was corrected meanwhile. "
            "Load the page again, and answer what it asks now."
        )
        raise Refused(409, why)
    _check_counts(connection, me, given, label)
    if verdict is None:
        _check_queue(connection, me)
    added = {"member": me.id, "assignment": given.id, "question": in_use, "label": label}
    when = {"made_at": made_at, "arrived_at": given.at, "number": NEXT}
    values = {"id": id, "variant": put.variant, "answer": answer, **added, **when}
    connection.execute(sa.insert(attempt).values(**values))
    if verdict is None:
        people.add(connection, job, attempt=id, question=in_use)
    else:
        add_result(connection, id, in_use, verdict)
    return find(connection, me, id)


def _check_counts(connection: sa.Connection, me: Member, given: Given, label: str) -> None:
    here = {"member": me.id, "assignment": given.id, "label": label}
    made = connection.execute(MADE, here).all()
    tries = sum(each.state not in NO_TRY for each in made)
    if len(made) >= MAX_ATTEMPTS or (given.dates.tries is not None and tries >= given.dates.tries):
        raise Refused(409, message("You have no tries left at this question."))
    if sum(each.characters for each in made) >= MAX_CHARACTERS:
        raise Refused(409, message("Your answers to this question are too long to keep more."))


def _check_queue(connection: sa.Connection, me: Member) -> None:
    if connection.execute(IN_QUEUE, {"member": me.id}).scalar_one() >= MAX_WAITING:
        why = message(
            "Too many of your answers wait to be judged. Send this one again in a minute."
        )
        raise Refused(429, why, retry_s=30)


def add_result(
    connection: sa.Connection, attempt_id: str, question_id: int, verdict: Verdict
) -> None:
    details = {"case": verdict.case, "failure": verdict.failure and asdict(verdict.failure)}
    detail = {name: value for name, value in details.items() if value}
    of = {"attempt": attempt_id, "question": question_id, "state": verdict.state, "at": now()}
    said = {"said": verdict.message, "mistake": verdict.mistake, "told": verdict.feedback}
    people.add(connection, result, **of, **said, detail=detail)


def find(connection: sa.Connection, me: Member, id: str) -> Row:
    """One of a member's own attempts."""
    found = connection.execute(SHOWN_ONE, {"id": id, "member": me.id}).one_or_none()
    if found is None:
        raise Refused(404, message("You have made no such attempt."))
    return found


def of_member(connection: sa.Connection, member_id: int, assignment_id: int) -> Sequence[Row]:
    """A member's attempts in the order of their arrival."""
    of = {"member": member_id, "assignment": assignment_id}
    return connection.execute(SHOWN_OF_MEMBER, of).all()


def attempts_with(
    *columns: sa.ColumnElement[Any], by: sa.ColumnElement[int] = assignment_question.c.question
) -> sa.Select[Any]:
    """Attempts in the order of their arrival, each with its last result from the edition ``by``:
    by default, the one in use. Without a result, ``state`` is ``waiting``.
    """
    last = (
        sa.select(sa.func.max(result.c.id))
        .where(result.c.attempt == attempt.c.id, result.c.question == by)
        .correlate(attempt, assignment_question)
        .scalar_subquery()
    )
    in_use = sa.and_(
        assignment_question.c.assignment == attempt.c.assignment,
        assignment_question.c.label == attempt.c.label,
    )
    return (
        sa.select(
            *(each for each in attempt.c if each.name != "answer"),  # answers may be long
            assignment_question.c.question.label("in_use"),
            sa.func.coalesce(result.c.state, WAITING).label("state"),
            sa.func.coalesce(result.c.mistake, "").label("mistake"),
            *columns,
        )
        .join(assignment_question, in_use)
        .outerjoin(result, result.c.id == last)
        .order_by(attempt.c.number, attempt.c.id)
    )


def bound(*names: str) -> sa.ColumnElement[bool]:
    """Condition: each named column equals the bound parameter of its name."""
    return sa.and_(*(attempt.c[name] == sa.bindparam(name) for name in names))


# Built once: building these queries takes longer than running them.
MEMBER = sa.select(member.c.id).where(member.c.id == sa.bindparam("member")).with_for_update()
NEXT = sa.select(sa.func.coalesce(sa.func.max(attempt.c.number), 0) + 1).scalar_subquery()
ATTEMPT = sa.select(attempt).where(bound("id"))
IN_USE = sa.select(assignment_question.c.question).filter_by(
    assignment=sa.bindparam("assignment"), label=sa.bindparam("label")
)
CHARACTERS = sa.func.length(attempt.c.answer).label("characters")
MADE = attempts_with(CHARACTERS).where(bound("member", "assignment", "label"))
IN_QUEUE = (
    sa.select(sa.func.count())
    .select_from(attempt)
    # Leave out jobs that judge again by another edition: there may be many.
    .join(job, (job.c.attempt == attempt.c.id) & (job.c.question == attempt.c.question))
    .where(bound("member"))
)
SHOWN = attempts_with(attempt.c.answer, result.c.said, result.c.told, result.c.detail)
"""Attempts as pages show them. ``detail``, for code: ``case`` and ``failure`` of the verdict."""
SHOWN_ONE = SHOWN.where(bound("id", "member"))
SHOWN_OF_MEMBER = SHOWN.where(bound("member", "assignment"))
