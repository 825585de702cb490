"""The people of a course: joining, signing in, listing, changing and erasing.

Each function works on a connection, in its caller's transaction.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from latentbook.book.translations.language import message
from latentbook_classroom.course.platform_tables import identity, platform
from latentbook_classroom.course.refused import Refused
from latentbook_classroom.course.tables import (
    ROLES,
    assignment,
    attempt,
    audit,
    course,
    event,
    invite,
    mark,
    member,
    metadata,
    now,
    person,
    result,
    session,
)

TOKEN_BYTES = 24
LONGEST_TOKEN = 64
SESSION_DAYS = 180
LINK_DAYS = 14
"""How long a personal link works."""
DEVICE_MINUTES = 15
"""Lifetime of a link that people make for another of their devices."""
SEEN = timedelta(hours=1)
MAX_MEMBERS = 5_000
MAX_OWN_LINKS = 50  # per person and day, for their own devices
LONGEST_DETAIL = 200  # of a line of the log
MAX_INVITES = 200
"""Valid at the same time, not counting personal links."""

Row = sa.Row[Any]


@dataclass(frozen=True)
class Member:
    """A signed-in member of the present course."""

    id: int
    course: Row
    person: int
    name: str
    role: str
    group: str
    session: int
    since: datetime
    was_seen_lately: bool

    @property
    def key(self) -> str:
        """Identifies the person, even across databases."""
        return f"{self.person}-{self.since.timestamp():.0f}"

    def may(self, role: str) -> bool:
        return ROLES.index(self.role) >= ROLES.index(role)


def hash_of(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


PRESENT = sa.select(course).order_by(course.c.id.desc()).limit(1)


def present(connection: sa.Connection) -> Row:
    return connection.execute(PRESENT).one()


def has_course(connection: sa.Connection) -> bool:
    return connection.execute(sa.select(course.c.id)).first() is not None


def note(
    connection: sa.Connection,
    in_course: int,
    action: str,
    *,
    by: int | None,
    on: int | None = None,
    detail: str = "",
) -> None:
    """Add a line to the audit log. No name may be in ``detail``; ``action`` is a message."""
    values = {"course": in_course, "at": now(), "actor": by, "subject": on}
    detail = detail[:LONGEST_DETAIL]
    connection.execute(sa.insert(audit).values(**values, action=action, detail=detail))


# Courses


def new_course(connection: sa.Connection, name: str, term: str, *, by: int | None = None) -> int:
    """Create a course; ``by``, if given, becomes its first instructor."""
    values = {"name": name, "term": term, "secret": secrets.token_hex()}
    added = add(connection, course, **values, created_at=now())
    note(connection, added, "course created", by=by)
    if by is not None:
        _add_member(connection, added, by, "instructor", "")
    return added


def course_fields(connection: sa.Connection) -> dict[str, str]:
    """Field values of the course's form."""
    row = present(connection)
    return {"name": row.name, "term": row.term}


def rename_course(connection: sa.Connection, by: Member, name: str, term: str) -> None:
    connection.execute(sa.update(course).filter_by(id=by.course.id).values(name=name, term=term))
    detail = f"{by.course.name} {by.course.term} → {name} {term}"
    note(connection, by.course.id, "course renamed", by=by.person, detail=detail)


def only_in_past(connection: sa.Connection) -> list[int]:
    """People who are only in past terms."""
    here = sa.select(member.c.person).where(member.c.course == present(connection).id)
    gone = sa.select(person.c.id).where(person.c.id.not_in(here))
    return list(connection.execute(gone).scalars())


def erase_past(connection: sa.Connection, by: Member) -> int:
    gone = only_in_past(connection)
    connection.execute(sa.delete(person).where(person.c.id.in_(gone)))
    note(connection, by.course.id, "past terms erased", by=by.person, detail=str(len(gone)))
    return len(gone)


# Links


