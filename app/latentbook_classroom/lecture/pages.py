"""The pages of class mode: ``/class/``, ``/class/CODE``, ``/show/CODE``, ``/j/``, ``/j/CODE``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from mimetypes import guess_type
from typing import Annotated, Any, cast

from fastapi import APIRouter, Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from latentbook.base.hashing import content_hash
from latentbook.book.translations.language import Language
from latentbook.http.caching import YEAR
from latentbook.http.problems import Problem
from latentbook.http.site_files import made
from latentbook.settings import Settings
from latentbook_classroom.lecture.auth import TheSessions, is_lecturer
from latentbook_classroom.lecture.blocks import ClassData
from latentbook_classroom.lecture.bundle import form_templates, read_bundle
from latentbook_classroom.lecture.frame import Frame
from latentbook_classroom.lecture.phones import NOT_KEPT
from latentbook_classroom.lecture.sessions import CODE_LENGTH, LETTERS, Sessions

router = APIRouter(include_in_schema=False)

ROOT = "../"
"""The book's root, from any of these pages."""

Code = Annotated[str, Path(max_length=20)]


@dataclass
class Pages:
    """Renders the pages of class mode from the build's data and their own bundle."""

    settings: Settings
    data: ClassData
    names: Mapping[str, str] = field(init=False)
    files: dict[str, bytes] = field(init=False)
    _phone: tuple[tuple[int, int], str] = ((0, 0), "")

    def __post_init__(self) -> None:
        self.names, self.files = read_bundle(self.settings)

    def phone(self) -> str:
        """The page of every phone, rendered once per edition of the book."""
        stamp = self.data.stamp
        if self._phone[0] != stamp:
            html = self.render("phone", code="", letters=LETTERS, length=CODE_LENGTH)
            self._phone = (stamp, html)
        return self._phone[1]

    def render(self, template: str, **given: Any) -> str:
        frame = Frame(self.data.frame(), ROOT)
        return frame.render(
            f"lecture/{template}.html",
            kind=template,
            sheet=f"{ROOT}class/assets/{self.names['lecture.css']}",
            words_script=self.words(frame.interface),
            forms=form_templates(),
            script=f"{ROOT}class/assets/{self.names[f'{template}.js']}",
            **given,
        )

    def words(self, interface: Language) -> str:
        """The path of the scripts' messages; empty in English."""
        if not (said := interface.words_script(served=True)):
            return ""
        name = f"words-{content_hash(said)}.js"
        self.files[name] = said
        return f"{ROOT}class/assets/{name}"


def pages_of(request: Request) -> Pages:
    return cast(Pages, request.app.state.class_pages)


async def answer(make: Callable[..., str], *given: Any, **named: Any) -> Response:
    """Render a page that no cache stores."""
    return HTMLResponse(await made(make, *given, **named), headers=NOT_KEPT)


def outline(sessions: Sessions) -> list[tuple[str, list[Any]]]:
    blocks = sessions.data.blocks().values()
    return [(section, list(each)) for section, each in groupby(blocks, lambda b: b.section)]


@router.get("/class", include_in_schema=False)
async def to_class() -> Response:
    """Redirect to the address with a slash, without which relative links would fail."""
    return RedirectResponse("class/", headers=NOT_KEPT)


@router.get("/class/")
async def get_start(request: Request, sessions: TheSessions) -> Response:
    """Show the lecturer the running classes, and others how to get there."""
    codes = list(sessions.lectures) if is_lecturer(request) else None
    return await answer(pages_of(request).render, "lecturer", code="", codes=codes, sections=[])


@router.get("/class/assets/{name}")
async def get_asset(request: Request, name: Annotated[str, Path(max_length=100)]) -> Response:
    """A script or style sheet, named by its content."""
    pages = pages_of(request)
    if name not in pages.files:
        raise Problem(404, "There is no such file.")
    media_type = guess_type(name)[0] or "application/octet-stream"
    headers = {"Cache-Control": f"public, max-age={YEAR}, immutable"}
    return Response(pages.files[name], headers=headers, media_type=media_type)


@router.get("/class/{code}")
async def get_lecturer(request: Request, sessions: TheSessions, code: Code) -> Response:
    """The lecturer's page of one class."""
    if not is_lecturer(request) or code not in sessions.lectures:
        return await get_start(request, sessions)
    sections = await run_in_threadpool(outline, sessions)
    given = {"code": code, "codes": [], "sections": sections}
    return await answer(pages_of(request).render, "lecturer", **given)


@router.get("/show/{code}")
async def get_projector(request: Request, sessions: TheSessions, code: Code) -> Response:
    """The projector's page."""
    if not is_lecturer(request) or code not in sessions.lectures:
        return await get_start(request, sessions)
    return await answer(pages_of(request).render, "projector", code=code)


@router.get("/j/")
@router.get("/j/{code}")
async def get_phone(request: Request) -> Response:
    """The phone's page, the same for every code."""
    return await answer(pages_of(request).phone)
