"""Scores, computed on every view from attempts, verdicts, dates and overrides."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from typing import Any

import sqlalchemy as sa

from latentbook.book.translations.language import message
from latentbook_classroom.course import assignments, attempts, people
from latentbook_classroom.course.assignment import Variant
from latentbook_classroom.course.assignments import Given, Put
from latentbook_classroom.course.attempts import NO_TRY, WAITING, attempts_with
from latentbook_classroom.course.late import Dates, Late
from latentbook_classroom.course.people import Member, Row, note
from latentbook_classroom.course.refused import Refused
from latentbook_classroom.course.tables import (
    assignment_question,
    attempt,
    mark,
    member,
    now,
    person,
)
from latentbook_classroom.course.words import clean

Key = tuple[int, int, str]
"""A member, an assignment, a question's label."""


@dataclass(frozen=True)
class Score:
    """A member's score at a question.

    Attributes
    ----------
    state : of the attempt that counts: ``none`` if there is none, ``waiting`` while it is judged
    is_final : whether no waiting attempt could change it
    is_done : whether no further answer could add to the points
    attempt : the one that counts
    override : an instructor's decision, which replaces the points
    is_regraded : whether the edition that judged the attempt differs from the one asked
    """

    points: float
    of: float
    state: str = "none"
    tries: int = 0
    late_days: float = 0.0
    attempt: str | None = None
    mistake: str = ""
    override: Row | None = None
    is_regraded: bool = False
    is_final: bool = True
    is_done: bool = False


