"""``/classroom/`` and ``/join/TOKEN``: the front page, joining by a link, signing out."""

from mimetypes import guess_type
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Path
from starlette.responses import RedirectResponse, Response

from latentbook.book.translations.language import message
from latentbook.http.caching import YEAR
from latentbook.http.site_files import made
from latentbook_classroom.course import people
from latentbook_classroom.course.desk import (
    NOT_KEPT,
    Desk,
    PageRoute,
    StudentDesk,
    TheDesk,
    TheForm,
    not_signed_in,
)
from latentbook_classroom.course.refused import Refused
from latentbook_classroom.course.scores import due
from latentbook_classroom.course.words import clean

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Token = Annotated[str, Path(max_length=200)]


@router.get("/classroom")
async def to_classroom() -> Response:
    """Redirect to the address with a slash, without which relative links would fail."""
    return RedirectResponse("classroom/", headers=NOT_KEPT)


@router.get("/classroom/")
async def get_front(desk: TheDesk) -> Response:
    given = await desk.read(due, desk.me) if desk.member else ()
    course, doors = await desk.read(people.present), await desk.read(people.doors)
    before = await desk.read(earlier, desk)
    return await desk.page("front", course=course, given=given, doors=doors, before=before)


def earlier(connection: sa.Connection, desk: Desk) -> people.Row | None:
    """The session of somebody who is signed in here, but not in this course."""
    return None if desk.member else people.session_of(connection, desk.cookie())


@router.get("/classroom/due")
async def get_due(desk: StudentDesk) -> Response:
    """A piece of the book's front page for those who are signed in."""
    return await desk.page("due", given=await desk.read(due, desk.me))


@router.get("/classroom/assets/{name}")
async def get_asset(desk: TheDesk, name: Annotated[str, Path(max_length=100)]) -> Response:
    """A script or style sheet, named by its content."""
    files = desk.room.files
    if name not in files:
        raise Refused(404, message("There is no such file."))
    media_type = guess_type(name)[0] or "application/octet-stream"
    headers = {"Cache-Control": f"public, max-age={YEAR}, immutable"}
    return Response(files[name], headers=headers, media_type=media_type)


@router.get("/classroom/sync.js")
async def get_sync(desk: TheDesk) -> Response:
    """The script that each page of the book loads: nothing, unless somebody is signed in."""
    script = await made(desk.room.sync_script, desk.member.key) if desk.member else ""
    return Response(script, headers=NOT_KEPT, media_type="text/javascript; charset=utf-8")


@router.get("/join/{token}")
async def get_invitation(desk: TheDesk, token: Token) -> Response:
    """Show the purpose of a link. Mail scanners open links, so viewing does not use it up."""
    found = await desk.read(people.invitation, token)
    course, before = await desk.read(people.present), await desk.read(earlier, desk)
    return await desk.page("join", found=found, course=course, before=before)


@router.post("/join/{token}")
async def join(desk: TheDesk, form: TheForm, token: Token) -> Response:
    # A form that is sent twice creates one person: the session's token is derived from it.
    once = form.text("form")
    session = people.hash_of(f"{token} {once}").hex() if once else ""

    if not await desk.read(people.session_of, session):
        await desk.read(people.invitation, token)  # refuse strangers before their turn to write

    def joined(connection: sa.Connection) -> str:
        if people.session_of(connection, session):
            return session
        before = people.session_of(connection, desk.cookie())
        found = people.invitation(connection, token)
        is_known = before and found.person is None and form.text("as") == str(before.person)
        known = before.person if before and is_known else None
        name = "" if found.person or known else clean(form.text("name"))
        if before:
            people.end_session(connection, before.id)
        return people.join(connection, token, name, known, session)

    signed_in = await desk.run(joined)
    response = desk.to("classroom/")
    desk.keep(response, signed_in)
    return response


@router.post("/classroom/sign-out")
async def sign_out(desk: TheDesk) -> Response:
    """End this browser's session, even one from a past term."""
    if (mine := await desk.read(people.session_of, desk.cookie())) is None:
        raise not_signed_in()
    await desk.run(people.end_session, mine.id)
    response = desk.to("classroom/")
    desk.sign_out(response)
    return response
