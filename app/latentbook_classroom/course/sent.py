"""Which marks have arrived in the gradebooks of platforms, and why others have not."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from latentbook.book.translations.language import message
from latentbook_classroom.course.platform_tables import context, passback, resource_link
from latentbook_classroom.course.refused import Refused
from latentbook_classroom.course.tables import assignment, job, member, person

CHANGED, WAIT, UNREACHABLE, NO_ACCESS = "changed", "wait", "unreachable", "no access"
WHY = {
    CHANGED: message(
        "The platform has another mark. It stays until you send all again, or until the platform "
        "releases it."
    ),
    WAIT: message("The platform asks to wait."),
    UNREACHABLE: message("The platform cannot be reached."),
    NO_ACCESS: message("The platform gives no access: compare the client ID, addresses and keys."),
}
REFUSED = message("The platform refused the mark: status %(code)s. %(words)s")


@dataclass(frozen=True)
class State:
    """Whether a mark has arrived; ``why`` the last one has not, and when it is sent again.
    ``name``, ``title``: of the person and the assignment.
    """

    sent: bool
    why: Refused | None
    next_at: datetime | None
    name: str
    title: str


def states(connection: sa.Connection, course_id: int) -> dict[tuple[int, int], State]:
    """States by member and assignment, for marks that were sent or should have been."""
    wanted = (
        sa.select(passback, member.c.id.label("member"), assignment.c.id.label("assignment"))
        .add_columns(assignment.c.title, person.c.name)
        .join(resource_link, resource_link.c.id == passback.c.resource_link)
        .join(context, context.c.id == resource_link.c.context)
        .join(
            assignment,
            (assignment.c.course == context.c.course)
            & (assignment.c.name == resource_link.c.assignment),
        )
        .join(
            member, (member.c.course == context.c.course) & (member.c.person == passback.c.person)
        )
        .join(person, person.c.id == passback.c.person)
        .where(context.c.course == course_id)
        .where(
            sa.func.coalesce(passback.c.points, passback.c.tried).is_not(None)
            | (passback.c.error != "")
        )
    )
    found: dict[tuple[int, int], State] = {}
    for row in connection.execute(wanted):
        key = (row.member, row.assignment)
        if key not in found or row.error:  # of several links, show one that failed
            is_sent, said = row.points is not None, why(row.error)
            found[key] = State(is_sent, said, row.next_at, row.name, row.title)
    return found


def unfinished(connection: sa.Connection) -> tuple[int, int]:
    """Count answers that wait to be judged, and marks that did not arrive."""
    marks = sa.select(sa.func.count()).where(passback.c.error != "")
    found = sa.select(sa.func.count(job.c.id), marks.scalar_subquery())
    return tuple(connection.execute(found).one())


def why(error: str) -> Refused | None:
    if not error:
        return None
    if error in WHY:
        return Refused(502, WHY[error])
    code, _, words = error.partition(": ")
    return Refused(502, REFUSED, code=code, words=words)
