"""``/api/lecturer``: requests of the lecturer's page and the projector."""

import csv
import json
from collections.abc import Iterable
from io import StringIO
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from latentbook.http.problems import Problem, wrong_field
from latentbook.http.requests import Strict
from latentbook_classroom.lecture import store
from latentbook_classroom.lecture.auth import (
    LECTURER,
    LECTURER_S,
    ON_WRITES,
    SmallRoute,
    TheLecture,
    TheSessions,
    fits,
    from_own_page,
    keep_cookie,
    lecturer_only,
    refusals,
)
from latentbook_classroom.lecture.frame import qr
from latentbook_classroom.lecture.pages import pages_of
from latentbook_classroom.lecture.phones import NOT_KEPT, Number, once_for_all

PREFIX = "/api/lecturer"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make a spreadsheet run a cell."""

COLUMNS = ("asked", "wanted", "round", "seat", "answer")

keys = APIRouter(prefix=PREFIX, tags=["class"], route_class=SmallRoute)
router = APIRouter(
    prefix=f"{PREFIX}/classes",
    tags=["class"],
    route_class=SmallRoute,
    dependencies=[Depends(lecturer_only)],
    responses=refusals(403, 404, 409, 410, 422),
)


WRITES: dict[str, Any] = {
    "dependencies": ON_WRITES,
    "responses": refusals(400, 413, 415, 503),
}


class Key(Strict):
    """The key that the server printed at its first start."""

    key: str = Field(max_length=100)


class Nothing(Strict):
    pass


class Wanted(Strict):
    """The question or instrument to ask."""

    label: str = Field(max_length=200, description="SLUG/NAME#LABEL")
    wanted: str = Field(default="", max_length=100, description="Readout or panel, if any.")


class Step(Strict):
    """The round that the lecturer sees: pressing a button twice has one effect."""

    round: int = Field(strict=True, ge=1, lt=2**63)


class Doors(Strict):
    """Whether new phones may join."""

    open: bool = Field(strict=True)


@keys.post(
    "/key", status_code=204, dependencies=ON_WRITES, responses=refusals(400, 403, 413, 415, 422)
)
async def give_key(request: Request, body: Key) -> Response:
    """Become the lecturer in this browser."""
    if not fits(request, body.key):
        raise Problem(403, "This is not the lecturer's key. The server printed its address.")
    response = Response(status_code=204, headers=NOT_KEPT)
    keep_cookie(
        request, response, LECTURER, body.key, LECTURER_S, pages_of(request).settings.base_path
    )
    return response


@router.post("", **WRITES)
async def start(sessions: TheSessions, body: Nothing) -> dict[str, str]:
    """Start a class."""
    return {"code": (await sessions.start()).code}


@router.get("/{code}", response_model=dict[str, Any])
async def get_overview(sessions: TheSessions, lecture: TheLecture) -> Response:
    """The state of a class, without its answers."""
    return JSONResponse(sessions.overview(lecture), headers=NOT_KEPT)


@router.get("/{code}/askings/{asking}", response_model=dict[str, Any])
async def get_question(
    request: Request, sessions: TheSessions, lecture: TheLecture, asking: Number
) -> Response:
    """The present question."""
    return once_for_all(request, await sessions.question(lecture, asking))


@router.get("/{code}/results", response_model=list[list[Any]])
async def get_results(sessions: TheSessions, lecture: TheLecture) -> Response:
    """All answers of each round; 409 while they are hidden."""
    return JSONResponse(sessions.results(lecture), headers=NOT_KEPT)


@router.post("/{code}/ask", status_code=204, **WRITES)
async def ask(sessions: TheSessions, lecture: TheLecture, body: Wanted) -> None:
    """Ask the class a question or an instrument."""
    await sessions.ask(lecture, body.label, body.wanted)


@router.post("/{code}/close", status_code=204, **WRITES)
async def close(sessions: TheSessions, lecture: TheLecture, body: Step) -> None:
    """Close the vote."""
    await sessions.close(lecture, body.round)


@router.post("/{code}/reveal", status_code=204, **WRITES)
async def reveal(sessions: TheSessions, lecture: TheLecture, body: Step) -> None:
    """Show the answers."""
    await sessions.reveal(lecture, body.round)


@router.post("/{code}/again", status_code=204, **WRITES)
async def again(sessions: TheSessions, lecture: TheLecture, body: Step) -> None:
    """Open another vote on the same question."""
    await sessions.again(lecture, body.round)


@router.post("/{code}/put-away", status_code=204, **WRITES)
async def put_away(sessions: TheSessions, lecture: TheLecture, body: Nothing) -> None:
    """Clear the screen."""
    await sessions.put_away(lecture)


@router.post("/{code}/doors", status_code=204, **WRITES)
async def set_doors(sessions: TheSessions, lecture: TheLecture, body: Doors) -> None:
    """Let new phones join, or stop them joining."""
    await sessions.set_doors(lecture, body.open)


@router.delete(
    "/{code}", status_code=204, dependencies=[Depends(from_own_page)], responses=refusals(503)
)
async def end(sessions: TheSessions, lecture: TheLecture) -> None:
    """End the class and delete all answers."""
    await sessions.end(lecture)


@router.get("/{code}/answers.csv", response_class=Response)
async def get_csv(sessions: TheSessions, lecture: TheLecture) -> Response:
    """All answers of the class so far, including hidden ones."""
    blocks = await run_in_threadpool(sessions.data.blocks)
    judged = {label for label, block in blocks.items() if block.ways[0].form == "true-false"}
    rows = [
        (label, *place, value == 0 if label in judged else value)  # the first option is true
        for label, *place, value in await sessions.store.run(store.everything, lecture.stored.id)
    ]
    name = f'attachment; filename="class-{lecture.code}.csv"'
    headers = {**NOT_KEPT, "Content-Disposition": name}
    return Response(csv_of(rows), headers=headers, media_type="text/csv; charset=utf-8")


@router.get("/{code}/qr.svg", response_class=Response)
async def get_qr(
    lecture: TheLecture,
    address: Annotated[str, Query(max_length=300, description="Where phones join.")],
) -> Response:
    """The address as a QR code, dark on light."""
    parts = address.partition("://")
    if parts[0] not in ("http", "https") or not parts[2] or not is_address(address):
        raise wrong_field("address", "Accepted: an address that begins with http:// or https://.")
    return Response(qr(address), headers=NOT_KEPT, media_type="image/svg+xml")


def is_address(text: str) -> bool:
    try:
        return bool(urlsplit(text).hostname)
    except ValueError:
        return False


def csv_of(rows: Iterable[tuple[Any, ...]]) -> str:
    """One line per answer. ``seat`` is a phone's number in order of arrival."""
    table = StringIO()
    csv.writer(table).writerows([COLUMNS, *(map(harmless, row) for row in rows)])
    return table.getvalue()


def harmless(cell: Any) -> str:
    """Make a cell safe for spreadsheets: put an apostrophe before a possible formula.

    Negative numbers get one too.
    """
    text = cell if isinstance(cell, str) else json.dumps(cell)
    return f"'{text}" if text.startswith(FORMULA) else text
