"""The people in a platform's course: Names and Role Provisioning Services 2.0."""

import asyncio
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from latentbook.book.translations.language import message
from latentbook.http.logs import log
from latentbook_classroom.course import people
from latentbook_classroom.course import platform_tables as tables
from latentbook_classroom.course.people import Row
from latentbook_classroom.course.platform_tables import LONGEST_ID, platform
from latentbook_classroom.course.refused import Refused
from latentbook_classroom.course.roster import HERE, NEW, REFUSED, Line
from latentbook_classroom.course.words import clean
from latentbook_classroom.lti import platforms
from latentbook_classroom.lti.claims import full_name, role_of, said
from latentbook_classroom.lti.platforms import named
from latentbook_classroom.lti.tokens import MAX_PAGE_BYTES, Tokens
from latentbook_classroom.lti.web import Unreachable

SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
ACCEPT = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
FAILED = message("The platform did not send its list of people: %(why)s")
WHOLE_S = 60
"""For all pages: an instructor waits for them."""


@dataclass(frozen=True)
class Listed:
    """A member of a platform's course; ``why``: the reason if they cannot join here."""

    subject: str
    name: str
    number: str
    role: str
    why: Refused | None = None


async def fetch(tokens: Tokens, of: Row, url: str) -> list[Listed]:
    """Fetch the members of a course, page by page. Only the log gets the reason for a failure: it
    would show an instructor which machines answer in the server's network.

    Raises
    ------
    Refused
        If the platform does not list them
    """
    found: list[Listed] = []
    try:
        async with asyncio.timeout(WHOLE_S):
            async for answer in tokens.pages(of, SCOPE, url, ACCEPT):
                if answer.status != 200:
                    raise Unreachable(f"It answered with status {answer.status}.")
                members = answer.json["members"]
                found += map(listed, members)
                if len(found) > people.MAX_MEMBERS:
                    most = f"It lists more than {people.MAX_MEMBERS} people."
                    raise Refused(502, FAILED, why=most)
        return found
    except TimeoutError:
        why = f"It took longer than {WHOLE_S} seconds."
    except (Unreachable, KeyError, TypeError, AttributeError) as error:
        log.warning("A list of people was not sent", platform=of.id, reason=repr(error))
        why = "The log of the book’s server says why."
    raise Refused(502, FAILED, why=why)


def listed(given: dict[str, Any]) -> Listed:
    subject = said(given, "user_id", MAX_PAGE_BYTES)
    # Roles here may have neither vocabulary nor context: all are roles in this course.
    role = role_of([str(role) for role in given.get("roles", [])])
    why = ""
    if given.get("status", "Active") != "Active":
        why = message("The platform’s course no longer has this person.")
    elif not subject:
        why = message("The platform sends no id of this person.")
    elif len(subject) > LONGEST_ID or not subject.isprintable():
        why = message("An id has at most %(limit)s characters, all of which can be seen.")
    elif not role:
        why = message("Who only looks on has no place in the course.")
    refused = Refused(422, why, limit=LONGEST_ID) if why else None
    name, number = full_name(given, MAX_PAGE_BYTES), said(given, "lis_person_sourcedid")
    return Listed(subject, name, number, role, refused)


def place(connection: sa.Connection, number: int) -> tuple[Row, Row]:
    """A platform's course in the present term, and its platform."""
    here = connection.execute(sa.select(tables.context).filter_by(id=number)).one_or_none()
    if here is None or not here.members_url or here.course != people.present(connection).id:
        raise Refused(404, message("The platform lists nobody for this course."))
    of = sa.select(platform).join(tables.deployment)
    return here, connection.execute(of.where(tables.deployment.c.id == here.deployment)).one()


def apply(
    connection: sa.Connection, here: Row, of: Row, found: list[Listed], by: int
) -> list[Line]:
    """Add new people; update names and roles. No one is removed. Return a line per person."""
    lines, seen = [], set()
    before = {each.id for each in people.everyone(connection, here.course)}
    for i, each in enumerate(found):
        does, why = REFUSED, each.why
        if why is None and each.subject in seen:
            why = Refused(422, message("This person is in the list already."))
        elif why is None:
            seen.add(each.subject)
            who = platforms.known(connection, of.issuer, each.subject)
            does = HERE if who in before else NEW
            platforms.let_in(connection, here, of.issuer, each.subject, each, who)
            try:
                clean(each.name)
            except Refused as unfit:
                why = unfit
        lines.append(Line(i + 1, each.name, each.number, named(here.title), does, why=why))
    detail = f"{len(seen)} of {len(found)} listed"
    people.note(connection, here.course, "roster applied", by=by, detail=detail)
    return lines
