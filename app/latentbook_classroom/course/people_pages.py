"""``/classroom/people``, ``me``, ``settings`` and ``audit``: the members, one's own data, the
course, and its log.
"""

import json
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from latentbook.book.translations.language import message
from latentbook_classroom.course import assignments, people, roster
from latentbook_classroom.course.desk import (
    CSV,
    AssistantDesk,
    Desk,
    InstructorDesk,
    Number,
    PageRoute,
    StudentDesk,
    TheForm,
)
from latentbook_classroom.course.refused import Refused
from latentbook_classroom.course.tables import ROLES
from latentbook_classroom.course.words import clean, csv_of
from latentbook_classroom.lecture.frame import qr

router = APIRouter(prefix="/classroom", route_class=PageRoute, include_in_schema=False)

MAX_DAYS = 365
LINES = 100
"""Of the audit log, per page."""
HEAD = ("name", "id", "group", "link")


async def show(desk: Desk, *, link: str = "") -> Response:
    """Show all members; ``link`` is an invitation that was just made."""
    course = desk.me.course.id
    return await desk.page(
        "people",
        everyone=await desk.read(people.everyone, course),
        invites=await desk.read(people.usable_invites, course),
        roles=ROLES,
        link=link,
    )


@router.get("/people")
@router.get("/people/")
async def get_people(desk: AssistantDesk) -> Response:
    return await show(desk)


@router.post("/people/invite")
async def invite(desk: InstructorDesk, form: TheForm) -> Response:
    """Make an invitation. Its link is shown once: the database stores only its hash."""
    uses = form.number("uses", 0, people.MAX_MEMBERS)
    token = await desk.run(
        people.new_link,
        desk.me.course.id,
        form.choice("role", ROLES),
        clean(form.text("group"), is_needed=False),
        by=desk.me.person,
        lasts=timedelta(form.number("days", 1, MAX_DAYS)),
        max_uses=uses or None,
    )
    return await show(desk, link=desk.join + token)


@router.post("/people/invite/{number}/revoke")
async def revoke(desk: InstructorDesk, number: Number) -> Response:
    await desk.run(people.revoke_invite, desk.me, number)
    return desk.to("classroom/people")


@router.post("/people/roster")
async def preview_roster(desk: InstructorDesk, form: TheForm) -> Response:
    """Show the changes that a list would make. A file takes precedence over pasted text."""
    text = form.text("file") if form.text("file").strip() else form.text("text")
    lines = await desk.read(roster.preview, desk.me.course.id, text)
    return await desk.page("roster", lines=lines, now=roster.shown(lines), text=text)


@router.post("/people/roster/apply")
async def apply_roster(desk: InstructorDesk, form: TheForm) -> Response:
    text = form.text("text")

    def shown(connection: sa.Connection) -> dict[str, str]:
        return roster.shown(roster.preview(connection, desk.me.course.id, text))

    is_saved = await desk.save(form, shown, partial(roster.apply, text=text))
    return desk.to("classroom/people") if is_saved else await preview_roster(desk, form)


@router.post("/people/links")
async def make_links(desk: InstructorDesk) -> Response:
    """Create sign-in links for all students who are not signed in anywhere, as CSV."""
    rows = await desk.run(roster.links, desk.me, desk.join)
    return desk.file(csv_of([HEAD, *rows]), "links.csv", CSV)


async def show_one(desk: Desk, number: int, *, link: str = "") -> Response:
    one = await desk.read(people.one_member, desk.me.course.id, number)
    sessions = await desk.read(people.sessions, number)
    now = await desk.read(people.fields, desk.me.course.id, number)
    return await desk.page("person", one=one, now=now, sessions=sessions, roles=ROLES, link=link)


@router.get("/people/{number}")
async def get_person(desk: InstructorDesk, number: Number) -> Response:
    return await show_one(desk, number)


@router.post("/people/{number}")
async def change_person(desk: InstructorDesk, form: TheForm, number: Number) -> Response:
    work = partial(
        people.change_member,
        who=number,
        name=clean(form.text("name")),
        number=clean(form.text("number"), is_needed=False),
        role=form.choice("role", ROLES),
        group=clean(form.text("group"), is_needed=False),
    )
    shown = partial(people.fields, in_course=desk.me.course.id, who=number)
    is_saved = await desk.save(form, shown, work)
    return desk.to("classroom/people") if is_saved else await show_one(desk, number)


@router.post("/people/{number}/link")
async def make_link(desk: InstructorDesk, form: TheForm, number: Number) -> Response:
    """Create a link to sign in again. With ``everywhere``, end the person's sessions."""
    if form.text("everywhere"):
        await desk.run(people.end_sessions, desk.me, number)
    token = await desk.run(people.sign_in_link, desk.me, number)
    return await show_one(desk, number, link=desk.join + token)