def new_link(
    connection: sa.Connection,
    in_course: int,
    role: str,
    group: str,
    *,
    by: int | None,
    lasts: timedelta,
    max_uses: int | None,
    of: int | None = None,
    platform: int | None = None,
    made_by: int | None = None,
) -> str:
    """Create a link by which people join or, with ``of``, one person signs in. Return its token.

    Parameters
    ----------
    platform, made_by : of the session in which a person makes a link for another device
    """
    if of is None and len(usable_invites(connection, in_course)) >= MAX_INVITES:
        raise Refused(409, message("There are too many invitations: revoke some first."))
    token = secrets.token_urlsafe(TOKEN_BYTES)
    who = {
        "course": in_course,
        "person": of,
        "created_by": made_by or by,
        "role": role,
        "group": group,
    }
    who["platform"] = platform
    when = {"created_at": now(), "expires_at": now() + lasts, "uses": 0, "max_uses": max_uses}
    add(connection, invite, token_hash=hash_of(token), **who, **when)
    if of:
        note(connection, in_course, "link created", by=by, on=of)
    else:
        note(connection, in_course, "invitation created", by=by)
    return token


def sign_in_link(
    connection: sa.Connection, by: Member, of: int, *, lasts: timedelta = timedelta(LINK_DAYS)
) -> str:
    """Create a link by which a person signs in once; return its token. It replaces earlier ones.
    A link that people make for themselves works while the platform that let them in is trusted.
    """
    found = one_member(connection, by.course.id, of)
    today = invite.c.created_at > now() - timedelta(1)
    made = sa.select(sa.func.count()).where(invite.c.person == of, today)
    if of == by.person and connection.execute(made).scalar_one() >= MAX_OWN_LINKS:
        raise Refused(429, message("You have made too many links today: try again tomorrow."))
    _revoke(connection, invite.c.person == of)
    begun: dict[str, Any] = {}
    if of == by.person:
        mine = sa.select(session.c.platform, session.c.made_by).filter_by(id=by.session)
        begun = dict(connection.execute(mine).one()._mapping)
    given = (connection, by.course.id, found.role, found.group)
    return new_link(*given, by=by.person, lasts=lasts, max_uses=1, of=of, **begun)


def usable_invites(connection: sa.Connection, in_course: int) -> list[Row]:
    """Invitations that still work, apart from personal links."""
    wanted = sa.select(invite).where(
        invite.c.course == in_course, invite.c.person.is_(None), *_usable()
    )
    return list(connection.execute(wanted.order_by(invite.c.id.desc())))


def _usable() -> tuple[sa.ColumnElement[bool], ...]:
    return (
        invite.c.revoked_at.is_(None),
        invite.c.expires_at > now(),
        sa.or_(invite.c.max_uses.is_(None), invite.c.uses < invite.c.max_uses),
    )


def revoke_invite(connection: sa.Connection, by: Member, number: int) -> None:
    if _revoke(connection, (invite.c.id == number) & (invite.c.course == by.course.id)):
        note(connection, by.course.id, "invitation revoked", by=by.person)


def _revoke(connection: sa.Connection, chosen: sa.ColumnElement[bool]) -> int:
    change = sa.update(invite).where(chosen, invite.c.revoked_at.is_(None))
    return connection.execute(change.values(revoked_at=now())).rowcount


def _revoke_above(connection: sa.Connection, made_by: int, role: str) -> None:
    """Close all ways back for somebody who lost a role: the links they made to a higher role, and
    the links, sessions and connected accounts that they made for other people.
    """
    above = invite.c.role.in_(ROLES[ROLES.index(role) + 1 :]) | invite.c.person.is_not(None)
    _revoke(connection, (invite.c.created_by == made_by) & above)
    for table in (session, identity):
        others = (table.c.made_by == made_by) & (table.c.person != made_by)
        connection.execute(sa.delete(table).where(others))


def invitation(connection: sa.Connection, token: str) -> Row:
    """The invitation of a valid link; ``name``: whom it signs in. Reading does not use it up."""
    invited, inviter = person.alias(), person.alias()
    row = connection.execute(
        sa.select(invite, invited.c.name.label("name"), inviter.c.name.label("inviter"))
        .outerjoin(invited, invited.c.id == invite.c.person)
        .outerjoin(inviter, inviter.c.id == invite.c.created_by)
        .where(invite.c.token_hash == hash_of(token[: LONGEST_TOKEN + 1]), *_usable())
    ).one_or_none()
    if row is None or row.course != present(connection).id:
        why = message(
            "This link does not work any more, or is not complete. "
            "Ask your instructor for a new one."
        )
        raise Refused(410, why)
    return row


