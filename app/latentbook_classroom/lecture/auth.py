"""Authorisation: the lecturer by a key, a phone by its seat, both only from the book's pages."""

import hmac
from typing import Annotated, Any, Literal, cast

from fastapi import Depends, Path, Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from latentbook.http.body_limit import BodyLimit
from latentbook.http.problems import WHEN, Problem, problem_responses
from latentbook.http.requests import require_json
from latentbook_classroom.lecture.sessions import Lecture, Sessions, hash_of

LECTURER = "latentbook-lecturer"
SEAT = "latentbook-seat"
SEAT_HEADER = "Latentbook-Seat"
"""The same token as in the cookie: a browser may lose one of them."""

MAX_BYTES = 2**14
LONGEST_TOKEN = 64
LECTURER_S = 12 * 3600


WHEN_REFUSED = {
    403: "The key or the seat is missing, no phone may join, or another site's page sent this.",
    404: "There is no such class.",
    409: "The class has moved on, or does not allow this now.",
    410: "The class has ended.",
    429: "Too many wrong codes or new phones; Retry-After says when to try again.",
    503: "The class file cannot be written now.",
}


class SmallRoute(APIRoute):
    """A route whose body limit suits a curve, whatever the server's other routes accept."""

    most_bytes = MAX_BYTES

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await BodyLimit(super().handle, self.most_bytes)(scope, receive, send)


def get_sessions(request: Request) -> Sessions:
    return cast(Sessions, request.app.state.sessions)


async def from_own_page(request: Request) -> None:
    """Refuse requests that another site's page sends in its reader's name.

    Browsers state the origin of a request, and no script can change it. A client that states none
    is not a browser and has only its own cookies.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        is_own = site == "same-origin"
    else:
        is_own = origin is None or origin.partition("://")[2] == request.headers.get("host")
    if not is_own:
        raise Problem(403, "This was sent by a page of another site.")


async def lecturer_only(request: Request) -> None:
    """Refuse all browsers without the lecturer's key."""
    if not is_lecturer(request):
        raise Problem(403, "Open the lecturer's address first: the server printed it.")


def is_lecturer(request: Request) -> bool:
    return fits(request, request.cookies.get(LECTURER, ""))


def fits(request: Request, key: str) -> bool:
    return hmac.compare_digest(hash_of(key), request.app.state.key_hash)


async def get_lecture(request: Request, code: Annotated[str, Path(max_length=20)]) -> Lecture:
    return get_sessions(request).lecture(code)


def tokens_of(request: Request) -> list[str]:
    found = [request.cookies.get(SEAT, ""), request.headers.get(SEAT_HEADER, "")]
    return [token for token in found if 0 < len(token) <= LONGEST_TOKEN]


async def get_seated(
    request: Request, code: Annotated[str, Path(max_length=20)]
) -> tuple[Lecture, int]:
    """The class in a phone's address, and the phone's seat in it."""
    return get_sessions(request).seated(code, tokens_of(request))


def keep_cookie(
    request: Request,
    response: Response,
    name: str,
    value: str,
    seconds: int,
    path: str | None,
    samesite: Literal["strict", "lax"] = "strict",
) -> None:
    """Set a cookie that no script can read and no other site can send, except by links if it is
    ``lax``.

    Without a path the browser sends it to the folder of this request, wherever a proxy has put it.
    """
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=path,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite=samesite,
    )


TheSessions = Annotated[Sessions, Depends(get_sessions)]
TheLecture = Annotated[Lecture, Depends(get_lecture)]
TheSeat = Annotated[tuple[Lecture, int], Depends(get_seated)]
ON_WRITES = [Depends(from_own_page), Depends(require_json)]


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: how class mode can refuse a request."""
    return problem_responses(*statuses, when=WHEN | WHEN_REFUSED)
