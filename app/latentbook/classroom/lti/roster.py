"""Who is in a platform's course: Names and Role Provisioning Services 2.0."""

import asyncio
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from latentbook.book.translations.language import message
from latentbook.classroom import people
from latentbook.classroom import platform_tables as tables
from latentbook.classroom.lti import platforms
from latentbook.classroom.lti.claims import full_name, role_of, said
from latentbook.classroom.lti.tokens import Tokens
from latentbook.classroom.lti.web import Unreachable
from latentbook.classroom.people import Row
from latentbook.classroom.platform_tables import LONGEST_ID, platform
from latentbook.classroom.refused import Refused
from latentbook.http.logs import log

SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
ACCEPT = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
FAILED = message("The platform did not send its list of people: %(why)s")
WHOLE_S = 60
"""For all pages: an instructor waits for them."""


@dataclass(frozen=True)
class Listed:
    """A member of a platform's course."""

    subject: str
    name: str
    number: str
    role: str


async def fetch(tokens: Tokens, of: Row, url: str) -> list[Listed]:
    """The active members of a course, page by page. Why there are none is for the log alone: it
    would tell an instructor what answers in the server's network.

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
                found += [each for each in map(listed, members) if each is not None]
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


def listed(given: dict[str, Any]) -> Listed | None:
    subject = given.get("user_id")
    if given.get("status", "Active") != "Active" or not isinstance(subject, str):
        return None
    if not 0 < len(subject) <= LONGEST_ID or not subject.isprintable():
        log.warning(
            "Somebody on a platform's list was left out", reason=f"{len(subject)} characters"
        )
        return None
    # Roles here may have neither vocabulary nor context: all are roles in this course.
    if not (role := role_of([str(role) for role in given.get("roles", [])])):
        return None
    return Listed(subject, full_name(given), said(given, "lis_person_sourcedid"), role)


def place(connection: sa.Connection, number: int) -> tuple[Row, Row]:
    """A platform's course in the present term, and its platform."""
    here = connection.execute(sa.select(tables.context).filter_by(id=number)).one_or_none()
    if here is None or not here.members_url or here.course != people.present(connection).id:
        raise Refused(404, message("The platform lists nobody for this course."))
    of = sa.select(platform).join(tables.deployment)
    return here, connection.execute(of.where(tables.deployment.c.id == here.deployment)).one()


def apply(connection: sa.Connection, here: Row, of: Row, found: list[Listed], by: int) -> None:
    """Add who is new; say names and roles anew. Nobody is removed."""
    for each in found:
        who = platforms.known(connection, of.issuer, each.subject)
        platforms.let_in(connection, here, of.issuer, each.subject, each, who)
    people.note(connection, here.course, "roster applied", by=by, detail=f"{len(found)} listed")
