"""Shared by all classroom pages: the signed-in member, the database, the templates."""

import re
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

import sqlalchemy as sa
from fastapi import BackgroundTasks, Depends, Path, Request
from fastapi.exceptions import RequestValidationError
from jinja2.utils import htmlsafe_json_dumps
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from latentbook.book.translations.language import message
from latentbook.http.problems import Problem, Unavailable, from_validation
from latentbook.http.site_files import made
from latentbook_classroom.course import people, sent
from latentbook_classroom.course.database import Database
from latentbook_classroom.course.people import SESSION_DAYS, Member
from latentbook_classroom.course.refused import Refused
from latentbook_classroom.course.roster import decoded
from latentbook_classroom.lecture.auth import SmallRoute, from_own_page, keep_cookie

T = TypeVar("T")
Shown = Callable[[sa.Connection], dict[str, str]]
SESSION_S = SESSION_DAYS * 24 * 3600
NOT_KEPT = {"Cache-Control": "no-store"}
CSV = "text/csv; charset=utf-8"
MAX_BYTES = 5 * 2**18  # an answer may have 100,000 characters, each of up to 12 bytes in a form
STRANGERS_BYTES = 5 * 2**14  # a platform's message of up to 64 KB, and some other fields
MAX_FIELDS = 50
LONGEST_HOST = 260
"""Characters, port included. A longer link would not fit in a QR code."""
BOUNDARY = re.compile(r'boundary="?([^\s";,]{1,70})')
PART = re.compile(rb'^content-disposition: *form-data;.*?\bname="([^"]*)"', re.I | re.M)
STORABLE = "^[^\0]*$"
"""Text in an address that every database can search for."""
Name = Annotated[str, Path(max_length=200, pattern=STORABLE)]
Number = Annotated[int, Path(ge=1, lt=2**31)]
WRITES = ("POST", "PUT", "PATCH", "DELETE")


@dataclass
class Classroom:
    """The course of this server.

    Attributes
    ----------
    render : renders a page
    render_assignment : renders an assignment's page from the one in the book
    sync_script : returns the script that starts ``static/classroom/sync.js`` for a person's key
    files : the scripts and styles of the pages, by name
    judge, tell : judges an answer at once; announces new ones in the queue
    start, close : begin and end judging the queue
    exporting : people whose data is being written to a file now
    """

    database: Database
    render: Callable[..., str]
    render_assignment: Callable[..., str]
    sync_script: Callable[[str], str]
    files: dict[str, bytes]
    base_path: str
    judge: Callable[..., Any]
    tell: Callable[[], None]
    start: Callable[[], None]
    close: Callable[[], None]
    exporting: set[int] = field(default_factory=set)
    unfinished = staticmethod(sent.unfinished)


@dataclass
class Desk:
    """A request and its signed-in member. ``stale``: values that others have changed since a form
    was shown. ``typed``: the fields as sent, with which the form is shown again.
    """

    request: Request
    room: Classroom
    member: Member | None
    stale: dict[str, str] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)

    @property
    def me(self) -> Member:
        if self.member is None:
            raise Refused(401, message("You are not signed in to the course."))
        return self.member

    @property
    def root(self) -> str:
        """The root of the book, relative to this page."""
        path = self.request.url.path.removeprefix(self.request.scope.get("root_path", ""))
        return "../" * (path.count("/") - 1)

    @property
    def address(self) -> str:
        """The book's absolute address."""
        url = self.request.url
        return f"{url.scheme}://{url.netloc}{self.room.base_path}"

    @property
    def join(self) -> str:
        """An invitation link up to its token."""
        if len(self.request.url.netloc) > LONGEST_HOST:
            raise Problem(400, f"A host has at most {LONGEST_HOST} characters.")
        return f"{self.address}join/"

    async def run(self, work: Callable[..., T], *given: Any, **named: Any) -> T:
        return await self.room.database.run(work, *given, **named)

    async def read(self, work: Callable[..., T], *given: Any, **named: Any) -> T:
        return await self.room.database.read(work, *given, **named)

    async def save(self, form: "Form", shown: Shown, work: Callable[..., None]) -> bool:
        """Save a form, unless others have changed its values since it was shown."""

        def overwrite(connection: sa.Connection) -> None:
            if carried := form.text("shown"):  # JSON; programs send none
                for name, text in shown(connection).items():
                    if htmlsafe_json_dumps({name: text})[1:-1] not in carried:
                        self.stale[name] = text
            if not self.stale:
                work(connection, self.me)

        await self.run(overwrite)
        self.typed = form
        return not self.stale

    async def page(self, template: str, status: int = 200, **given: Any) -> Response:
        """``now`` : stored values that a form shows and overwrites"""
        given |= {"form": given.get("now", {}) | self.typed, "stale": self.stale}
        html = await made(self.room.render, template, root=self.root, me=self.member, **given)
        return HTMLResponse(html, 409 if self.stale else status, NOT_KEPT)

    def file(self, body: str, name: str, kind: str) -> Response:
        """A response that the browser saves as a file."""
        headers = {**NOT_KEPT, "Content-Disposition": f'attachment; filename="{name}"'}
        return Response(body, headers=headers, media_type=kind)

    def to(self, place: str) -> Response:
        """Redirect to a page of the book after a change."""
        return RedirectResponse(f"{self.root}{place}", 303, NOT_KEPT)

    def keep(
        self, response: Response, value: str, seconds: int = SESSION_S, of: str = "person"
    ) -> None:
        """Set a cookie, by default the session's."""
        name = cookie_name(self.request, of)
        keep_cookie(self.request, response, name, value, seconds, "/", "lax")

    def cookie(self, of: str = "person") -> str:
        return self.request.cookies.get(cookie_name(self.request, of), "")

    def keep_in_frame(
        self, response: Response, value: str, seconds: int, of: str = "person"
    ) -> None:
        """Set a cookie that also works in a frame of another site, partitioned by that site.

        Starlette can set such a cookie only from Python 3.14.
        """
        name = cookie_name(self.request, of)
        attributes = "Path=/; Secure; HttpOnly; SameSite=None; Partitioned"
        response.headers.append("Set-Cookie", f"{name}={value}; Max-Age={seconds}; {attributes}")

    def sign_out(self, response: Response) -> None:
        secure = self.request.url.scheme == "https"
        name = cookie_name(self.request)
        response.delete_cookie(name, "/", secure=secure, httponly=True, samesite="lax")


