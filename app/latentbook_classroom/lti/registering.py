"""``/lti/register``: a platform registers itself, by a link that an instructor made.

References
----------
1EdTech LTI Dynamic Registration 1.0
"""

from typing import Annotated, Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from fastapi import APIRouter, Path
from starlette.responses import Response

from latentbook.book.translations.language import message
from latentbook_classroom.course import people
from latentbook_classroom.course.desk import Desk, PageRoute
from latentbook_classroom.course.refused import Refused
from latentbook_classroom.lti import platforms, roster, steps
from latentbook_classroom.lti.claims import DEEP_LINK, RESULT, SCORE
from latentbook_classroom.lti.gate import Visit, lti_of, refuse
from latentbook_classroom.lti.web import Unreachable, is_safe

router = APIRouter(route_class=PageRoute, include_in_schema=False)

STEP = "register"
TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
FAILED = message(
    "The registration did not work. Make a new registration link and try again; the reason is in "
    "the log of the book’s server."
)


@router.get("/lti/register/{token}")
async def register(desk: Visit, token: Annotated[str, Path(max_length=1000)]) -> Response:
    """Register a platform in which an administrator has opened the link."""
    step = await steps.taken(desk.room.database, STEP, token)
    if step is None or not await desk.read(people.is_instructor, step["by"]):
        raise refuse("a registration link that is unknown, used, expired or taken back")
    asked = desk.request.query_params
    try:
        platform = await agreed(
            desk, asked.get("openid_configuration", ""), asked.get("registration_token", "")
        )
        await desk.run(_add, platform, step["by"])
    except (Unreachable, Refused, KeyError, TypeError, AttributeError, ValueError) as why:
        refuse(f"registration: {type(why).__name__}: {why}"[:300])
        raise Refused(502, FAILED) from None
    desk.request.app.state.framers = await desk.read(platforms.framers)
    return await desk.page("lti/registered")


def _add(connection: sa.Connection, given: dict[str, str], by: int) -> None:
    """Trust a platform. If it is trusted already, it has only updated its data about the book."""
    if not platforms.find(connection, given["issuer"], given["client_id"]):
        platforms.add(connection, given, by=by)


async def agreed(desk: Desk, configuration: str, token: str) -> dict[str, str]:
    """Exchange data with a platform; return its part in the form for ``platforms.add``."""
    web = lti_of(desk).web
    theirs = (await web.ask("GET", configuration)).json
    issuer, to = str(theirs["issuer"]), str(theirs["registration_endpoint"])
    if urlsplit(issuer).netloc != urlsplit(configuration).netloc:
        raise ValueError("the configuration is not at the issuer's address")
    title = (await desk.read(people.present)).name
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    ours = tool(desk.address, title)
    answer = await web.ask("POST", to, headers=headers, json=ours, accepted=(200, 201))
    given = answer.json
    referer = desk.request.headers.get("referer", "")
    return {
        "kind": "lti",
        "name": urlsplit(issuer).netloc,
        "issuer": issuer,
        "client_id": str(given["client_id"]),
        "audience": str(theirs.get("authorization_server", "")),
        "address": referer if is_safe(referer) else "",
        "deployments": str(given.get(TOOL, {}).get("deployment_id", "")),
        "auth_url": str(theirs["authorization_endpoint"]),
        "token_url": str(theirs["token_endpoint"]),
        "keys_url": str(theirs["jwks_uri"]),
    }


def tool(address: str, title: str) -> dict[str, Any]:
    """The book's data for a platform's register."""
    launch = f"{address}lti/launch"
    return {
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["implicit", "client_credentials"],
        "initiate_login_uri": f"{address}lti/login",
        "redirect_uris": [launch],
        "client_name": title,
        "jwks_uri": f"{address}lti/jwks",
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": " ".join((SCORE, RESULT, roster.SCOPE)),
        TOOL: {
            "domain": urlsplit(address).netloc,
            "target_link_uri": launch,
            "claims": ["iss", "sub", "name", "given_name", "family_name"],
            "messages": [{"type": DEEP_LINK, "target_link_uri": launch, "label": title}],
        },
    }
