"""What the routes have in common to which other sites send people."""

from __future__ import annotations

from hmac import compare_digest
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

from fastapi import Depends, Request

from latentbook.book.translations.language import message
from latentbook.classroom.desk import Desk, fields_of, pairs_of, room_of
from latentbook.classroom.lti.service import Lti
from latentbook.classroom.people import hash_of
from latentbook.classroom.refused import Refused
from latentbook.http.logs import log

REFUSED = message(
    "This did not work. Open the link in your university’s system again. If that fails too, tell "
    "your instructor: the reason is in the log of the book’s server."
)


async def get_visit(request: Request) -> Desk:
    """A request that may come from a platform's page, by GET or POST."""
    return Desk(request, room_of(request), None)


Visit = Annotated[Desk, Depends(get_visit)]


def lti_of(desk: Desk) -> Lti:
    lti: Lti = desk.request.app.state.lti
    return lti


async def given_to(desk: Desk) -> dict[str, str]:
    if desk.request.method == "POST":
        return await fields_of(desk.request)
    return pairs_of(desk.request.scope["query_string"])


def own_address(desk: Desk) -> str:
    """Of the book, as others write it."""
    url = desk.request.url
    return f"{url.scheme}://{url.netloc}{desk.room.base_path}"


def refuse(why: str, *, said: str = REFUSED, **about: Any) -> Refused:
    """Log the reason, and say nothing of it to who caused it. Neither names anybody."""
    log.warning("A sign-in was refused", reason=why, **about)
    return Refused(400, said)


def is_alone(request: Request) -> bool:
    """Whether the page is in a tab, not in a frame of another site. Old browsers do not say."""
    return request.headers.get("sec-fetch-dest") == "document"


def with_query(address: str, given: dict[str, str]) -> str:
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(given)}"


def proves(step: dict[str, Any], secret: str) -> bool:
    return not step["secret"] or compare_digest(hash_of(secret).hex(), step["secret"])