def not_signed_in() -> Refused:
    return Refused(401, message("You are not signed in to the course."))


class Form(dict[str, str]):
    """The fields of a form."""

    def text(self, name: str) -> str:
        return self.get(name, "")

    def choice(self, name: str, accepted: tuple[str, ...]) -> str:
        if (chosen := self.text(name)) not in accepted:
            why = message("Accepted: %(accepted)s.")
            raise Refused(422, why, accepted=", ".join(accepted))
        return chosen

    def number(self, name: str, least: int, most: int) -> int:
        given = self.text(name).strip()
        number = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else -1
        if not least <= number <= most:
            why = message("A whole number from %(least)s to %(most)s is accepted.")
            raise Refused(422, why, least=least, most=most)
        return number


async def read_form(request: Request, most_bytes: int = STRANGERS_BYTES) -> Form:
    """The fields of a form, those of files by their text."""
    kind = request.headers.get("content-type", "")
    media_type = kind.partition(";")[0].strip().lower()
    body = await request.body()
    if len(body) > most_bytes:
        raise Problem(413, f"At most {most_bytes} bytes are accepted. Received {len(body)}.")
    if media_type == "application/x-www-form-urlencoded" or not body:
        return await run_in_threadpool(pairs_of, body)
    if media_type == "multipart/form-data":
        return await run_in_threadpool(parts_of, kind, body)
    raise Refused(415, message("Only forms are accepted here."))


async def typed_in(request: Request) -> Form:
    """The fields of a refused form; empty if it cannot be read."""
    try:
        return await read_form(request, MAX_BYTES)
    except Problem:
        return Form()


def pairs_of(query: bytes) -> Form:
    try:
        pairs = parse_qsl(query.decode("ascii"), True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError as error:  # UnicodeDecodeError is one
        raise unreadable() from error
    fields = Form()
    for name, value in pairs:  # several boxes or lists may share a name
        fields[name] = f"{fields[name]},{value}" if name in fields else value
    return fields


def parts_of(kind: str, body: bytes) -> Form:
    """Parse a multipart form as browsers write it. A mail parser would also read nested parts, and
    takes minutes for a hostile header.
    """
    if (boundary := BOUNDARY.search(kind)) is None:
        raise unreadable()
    _, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary[1].encode("latin-1"), MAX_FIELDS + 1)
    if len(parts) > MAX_FIELDS:
        raise unreadable()
    fields = Form()
    for part in parts:
        head, _, content = part.partition(b"\r\n\r\n")
        if name := PART.search(head):
            fields[name[1].decode("latin-1")] = decoded(content)
    return fields


def unreadable() -> Refused:
    return Refused(422, message("This form cannot be read."))


def cookie_name(request: Request, of: str = "person") -> str:
    prefix = "__Host-" if request.url.scheme == "https" else ""
    return f"{prefix}latentbook-{of}"


def room_of(request: Request) -> Classroom:
    room: Classroom = request.app.state.classroom
    return room


async def get_desk(request: Request, afterwards: BackgroundTasks) -> Desk:
    if request.method in WRITES:
        await from_own_page(request)
    room = room_of(request)
    token = request.cookies.get(cookie_name(request), "")
    member = await room.database.read(people.signed_in, token) if token else None
    if member and not member.was_seen_lately:
        afterwards.add_task(see, room, member)
    return Desk(request, room, member)


async def see(room: Classroom, member: Member) -> None:
    """Record that a session is in use. Failures are ignored: readers need no writable database."""
    with suppress(Unavailable):
        await room.database.run(people.see, member)


TheDesk = Annotated[Desk, Depends(get_desk)]


async def get_form(desk: TheDesk) -> Form:
    return await read_form(desk.request, MAX_BYTES if desk.member else STRANGERS_BYTES)


def at_least(role: str) -> Callable[[Desk], Coroutine[Any, Any, Desk]]:
    async def check(desk: TheDesk) -> Desk:
        if not desk.me.may(role):
            raise Refused(403, message("Your role in the course does not allow this."))
        return desk

    return check


StudentDesk = Annotated[Desk, Depends(at_least("student"))]
AssistantDesk = Annotated[Desk, Depends(at_least("assistant"))]
InstructorDesk = Annotated[Desk, Depends(at_least("instructor"))]
TheForm = Annotated[Form, Depends(get_form)]
"""Declare it after the desk, which refuses strangers before their form is read."""


class PageRoute(SmallRoute):
    """A route of a page: refusals are pages too, and bodies are small."""

    most_bytes = MAX_BYTES

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answer_or_refuse(request: Request) -> Response:
            try:
                return await answer(request)
            except RequestValidationError as error:
                why: Problem = from_validation(error)
            except Problem as error:
                why = error
            desk = Desk(request, room_of(request), None)
            typed = await typed_in(request) if why.status_code in (409, 422, 429) else Form()
            response = await desk.page("refused", why.status_code, why=why, typed=typed)
            response.headers.update(why.headers or {})
            return response

        return answer_or_refuse