@dataclass(frozen=True)
class Total:
    """A student's score at one question, or at several together."""

    scores: tuple[Score, ...]

    @property
    def points(self) -> float:
        return sum(each.points for each in self.scores)

    @property
    def of(self) -> float:
        return sum(each.of for each in self.scores)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was handed in or decided."""
        return all(each.state == "none" and not each.override for each in self.scores)

    @property
    def is_handed_in(self) -> bool:
        return all(each.state != "none" for each in self.scores)

    @property
    def is_done(self) -> bool:
        return all(each.is_done for each in self.scores)

    @property
    def is_complete(self) -> bool:
        """Whether no waiting attempt could change it."""
        return all(each.is_final for each in self.scores)

    @property
    def waits(self) -> bool:
        """Whether something is not judged yet, or could not be."""
        unjudged = any(each.state == "unjudged" and not each.override for each in self.scores)
        return unjudged or not self.is_complete

    @property
    def is_late(self) -> bool:
        return any(each.late_days for each in self.scores)

    @property
    def is_regraded(self) -> bool:
        return any(each.is_regraded for each in self.scores)

    @property
    def override(self) -> Row | None:
        return next((each.override for each in self.scores if each.override), None)


# Statements are built once: building them takes longer than running them.
BY = sa.case(
    (
        assignment_question.c.label == sa.bindparam("label"),
        sa.bindparam("edition", type_=sa.Integer),
    ),
    else_=assignment_question.c.question,
)
IDS: sa.BindParameter[int] = sa.bindparam("ids", expanding=True)
ONE: sa.BindParameter[int] = sa.bindparam("member")
WHO = sa.select(member.c.id, member.c.group).where(member.c.course == sa.bindparam("course"))
MADE = attempts_with(by=BY).where(attempt.c.assignment.in_(IDS))
BY_WHOM = sa.select(mark, person.c.name).outerjoin(person, person.c.id == mark.c.by)
DECIDED = BY_WHOM.where(mark.c.assignment.in_(IDS)).order_by(mark.c.id)
DECIDED_OF_ONE = DECIDED.where(mark.c.member == ONE)
OF_ALL = (WHO.where(member.c.role == "student"), MADE, DECIDED)
OF_ONE = (WHO.where(member.c.id == ONE), MADE.where(attempt.c.member == ONE), DECIDED_OF_ONE)


def scores(
    connection: sa.Connection,
    course_id: int,
    *,
    member_id: int | None = None,
    assignment_id: int | None = None,
    edition: tuple[str, int] | None = None,
) -> dict[Key, Score]:
    """The scores of all students of a course at all questions, or of one member, or assignment.

    Parameters
    ----------
    edition : a label, and the edition to judge it by instead of the one in use
    """
    rows = assignments.everything(connection, course_id)
    if assignment_id is not None:
        rows = [row for row in rows if row.id == assignment_id]
    label, number = edition or ("", 0)
    which = {"ids": [row.id for row in rows], "label": label, "edition": number}
    given = {"course": course_id, "member": member_id, **which}
    who, made, decided = OF_ALL if member_id is None else OF_ONE

    handed_in = defaultdict(list)
    for each in connection.execute(made, given):
        handed_in[each.member, each.assignment, each.label].append(each)
    marks = deciding(connection.execute(decided, given))
    everybody = connection.execute(who, given).all()
    found = {}
    for row in rows:
        asked = assignments.asked_in(connection, row.id)
        extended = assignments.extensions(connection, row.id)
        late = Late(**row.late)
        for someone in everybody:
            dates = assignments.dates_for(row, extended, someone.id, someone.group)
            for each in asked:
                key = (someone.id, row.id, each.label)
                found[key] = score_of(
                    handed_in[key], each.points, row.counts, dates, late, marks.get(key)
                )
    return found


def score_of(
    attempts: Sequence[Any], of: float, counts: str, dates: Dates, late: Late, override: Any = None
) -> Score:
    """The score at one question.

    Parameters
    ----------
    attempts : in the order of their arrival. Unread ones are ignored
    of : points of the question
    counts : the ``best`` attempt or the ``last``
    override : the last decision about it
    """

    def points(each: Any) -> float:
        days = dates.days_late(each.arrived_at)
        return of * late.share(days) if each.state == "right" else 0.0

    attempts = [each for each in attempts if each.state != "unread"]
    tries = [each for each in attempts if each.state not in NO_TRY]
    waiting = [each for each in tries if each.state == WAITING]
    right = [each for each in tries if each.state == "right"]
    if counts == "best" and right:
        counted = max(right, key=points)  # the first of equals
    elif counts == "best" and waiting:
        counted = waiting[-1]
    else:
        counted = (tries or attempts or [None])[-1]
    score = Score(0.0, of)
    if counted is not None:
        score = Score(
            points=points(counted),
            of=of,
            state=counted.state,
            tries=len(tries),
            late_days=dates.days_late(counted.arrived_at),
            attempt=counted.id,
            mistake=counted.mistake,
            is_regraded=counted.question != counted.in_use,
            is_final=not waiting,
            is_done=counted.state == "right" or len(tries) >= (dates.tries or inf),
        )
    if override is None or override.points is None:
        return score
    return replace(score, points=override.points, override=override, is_done=True)


def deciding(rows: Iterable[Row]) -> dict[Key, Row]:
    """The last decisions, without comments, which repeat the points of the decision before."""
    found: dict[Key, Row] = {}
    for each in rows:
        key = (each.member, each.assignment, each.label)
        if key not in found or found[key].points != each.points:
            found[key] = each
    return found


def override(
    connection: sa.Connection,
    by: Member,
    who: int,
    assignment_id: int,
    label: str,
    points: float | None,
    why: str,
    *,
    is_comment: bool = False,
) -> None:
    """Override the computed points of a person at a question; None removes the override. A comment
    changes no points.
    """
    student = people.one_member(connection, by.course.id, who).member
    found = scores(connection, by.course.id, member_id=student, assignment_id=assignment_id)
    if (before := found.get((student, assignment_id, label))) is None:
        raise assignments.no_question()
    if is_comment:
        points = before.override.points if before.override else None
    elif points is not None and not 0 <= points <= before.of:
        refusal = message("This question has from 0 to %(most)s points. Received %(received)s.")
        raise Refused(422, refusal, most=f"{before.of:g}", received=f"{points:g}")
    why = clean(why, is_needed=False)
    if not why and (points is not None or is_comment):
        raise Refused(422, message("Say why: the student reads it."))
    place = {"member": student, "assignment": assignment_id, "label": label}
    people.add(connection, mark, **place, points=points, why=why, by=by.person, at=now())
    done = "commented" if is_comment else "mark changed"
    note(connection, by.course.id, done, by=by.person, on=who, detail=label)


def totals(found: dict[Key, Score]) -> dict[tuple[int, int], Total]:
    """The sums over the questions of each assignment, by member and assignment."""
    groups: dict[tuple[int, int], list[Score]] = defaultdict(list)
    for (who, where, _), score in found.items():
        groups[who, where].append(score)
    return {key: Total(tuple(group)) for key, group in groups.items()}


@dataclass(frozen=True)
class Standing:
    """A question of an assignment, and a member's progress with it. ``left``: tries that remain;
    None: unlimited.
    """

    put: Put
    variant: Variant
    score: Score
    left: int | None
    last: Row | None
    decisions: Sequence[Row]

    @property
    def shown(self) -> str:
        """The state of the question, as style sheets name it."""
        state = self.last.state if self.last else "none"
        return {"right": "right", "wrong": "wrong", "error": "wrong"}.get(state, "open")


@dataclass(frozen=True)
class Sheet:
    """An assignment as a member sees it."""

    given: Given
    standings: tuple[Standing, ...]

    @property
    def is_done(self) -> bool:
        return all(each.score.is_done for each in self.standings)

    def standing(self, label: str) -> Standing:
        put = self.given.put(label)
        return next(each for each in self.standings if each.put is put)


def sheet(connection: sa.Connection, me: Member, name: str, at: datetime, label: str = "") -> Sheet:
    """An assignment as somebody sees it, with all questions or only one."""
    return sheet_of(connection, me, assignments.given(connection, me, name, at), label)


def sheet_of(connection: sa.Connection, me: Member, given: Given, label: str = "") -> Sheet:
    """Like :func:`sheet`, for an assignment that has been found."""
    made = attempts.of_member(connection, me.id, given.id)
    decided = connection.execute(DECIDED_OF_ONE, {"ids": [given.id], "member": me.id}).all()
    marks = deciding(decided)
    most = given.dates.tries

    def standing(put: Put) -> Standing:
        here = [each for each in made if each.label == put.label]
        override = marks.get((me.id, given.id, put.label))
        score = score_of(here, put.points, given.counts, given.dates, given.late, override)
        return Standing(
            put,
            assignments.asked(connection, put.question, put.variant).variants[0],
            score,
            None if most is None else max(0, most - score.tries),
            here[-1] if here else None,
            [each for each in decided if each.label == put.label],
        )

    return Sheet(given, tuple(standing(put) for put in given.questions if label in ("", put.label)))


def due(connection: sa.Connection, me: Member) -> list[tuple[Given, Total]]:
    """The assignments that have opened to a student, with the points so far."""
    if me.may("assistant"):
        return []
    sums = totals(scores(connection, me.course.id, member_id=me.id))
    found = assignments.open_ones(connection, me, now())
    return [(each, sums[me.id, each.id]) for each in found if each.questions]
