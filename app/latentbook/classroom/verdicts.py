"""Attempts with the verdict that counts, for everything that reads marks."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from latentbook.classroom.tables import assignment_question, attempt, result

NO_TRY = ("unread", "unjudged")
"""States of attempts that are neither right nor wrong."""
WAITING = "waiting"


def attempts_with(
    *columns: sa.ColumnElement[Any],
    by: sa.ColumnElement[int] = assignment_question.c.question,
) -> sa.Select[Any]:
    """Attempts in the order of their arrival, each with its last result by an edition: the one in
    use, if no other is given. Without one its ``state`` is ``waiting``.
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
            attempt.c.id,
            attempt.c.member,
            attempt.c.assignment,
            attempt.c.label,
            attempt.c.question,
            attempt.c.variant,
            attempt.c.made_at,
            attempt.c.arrived_at,
            assignment_question.c.question.label("in_use"),
            sa.func.coalesce(result.c.state, WAITING).label("state"),
            sa.func.coalesce(result.c.mistake, "").label("mistake"),
            *columns,
        )
        .join(assignment_question, in_use)
        .outerjoin(result, result.c.id == last)
        .order_by(attempt.c.arrived_at, attempt.c.id)
    )
