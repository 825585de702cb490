"""Platforms that are trusted to identify people, and the people they identified."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from latentbook.book.translations.language import message
from latentbook_classroom.course import people
from latentbook_classroom.course import platform_tables as tables
from latentbook_classroom.course.people import Row, hash_of
from latentbook_classroom.course.platform_tables import identity, platform
from latentbook_classroom.course.refused import Refused
from latentbook_classroom.course.tables import member, now, person
from latentbook_classroom.course.words import clean
from latentbook_classroom.lti.claims import Launch
from latentbook_classroom.lti.web import is_safe

KINDS = ("lti", "oidc")
ADDRESSES = ("auth_url", "token_url", "keys_url")
MOST = 50
SESSION = timedelta(1)
"""How long a launch signs in: the platform is one click away."""


def add(connection: sa.Connection, given: dict[str, str], *, by: int | None = None) -> int:
    """Trust a platform.

    Parameters
    ----------
    given : the columns of ``platform`` and, for LTI, ``deployments``, separated by spaces
    """
    texts = {name: given.get(name, "").strip() for name in COLUMNS}
    if (kind := given.get("kind", "lti")) not in KINDS:
        raise Refused(422, message("Accepted: %(accepted)s."), accepted=", ".join(KINDS))
    for name, text in texts.items():
        longest = getattr(platform.c[name].type, "length", 0)
        check(text, name, longest, is_needed=name in ("name", "issuer", "client_id"))
    texts["name"] = clean(texts["name"])
    for name in ADDRESSES:
        origin_of(texts[name], name)
    texts["address"] = origin_of(texts["address"] or texts["auth_url"], "address")
    if len(everyone(connection)) >= MOST:
        raise Refused(409, message("There are too many platforms: remove some first."))
    if find(connection, texts["issuer"], texts["client_id"]):
        raise Refused(409, message("This platform is registered already."))
    other = {"kind": kind, "is_open": bool(given.get("is_open")), "created_at": now()}
    added = people.add(connection, platform, **texts, **other, added_by=by)
    for name in given.get("deployments", "").split():
        add_deployment(connection, added, name)
    people.note(connection, people.present(connection).id, "platform added", by=by)
    return added


COLUMNS = ("name", "issuer", "client_id", "client_secret", *ADDRESSES, "audience", "address")


def check(text: str, name: str, longest: int, *, is_needed: bool = True) -> None:
    """Refuse text that cannot be stored. It may be a secret: the message does not quote it."""
    if not is_needed <= len(text) <= longest or not text.isprintable():
        why = message(
            "%(name)s must have from %(least)s to %(most)s characters, all of which can be seen. "
            "Received %(count)s."
        )
        values = {"least": int(is_needed), "most": longest, "count": len(text)}
        raise Refused(422, why, name=name, **values)


def origin_of(address: str, name: str = "") -> str:
    """The origin of an address, as headers accept it. ``name``: the field that a refusal names."""
    if not is_safe(address):
        why = message(
            "%(name)s must be an address that begins with https:// and has a host in ASCII. "
            "Received: %(received)s"
        )
        raise Refused(422, why, name=name, received=address[:200])
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def add_deployment(connection: sa.Connection, of: int, name: str) -> None:
    check(name, "deployment", tables.LONGEST_ID)
    if name not in deployments(connection, of):
        connection.execute(sa.insert(tables.deployment).values(platform=of, name=name))


def remove(connection: sa.Connection, number: int, *, by: int | None) -> None:
    """Stop trusting a platform, and end the sessions in which it identified people. The people,
    their identities and their work remain.
    """
    one(connection, number)
    connection.execute(sa.delete(platform).where(platform.c.id == number))
    people.note(connection, people.present(connection).id, "platform removed", by=by)


def everyone(connection: sa.Connection) -> list[Row]:
    """All platforms; ``by``: who added it; ``role``: this person's in the present course."""
    at = people.present(connection).id
    wanted = (
        sa.select(platform, person.c.name.label("by"), member.c.role)
        .outerjoin(person, person.c.id == platform.c.added_by)
        .outerjoin(member, (member.c.person == person.c.id) & (member.c.course == at))
    )
    return list(connection.execute(wanted.order_by(platform.c.id)))


