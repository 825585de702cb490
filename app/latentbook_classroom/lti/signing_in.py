"""``/auth``: signing in with a university's own service, by OpenID Connect.

References
----------
OpenID Connect Core 1.0, section 3.1; RFC 7636 (PKCE); RFC 9207 (issuer of the answer)
"""

import hashlib
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import quote_plus

import sqlalchemy as sa
from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from latentbook.book.translations.language import message
from latentbook_classroom.course import people
from latentbook_classroom.course.desk import NOT_KEPT, Desk, Number, PageRoute, TheDesk
from latentbook_classroom.course.people import Row
from latentbook_classroom.course.platform_tables import identity
from latentbook_classroom.course.refused import Refused
from latentbook_classroom.lti import claims, platforms, steps
from latentbook_classroom.lti.gate import Sent, Visit, begin, lti_of, proves, refuse
from latentbook_classroom.lti.keys import Unfit
from latentbook_classroom.lti.web import Unreachable, Web

router = APIRouter(prefix="/auth", route_class=PageRoute, include_in_schema=False)

STEP = "sign-in"
NOT_IN = message(
    "You are signed in at the university, but not in this course yet. Open the link that your "
    "instructor gave you, then connect the two on “My data”."
)
FAILED = message(
    "The sign-in did not work. Begin again on the course’s page. If that fails too, tell your "
    "instructor: the reason is in the log of the book’s server."
)


@router.get("/callback")
async def finish(desk: Visit, given: Sent) -> Response:
    """Receive the service's answer: a code, which the server exchanges for the identity."""
    step = await steps.taken(desk.room.database, STEP, given.get("state", ""))
    if step is None or not proves(step, desk.cookie(STEP)):
        raise refuse("a sign-in that this browser has not begun, or not now", said=FAILED)
    of: Row = await desk.read(platforms.one, step["platform"])
    try:
        said = await identified(desk, of, step, given)
    except (Unfit, Unreachable, KeyError, TypeError) as why:
        raise refuse(f"{type(why).__name__}: {why}", said=FAILED, platform=of.id) from None
    who = await desk.run(enter, of, said, step["person"], step.get("made_by"))
    response = desk.to("classroom/")
    if step["person"] is None:  # a person who connects an account is signed in already
        desk.keep(response, await desk.run(people.new_session, who, platform=of.id))
    return response


@router.get("/{number}")
async def ask(desk: TheDesk, number: Number) -> Response:
    """Ask the service who this is. Somebody who is signed in here connects the two accounts."""
    of = await desk.read(platforms.one, number)
    if of.kind != "oidc":
        raise Refused(404, message("There is no such platform."))
    # Another site may begin a sign-in, but must not connect its own account to this one.
    is_own = desk.request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
    mine = await desk.read(people.session_of, desk.cookie()) if desk.member and is_own else None
    known = {"person": mine.person, "made_by": mine.made_by} if mine else {"person": None}
    verifier = steps.new_secret() + steps.new_secret()
    digest = hashlib.sha256(verifier.encode()).digest()
    asked = {
        "response_type": "code",
        "scope": "openid profile",
        "code_challenge": urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    to, _, secret = await begin(desk, STEP, of, "auth/callback", asked, verifier=verifier, **known)
    response = RedirectResponse(to, 303, NOT_KEPT)
    desk.keep(response, secret, 600, STEP)
    return response


async def identified(
    desk: Desk, of: Row, step: dict[str, Any], given: dict[str, str]
) -> dict[str, Any]:
    """The claims about the person who signed in."""
    if given.get("iss", of.issuer) != of.issuer:
        raise Unfit("the answer of another issuer")
    if error := given.get("error"):
        raise Unfit(f"the service answered {error[:80]!r}")
    asked = {
        "grant_type": "authorization_code",
        "code": given["code"],
        "redirect_uri": f"{desk.address}auth/callback",
        "code_verifier": step["verifier"],
        "client_id": of.client_id,
    }
    auth = (quote_plus(of.client_id), quote_plus(of.client_secret)) if of.client_secret else None
    lti = lti_of(desk)
    tokens = (await lti.web.ask("POST", of.token_url, data=asked, auth=auth)).json
    found = await lti.keys.claims(of.keys_url, str(tokens["id_token"]))
    claims.check_token(found, of, step["nonce"])
    if of.is_open and step["person"] is None and not claims.full_name(found):
        found |= await profile(lti.web, of, found["sub"], str(tokens["access_token"]))
    return found


async def profile(web: Web, of: Row, subject: str, token: str) -> dict[str, Any]:
    """A person's names from the service's UserInfo address, which only its configuration states.

    Many services put no name into a token that was exchanged for a code (Core 1.0, section 5.4).
    """
    configuration = f"{of.issuer.rstrip('/')}/.well-known/openid-configuration"
    theirs = (await web.ask("GET", configuration)).json
    if theirs["issuer"] != of.issuer:
        raise Unfit("the configuration of another issuer")
    if (address := theirs.get("userinfo_endpoint")) is None:
        return {}
    headers = {"Authorization": f"Bearer {token}"}
    said = (await web.ask("GET", str(address), headers=headers)).json
    if said["sub"] != subject:
        raise Unfit("the profile of somebody else")
    return {name: said[name] for name in claims.NAMES if name in said}


def enter(
    connection: sa.Connection,
    of: Row,
    said: dict[str, Any],
    me: int | None,
    made_by: int | None = None,
) -> int:
    """The person of an account. A new one is connected to the person who is signed in. If nobody
    is, a new person joins, or the account is refused.

    Parameters
    ----------
    me, made_by : who is signed in, and who made the link that began that session
    """
    subject = said["sub"]
    who = platforms.known(connection, of.issuer, subject)
    if who is not None and me not in (None, who):
        raise Refused(409, message("This university account belongs to somebody else here."))
    if who is None:
        if me is None:
            if not of.is_open:
                raise Refused(403, NOT_IN)
            name = platforms.named(claims.full_name(said)) or platforms.stand_in(subject)
            me = people.new_person(connection, name)
        account = {"issuer": of.issuer, "subject": subject, "made_by": made_by}
        people.add(connection, identity, person=me, **account)
        who = me
    if of.is_open:
        people.put(connection, people.present(connection).id, who, "", "")
    return who