def join(
    connection: sa.Connection, token: str, name: str, known: int | None, new_token: str = ""
) -> str:
    """Use a link; return the token of a new session.

    Parameters
    ----------
    name : of a new person
    known : a person who is signed in here already, but not in this course
    new_token : of the session, if already chosen
    """
    found = invitation(connection, token)
    use = sa.update(invite).where(invite.c.id == found.id, *_usable())
    if connection.execute(use.values(uses=invite.c.uses + 1)).rowcount != 1:
        return join(connection, token, name, known, new_token)  # used up meanwhile: raises
    who = found.person or known or new_person(connection, name)
    if not found.person and _place(connection, found.course, who) is None:
        _add_member(connection, found.course, who, found.role, found.group)
        note(connection, found.course, "joined", by=who, detail=found.role)
    elif found.person:
        note(connection, found.course, "signed in by a link", by=who)
    made_by = found.created_by if found.person else None
    return new_session(connection, who, new_token, platform=found.platform, made_by=made_by)


# Sessions


def new_session(
    connection: sa.Connection,
    of: int,
    token: str = "",
    *,
    lasts: timedelta = timedelta(SESSION_DAYS),
    platform: int | None = None,
    made_by: int | None = None,
) -> str:
    """Create a session; return its token. If a platform identifies the person, the session ends
    with it. Delete only this person's expired sessions: the clock may be wrong.
    """
    old = (session.c.person == of) & (session.c.expires_at < now())
    connection.execute(sa.delete(session).where(old))
    token = token or secrets.token_urlsafe(TOKEN_BYTES)
    when = {"created_at": now(), "seen_at": now(), "expires_at": now() + lasts}
    add(
        connection,
        session,
        person=of,
        platform=platform,
        made_by=made_by,
        token_hash=hash_of(token),
        **when,
    )
    return token


SESSION_OF = (
    sa.select(session, person.c.name, person.c.created_at.label("since"))
    .join(person, person.c.id == session.c.person)
    .where(session.c.token_hash == sa.bindparam("hash"))
    .where(session.c.expires_at > sa.bindparam("at"))
)


def session_of(connection: sa.Connection, token: str) -> Row | None:
    """The session of a cookie, if it has not expired."""
    if not 0 < len(token) <= LONGEST_TOKEN:
        return None
    given = {"hash": hash_of(token), "at": now()}
    return connection.execute(SESSION_OF, given).one_or_none()


def signed_in(connection: sa.Connection, token: str) -> Member | None:
    """The member of the present course whom a cookie signs in."""
    if (found := session_of(connection, token)) is None:
        return None
    at = present(connection)
    if (place := _place(connection, at.id, found.person)) is None:
        return None
    who = (found.person, found.name, place.role, place.group, found.id, found.since)
    return Member(place.id, at, *who, was_seen_lately=found.seen_at >= now() - SEEN)


def see(connection: sa.Connection, me: Member) -> None:
    """Record that a session is in use."""
    connection.execute(sa.update(session).where(session.c.id == me.session).values(seen_at=now()))


def sessions(connection: sa.Connection, of: int) -> list[Row]:
    """A person's sessions; ``platform_name``: the platform that let them in."""
    wanted = (
        sa.select(session, platform.c.name.label("platform_name"))
        .outerjoin(platform, platform.c.id == session.c.platform)
        .where(session.c.person == of, session.c.expires_at > now())
    )
    return list(connection.execute(wanted.order_by(session.c.seen_at.desc())))


def end_session(connection: sa.Connection, number: int) -> None:
    connection.execute(sa.delete(session).where(session.c.id == number))


def end_sessions(connection: sa.Connection, by: Member, of: int, number: int | None = None) -> None:
    """Sign a person out of one browser or all, and revoke their sign-in links."""
    one_member(connection, by.course.id, of)
    ended = sa.delete(session).where(session.c.person == of)
    if number is not None:
        ended = ended.where(session.c.id == number)
    if connection.execute(ended).rowcount:
        _revoke(connection, invite.c.person == of)
        note(connection, by.course.id, "signed out", by=by.person, on=of)


# People


def everyone(connection: sa.Connection, in_course: int) -> list[Row]:
    """The members of a course, by role, group and name; ``sessions`` counts their browsers."""
    count = (
        sa.select(sa.func.count())
        .where(session.c.person == person.c.id, session.c.expires_at > now())
        .scalar_subquery()
    )
    order = sa.case({role: i for i, role in enumerate(reversed(ROLES))}, value=member.c.role)
    wanted = _members(in_course, count.label("sessions"))
    wanted = wanted.order_by(order, member.c.group, person.c.name, person.c.id)
    return list(connection.execute(wanted))


