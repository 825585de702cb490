"""``/api/class/{code}``: requests of phones."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import Field
from starlette.responses import JSONResponse, Response

from latentbook.http.caching import matches
from latentbook.http.negotiation import negotiate_encoding
from latentbook.http.requests import Strict
from latentbook_classroom.lecture.auth import (
    ON_WRITES,
    SEAT,
    SmallRoute,
    TheSeat,
    TheSessions,
    keep_cookie,
    refusals,
    tokens_of,
)
from latentbook_classroom.lecture.sessions import CachedJSON

NOT_KEPT = {"Cache-Control": "no-store"}
Number = Annotated[int, Path(ge=1, lt=2**63)]
READS, WRITES = (403, 404, 409, 410, 422, 429), (400, 413, 415, 503)
"""Statuses of refusals."""


def once_for_all(
    request: Request, said: CachedJSON, headers: Mapping[str, str] = NOT_KEPT
) -> Response:
    """A cached response, in the encoding that a phone accepts."""
    form = negotiate_encoding(request.headers.get("accept-encoding"), ("gzip", "identity"))
    coded = {"Content-Encoding": "gzip"} if form == "gzip" else {}
    body = said.gzipped if form == "gzip" else said.body
    headers = {**headers, **coded, "Vary": "Accept-Encoding"}
    return Response(body, headers=headers, media_type="application/json")


router = APIRouter(prefix="/api/class", tags=["class"], route_class=SmallRoute)


class Seat(Strict):
    """A phone that joins."""

    token: str = Field(
        min_length=22,
        max_length=64,
        pattern="^[A-Za-z0-9_-]+$",
        description="Random, generated and stored by the phone: 128 bits or more.",
    )


class Answer(Strict):
    change: int = Field(
        strict=True, ge=1, lt=2**31, description="Counts the phone's answers in this round."
    )
    value: int | float | list[int | float] | dict[str, list[float]] = Field(
        description="A number, the place of an option, a list of these, or the points of a curve."
    )


@router.post("/{code}/seat", dependencies=ON_WRITES, responses=refusals(*READS, *WRITES))
async def take_seat(request: Request, sessions: TheSessions, code: str, body: Seat) -> Response:
    """Join or come back: a phone with a seat keeps it."""
    token, said = await sessions.sit(code, [*tokens_of(request), body.token])
    response = JSONResponse(said, headers=NOT_KEPT)
    seconds = int(3600 * sessions.hours)
    keep_cookie(request, response, SEAT, token, seconds, path=None)
    return response


@router.get(
    "/{code}/now",
    response_model=dict[str, Any],
    responses={304: {"description": "Not modified."}, **refusals(*READS)},
)
async def get_news(request: Request, seated: TheSeat) -> Response:
    """The latest news. Every phone polls this every two seconds, and nearly always gets a 304."""
    news = seated[0].news
    headers = {"ETag": news.etag, "Cache-Control": "private, no-cache"}
    if matches(request.headers.get("if-none-match", ""), news.etag):
        return Response(status_code=304, headers=headers)
    return once_for_all(request, news, headers)


@router.get(
    "/{code}/askings/{asking}",
    response_model=dict[str, Any],
    responses=refusals(*READS),
)
async def get_question(
    request: Request, sessions: TheSessions, seated: TheSeat, asking: Number
) -> Response:
    """The present question."""
    return once_for_all(request, await sessions.question(seated[0], asking))


@router.put(
    "/{code}/rounds/{round}/answer",
    status_code=204,
    dependencies=ON_WRITES,
    responses=refusals(*READS, *WRITES),
)
async def put_answer(
    sessions: TheSessions, seated: TheSeat, round: Number, body: Answer
) -> Response:
    """Answer or change an answer until the round closes. Repeating it changes nothing."""
    lecture, seat = seated
    await sessions.answer(lecture, seat, round, body.change, body.value)
    return Response(status_code=204, headers=NOT_KEPT)
