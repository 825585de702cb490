"""Shared by the routes on which people arrive from other sites or leave for them."""

from hmac import compare_digest
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

from fastapi import Depends, Request

from latentbook.book.translations.language import message
from latentbook.http.logs import warn
from latentbook_classroom.course.database import Database
from latentbook_classroom.course.desk import Desk, Form, pairs_of, read_form, room_of
from latentbook_classroom.course.people import Row, hash_of
from latentbook_classroom.course.refused import Refused
from latentbook_classroom.lti import steps
from latentbook_classroom.lti.keys import PlatformKeys
from latentbook_classroom.lti.passback import Passback
from latentbook_classroom.lti.tokens import Tokens
from latentbook_classroom.lti.web import Web

REFUSED = message(
    "This did not work. Open the link in your university’s system again. If that fails too, tell "
    "your instructor: the reason is in the log of the book’s server."
)


class Lti:
    """The parts that talk to other systems, and the folder of the book."""

    def __init__(self, site: Path, database: Database, web: Web) -> None:
        self.site, self.web = site, web
        self.keys = PlatformKeys(web)
        self.tokens = Tokens(database, web)
        self.passback = Passback(database, self.tokens)


async def get_visit(request: Request) -> Desk:
    """A request that may come from a platform's page, by GET or POST."""
    return Desk(request, room_of(request), None)


async def get_sent(request: Request) -> Form:
    """The fields that the platform's page has sent."""
    if request.method == "POST":
        return await read_form(request)
    return pairs_of(request.scope["query_string"])


Visit = Annotated[Desk, Depends(get_visit)]
Sent = Annotated[Form, Depends(get_sent)]


def lti_of(desk: Desk) -> Lti:
    lti: Lti = desk.request.app.state.lti
    return lti


def refuse(why: str, *, said: str = REFUSED, **about: Any) -> Refused:
    """Log the reason, but do not tell the sender. Neither text names anybody."""
    warn("A sign-in was refused", most=100, reason=why, **about)
    return Refused(400, said)


def is_alone(request: Request) -> bool:
    """Whether the page is in a tab, not in another site's frame. Old browsers do not report it."""
    return request.headers.get("sec-fetch-dest") == "document"


async def begin(
    desk: Desk, step: str, of: Row, back: str, asked: dict[str, str], **known: Any
) -> tuple[str, str, str]:
    """Start asking a platform who this is.

    Parameters
    ----------
    back : path to which the platform sends people with its answer
    known : data for the next step

    Returns
    -------
    The address at which the platform is asked, the token of the step, and the secret of the browser
    or frame that has begun it.
    """
    secret, nonce = steps.new_secret(), steps.new_secret()
    known |= {"platform": of.id, "nonce": nonce, "secret": hash_of(secret).hex()}
    state = await desk.read(steps.begin, step, known)
    ours = {"client_id": of.client_id, "redirect_uri": desk.address + back}
    query = urlencode({**asked, **ours, "state": state, "nonce": nonce})
    joint = "&" if urlsplit(of.auth_url).query else "?"
    return f"{of.auth_url}{joint}{query}", state, secret


def proves(step: dict[str, Any], secret: str) -> bool:
    return not step["secret"] or compare_digest(hash_of(secret).hex(), step["secret"])