def one(connection: sa.Connection, number: int) -> Row:
    found = connection.execute(sa.select(platform).where(platform.c.id == number)).one_or_none()
    if found is None:
        raise Refused(404, message("There is no such platform."))
    return found


def find(connection: sa.Connection, issuer: str, client_id: str) -> Row | None:
    """The platform of an issuer; without a client id, if it has only one."""
    wanted = sa.select(platform).where(platform.c.issuer == issuer)
    if client_id:
        wanted = wanted.where(platform.c.client_id == client_id)
    found = connection.execute(wanted.limit(2)).all()
    return found[0] if len(found) == 1 else None


def deployments(connection: sa.Connection, of: int) -> list[str]:
    table = tables.deployment
    return list(connection.execute(sa.select(table.c.name).where(table.c.platform == of)).scalars())


def framers(connection: sa.Connection) -> str:
    """The origins that may show the book in a frame, as the header lists them.

    Pages of one platform can be nested: all their origins must be listed.
    """
    lti = sa.select(platform.c.address, platform.c.auth_url).where(platform.c.kind == "lti")
    found = {origin_of(each) for row in connection.execute(lti) for each in row if is_safe(each)}
    return " ".join(sorted(found))


# People from platforms


def enter(connection: sa.Connection, of: Row, launch: Launch, assignment: str) -> str:
    """Let a launched person in; return the token of a session.

    Parameters
    ----------
    assignment : name of the one that the link opens, or empty
    """
    here = context_of(connection, of, launch)
    who = known(connection, of.issuer, launch.subject)
    who = let_in(connection, here, of.issuer, launch.subject, launch, who)
    if launch.link:
        keep_link(connection, here.id, launch, assignment)
    return people.new_session(connection, who, lasts=SESSION, platform=of.id)


def let_in(
    connection: sa.Connection, here: Row, issuer: str, subject: str, said: Any, who: int | None
) -> int:
    """Add somebody to the course and the context, with the name that was sent and, if the context
    is trusted, the role.
    """
    sent = {"name": named(said.name), "number": named(said.number)}
    if who is None:
        who = people.new_person(connection, sent["name"] or stand_in(subject))
        connection.execute(sa.insert(identity).values(person=who, issuer=issuer, subject=subject))
    if change := {column: text for column, text in sent.items() if text}:
        connection.execute(sa.update(person).where(person.c.id == who).values(**change))
    # Anyone with their own course at the platform is an instructor there, and chooses its title.
    role, group = (said.role, named(here.title)) if here.is_trusted else ("", "")
    people.put(connection, here.course, who, role, group)
    mine = {"context": here.id, "person": who}
    found = sa.select(tables.context_person).filter_by(**mine)
    if connection.execute(found).first() is None:
        connection.execute(sa.insert(tables.context_person).values(**mine))
    return who


def named(text: str) -> str:
    """A name as it is stored, or empty if it cannot be."""
    try:
        return clean(text, is_needed=False)
    except Refused:
        return ""


def stand_in(subject: str) -> str:
    """A name for somebody whose name is not sent."""
    return f"Student {hash_of(subject).hex()[:6]}"


def known(connection: sa.Connection, issuer: str, subject: str) -> int | None:
    wanted = sa.select(identity.c.person).filter_by(issuer=issuer, subject=subject)
    return connection.execute(wanted).scalar_one_or_none()


def find_context(connection: sa.Connection, of: int, launch: Launch) -> Row | None:
    table, at = tables.context, tables.deployment
    wanted = sa.select(table).join(at).where(at.c.platform == of, at.c.name == launch.deployment)
    return connection.execute(wanted.where(table.c.name == launch.context)).one_or_none()