@router.post("/people/{number}/sessions/{session}/end")
async def end_session(desk: InstructorDesk, number: Number, session: Number) -> Response:
    await desk.run(people.end_sessions, desk.me, number, session)
    return desk.to(f"classroom/people/{number}")


@router.post("/people/{number}/erase")
async def erase_person(desk: InstructorDesk, form: TheForm, number: Number) -> Response:
    form.choice("sure", ("yes",))
    await desk.run(people.erase, desk.me, number)
    await desk.room.database.forget()
    return desk.to("classroom/people")


# One's own data


async def show_me(desk: Desk, *, link: str = "") -> Response:
    own = await desk.read(people.one_member, desk.me.course.id, desk.me.person)
    sessions = await desk.read(people.sessions, desk.me.person)
    code = Markup(qr(link).decode()) if link else ""
    return await desk.page(
        "me",
        own=own,
        sessions=sessions,
        link=link,
        code=code,
        minutes=people.DEVICE_MINUTES,
        doors=await desk.read(people.doors),
    )


@router.get("/me")
async def get_me(desk: StudentDesk) -> Response:
    return await show_me(desk)


@router.post("/me/link")
async def make_own_link(desk: StudentDesk) -> Response:
    """Create a sign-in link for another device of the same person."""
    lasts = timedelta(minutes=people.DEVICE_MINUTES)
    token = await desk.run(people.sign_in_link, desk.me, desk.me.person, lasts=lasts)
    return await show_me(desk, link=desk.join + token)


@router.get("/me/export.json")
async def export(desk: StudentDesk) -> Response:
    """Export all data about a person. It may be 20 MB, so each gets only one file at a time."""
    who, exporting = desk.me.person, desk.room.exporting
    if who in exporting:
        why = message("Your data is being saved already. Try again in a few seconds.")
        raise Refused(429, why, retry_s=5)
    exporting.add(who)
    try:
        stored = await desk.read(people.everything_of, desk.me)
        body = await run_in_threadpool(written, stored)
    finally:
        exporting.remove(who)
    return desk.file(body, "my-data.json", "application/json")


def written(stored: dict[str, Any]) -> str:
    stored["events"] = [json.loads(body) for body in stored["events"]]
    return json.dumps(stored, indent=1, default=datetime.isoformat)


@router.post("/me/sessions/{number}/end")
async def end_own_session(desk: StudentDesk, number: Number) -> Response:
    await desk.run(people.end_sessions, desk.me, desk.me.person, number)
    return desk.to("classroom/me")


@router.post("/me/erase")
async def erase_me(desk: StudentDesk, form: TheForm) -> Response:
    form.choice("sure", ("yes",))
    await desk.run(people.erase, desk.me, desk.me.person)
    await desk.room.database.forget()
    response = desk.to("classroom/")
    desk.sign_out(response)
    return response


# The course


@router.get("/settings")
async def get_settings(desk: InstructorDesk) -> Response:
    now, past = await desk.read(people.course_fields), await desk.read(people.only_in_past)
    return await desk.page("settings", now=now, past=len(past))


@router.post("/settings")
async def change_settings(desk: InstructorDesk, form: TheForm) -> Response:
    name, term = clean(form.text("name")), clean(form.text("term"), is_needed=False)
    work = partial(people.rename_course, name=name, term=term)
    is_saved = await desk.save(form, people.course_fields, work)
    return desk.to("classroom/settings") if is_saved else await get_settings(desk)


@router.post("/settings/copy")
async def begin_next_term(desk: InstructorDesk, form: TheForm) -> Response:
    """Begin the next term: the same settings, and no people except this instructor."""
    await desk.run(assignments.next_term, clean(form.text("term")), desk.me)
    return desk.to("classroom/settings")


@router.post("/settings/erase-past")
async def erase_past(desk: InstructorDesk, form: TheForm) -> Response:
    form.choice("sure", ("yes",))
    await desk.run(people.erase_past, desk.me)
    await desk.room.database.forget()
    return desk.to("classroom/settings")


@router.get("/audit")
async def get_audit(
    desk: InstructorDesk, before: Annotated[int | None, Query(ge=1, lt=2**31)] = None
) -> Response:
    lines = await desk.read(people.audit_lines, desk.me.course.id, before, LINES + 1)
    more = lines[LINES - 1].id if len(lines) > LINES else None
    return await desk.page("audit", lines=lines[:LINES], more=more)