def _members(in_course: int, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    wanted = sa.select(person, member.c.id.label("member"), member.c.role, member.c.group, *columns)
    return wanted.join(member, member.c.person == person.c.id).where(member.c.course == in_course)


def one_member(connection: sa.Connection, in_course: int, who: int) -> Row:
    wanted = _members(in_course).where(person.c.id == who)
    found = connection.execute(wanted).one_or_none()
    if found is None:
        raise Refused(404, message("There is nobody with this number in the course."))
    return found


PLACE = sa.select(member).filter_by(course=sa.bindparam("course"), person=sa.bindparam("person"))


def _place(connection: sa.Connection, in_course: int, who: int) -> Row | None:
    """The row of a person in a course."""
    return connection.execute(PLACE, {"course": in_course, "person": who}).one_or_none()


def change_member(
    connection: sa.Connection, by: Member, who: int, name: str, number: str, role: str, group: str
) -> None:
    before = one_member(connection, by.course.id, who)
    if role != before.role:
        _keep_an_instructor(connection, by, before)
        _revoke_above(connection, who, role)
    connection.execute(sa.update(person).where(person.c.id == who).values(name=name, number=number))
    change_place(connection, before.member, role=role, group=group)
    for each, text in fields(connection, by.course.id, who).items():
        if text != getattr(before, each):  # values other than the role may be names
            detail = f"{before.role} → {role}" if each == "role" else each
            note(connection, by.course.id, "changed", by=by.person, on=who, detail=detail)


def fields(connection: sa.Connection, in_course: int, who: int) -> dict[str, str]:
    """Field values of a member's form."""
    row = one_member(connection, in_course, who)
    return {each: getattr(row, each) for each in ("name", "number", "role", "group")}


def erase(connection: sa.Connection, by: Member, who: int) -> None:
    """Erase a person and all their data. Lines of the audit log remain, without a name."""
    _keep_an_instructor(connection, by, one_member(connection, by.course.id, who))
    _revoke_above(connection, who, "student")
    note(connection, by.course.id, "person erased", by=by.person, on=who)
    connection.execute(sa.delete(person).where(person.c.id == who))


def is_instructor(connection: sa.Connection, who: int) -> bool:
    """Whether a person is an instructor in the present course."""
    place = _place(connection, present(connection).id, who)
    return place is not None and place.role == "instructor"


def _keep_an_instructor(connection: sa.Connection, by: Member, leaving: Row) -> None:
    if not _may_leave(connection, by.course.id, leaving.id, leaving.role):
        raise Refused(409, message("A course needs an instructor: make somebody else one first."))


def _may_leave(connection: sa.Connection, in_course: int, who: int, role: str) -> bool:
    """False only for the last instructor."""
    others = sa.select(member.c.id).filter_by(course=in_course, role="instructor")
    others = others.where(member.c.person != who)
    return role != "instructor" or connection.execute(others).first() is not None


def doors(connection: sa.Connection) -> list[Row]:
    """The university's own sign-in services."""
    wanted = sa.select(platform.c.id, platform.c.name).where(platform.c.kind == "oidc")
    return list(connection.execute(wanted.order_by(platform.c.name)))


def everything_of(connection: sa.Connection, by: Member) -> dict[str, Any]:
    """All stored data about a person, except hashes."""
    t = metadata.tables

    def listed(names: str, of: sa.FromClause, whose: Any, *order: Any) -> list[dict[str, Any]]:
        """``names`` : columns as TABLE.COLUMN or, renamed, TABLE.COLUMN=NAME"""
        places = [each.partition("=") for each in names.split()]
        split = [(*place.split("."), name) for place, _, name in places]
        columns = [t[table].c[column].label(name or column) for table, column, name in split]
        wanted = sa.select(*columns).select_from(of).where(whose).order_by(*order)
        return [dict(row._mapping) for row in connection.execute(wanted)]

    who, mine, extended = by.person, member.c.person == by.person, t["extension"].c
    for_group = (extended.group != "") & (extended.group == member.c.group)
    about_me = (audit.c.actor == who) | (audit.c.subject == who)
    known = identity.c.person == who
    judged = attempt.join(member).join(assignment)
    judged = judged.outerjoin(result, result.c.attempt == attempt.c.id)
    extensions = t["extension"].join(assignment)
    extensions = extensions.join(member, member.c.course == assignment.c.course)
    there = t["context_person"].join(t["context"]).join(t["deployment"]).join(platform)
    bodies = sa.select(event.c.body).where(event.c.person == who).order_by(event.c.number)
    return {
        **listed("person.name person.number person.created_at", person, person.c.id == who)[0],
        "courses": listed(
            "course.name course.term member.role member.group member.joined_at",
            *(member.join(course), mine, course.c.id),
        ),
        "sessions": listed(
            "session.created_at session.seen_at session.expires_at platform.name=platform",
            *(session.outerjoin(platform), session.c.person == who, session.c.id),
        ),
        "audit": listed("audit.at audit.action audit.detail", audit, about_me, audit.c.id),
        "attempts": listed(
            "attempt.id assignment.name=assignment attempt.label attempt.variant attempt.answer "
            "attempt.made_at attempt.arrived_at result.state result.said result.told "
            "result.at=judged_at",
            *(judged, mine, attempt.c.arrived_at, result.c.id),
        ),
        "marks": listed(
            "assignment.name=assignment mark.label mark.points mark.why mark.at",
            *(mark.join(assignment).join(member, member.c.id == mark.c.member), mine, mark.c.id),
        ),
        "extensions": listed(
            "assignment.name=assignment extension.group extension.opens_at extension.due_at "
            "extension.closes_at extension.tries",
            *(extensions, mine & ((extended.member == member.c.id) | for_group), extended.id),
        ),
        "platform_courses": listed(
            "platform.name=platform context.title",
            *(there, t["context_person"].c.person == who, t["context"].c.id),
        ),
        "passed_back": listed(
            "resource_link.assignment passback.points passback.most passback.is_complete "
            "passback.stamp passback.error",
            *(t["passback"].join(t["resource_link"]), t["passback"].c.person == who),
        ),
        "identities": listed("identity.issuer identity.subject", identity, known),
        "events": list(connection.execute(bodies).scalars()),
    }


def audit_lines(
    connection: sa.Connection, in_course: int, before: int | None, count: int
) -> list[Row]:
    """Lines of the audit log, the newest first."""
    actor, subject = person.alias(), person.alias()
    wanted = (
        sa.select(audit, actor.c.name.label("actor_name"), subject.c.name.label("subject_name"))
        .outerjoin(actor, actor.c.id == audit.c.actor)
        .outerjoin(subject, subject.c.id == audit.c.subject)
        .where(audit.c.course == in_course)
        .order_by(audit.c.id.desc())
        .limit(count)
    )
    if before is not None:
        wanted = wanted.where(audit.c.id < before)
    return list(connection.execute(wanted))


def put(connection: sa.Connection, in_course: int, who: int, role: str, group: str) -> None:
    """Add a person to a course in the role that a platform states, or change theirs to it. Without
    a role, they keep theirs or become a student. The last instructor remains one.
    """
    found = _place(connection, in_course, who)
    if found is None:
        role = role or "student"
        _add_member(connection, in_course, who, role, group)
        note(connection, in_course, "joined", by=who, detail=role)
    elif role and found.role != role and _may_leave(connection, in_course, who, found.role):
        change_place(connection, found.id, role=role)
        _revoke_above(connection, who, role)
        note(connection, in_course, "changed", by=None, on=who, detail=f"{found.role} → {role}")


def new_person(connection: sa.Connection, name: str, number: str = "") -> int:
    return add(connection, person, name=name, number=number, created_at=now())


def add_person(
    connection: sa.Connection, in_course: int, name: str, number: str, group: str
) -> int:
    """Add a student from a roster."""
    added = new_person(connection, name, number)
    _add_member(connection, in_course, added, "student", group)
    return added


def change_place(connection: sa.Connection, number: int, **values: str) -> None:
    """Change a member's role or group."""
    connection.execute(sa.update(member).where(member.c.id == number).values(**values))


def _add_member(connection: sa.Connection, in_course: int, who: int, role: str, group: str) -> None:
    count = sa.select(sa.func.count()).where(member.c.course == in_course)
    if connection.execute(count).scalar_one() >= MAX_MEMBERS:
        why = message("The course is full: it has %(count)s people, which is the limit.")
        raise Refused(409, why, count=MAX_MEMBERS)
    place = {"course": in_course, "person": who, "role": role, "group": group}
    add(connection, member, **place, joined_at=now())


def add(connection: sa.Connection, table: sa.Table, **values: Any) -> int:
    made = connection.execute(sa.insert(table).values(**values)).inserted_primary_key
    assert made is not None
    return int(made[0])