def context_of(connection: sa.Connection, of: Row, launch: Launch) -> Row:
    """The platform's course, in the present course: the first launch adds it."""
    table = tables.context
    at = people.present(connection).id
    found = find_context(connection, of.id, launch)
    change: sa.Insert | sa.Update
    if found is None:
        wanted = sa.select(tables.deployment.c.id).filter_by(platform=of.id, name=launch.deployment)
        place = {"deployment": connection.execute(wanted).scalar_one(), "name": launch.context}
        change = sa.insert(table).values(**place, course=at)
    elif found.course != at:
        why = message(
            "This course belongs to a past term here. Its instructor can take it along on the page "
            "“Platforms”."
        )
        raise Refused(403, why)
    else:
        change = sa.update(table).where(table.c.id == found.id)
    change = change.values(title=launch.title, members_url=launch.members_url)
    return connection.execute(change.returning(table)).one()


def keep_link(connection: sa.Connection, of: int, launch: Launch, assignment: str) -> None:
    table = tables.resource_link
    where = {"context": of, "name": launch.link}
    sent = {"line_item": launch.line_item, "scopes": launch.scopes}
    if assignment:  # Open edX opens all choices for a component by one link
        sent["assignment"] = assignment
    if connection.execute(sa.update(table).filter_by(**where).values(**sent)).rowcount == 0:
        connection.execute(sa.insert(table).values(**where, **{"assignment": "", **sent}))


def contexts(connection: sa.Connection) -> list[Row]:
    """The courses of platforms, the newest first. ``people``: how many came from each. ``first``:
    who came first, because courses can have any title.
    """
    table = tables.context
    count = (
        sa.select(sa.func.count())
        .where(tables.context_person.c.context == table.c.id)
        .scalar_subquery()
    )
    came = tables.context_person
    first = (
        sa.select(person.c.name)
        .join(came, came.c.person == person.c.id)
        .where(came.c.context == table.c.id)
        .order_by(came.c.id)
        .limit(1)
        .scalar_subquery()
    )
    counted = (count.label("people"), first.label("first"))
    wanted = (
        sa.select(table, platform.c.name.label("platform"), *counted)
        .select_from(table.join(tables.deployment).join(platform))
        .order_by(table.c.id.desc())
    )
    return list(connection.execute(wanted))


def take_along(connection: sa.Connection, number: int, *, by: int | None = None) -> None:
    """Move a platform's course to the present term, and trust the roles that it sends."""
    at = people.present(connection).id
    table = tables.context
    chosen = sa.update(table).where(table.c.id == number)
    if connection.execute(chosen.values(course=at, is_trusted=True)).rowcount == 0:
        raise Refused(404, message("There is no such course of a platform."))
    title = connection.execute(sa.select(table.c.title).where(table.c.id == number)).scalar_one()
    came = sa.select(tables.context_person.c.person).filter_by(context=number)
    ungrouped = (member.c.course == at) & (member.c.group == "") & member.c.person.in_(came)
    connection.execute(sa.update(member).where(ungrouped).values(group=named(title)))
    people.note(connection, at, "platform's course accepted", by=by)


def accept_no_more(connection: sa.Connection, number: int, by: people.Member) -> None:
    """Stop trusting a platform's course. Everybody who came from it is a student again."""
    table, came = tables.context, tables.context_person
    here = (table.c.id == number) & (table.c.course == by.course.id) & table.c.is_trusted
    if connection.execute(sa.update(table).where(here).values(is_trusted=False)).rowcount == 0:
        raise Refused(404, message("There is no such course of a platform."))
    for who in connection.execute(sa.select(came.c.person).filter_by(context=number)).scalars():
        if who != by.person:
            people.put(connection, by.course.id, who, "student", "")
    people.note(connection, by.course.id, "platform's course not accepted", by=by.person)
