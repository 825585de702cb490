"""Checks the claims of a launch: none of them is trusted before.

References
----------
1EdTech Security Framework 1.0, section 5.1.3; LTI Core 1.3, section 5.3 and appendix A
"""

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from latentbook_classroom.course.people import Row
from latentbook_classroom.course.platform_tables import LONGEST_ID
from latentbook_classroom.lti.keys import Unfit

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
SCORE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
RESULT = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"
RESOURCE_LINK, DEEP_LINK = "LtiResourceLinkRequest", "LtiDeepLinkingRequest"
VERSION = "1.3.0"

CLOCKS_S = 60
"""Tolerated difference between the clocks of two servers."""
OLDEST_S = 3600
LONGEST_NAME = 200
NAMES = ("name", "given_name", "family_name")
LONGEST_URL = 1000

MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"
ROLES = {
    "Instructor#TeachingAssistant": "assistant",  # is sent as an instructor too
    "Instructor": "instructor",
    "Administrator": "instructor",
    "ContentDeveloper": "assistant",
    "Learner": "student",
    "Mentor": "",  # an observer: a parent, an adviser
}
"""Roles here by the names of course roles in the vocabulary: the first that somebody has counts.
People with none of these are students; an empty role gives no access.
"""


@dataclass(frozen=True)
class Launch:
    """The data of a launch: who opens what, from where."""

    kind: str
    subject: str
    role: str
    name: str
    number: str
    deployment: str
    context: str
    title: str
    link: str
    target: str
    line_item: str
    scopes: str
    members_url: str
    settings: dict[str, Any] = field(default_factory=dict)


def check_token(claims: dict[str, Any], of: Row, nonce: str) -> str:
    """The subject of a token, if the platform made it for this sign-in, now.

    Raises
    ------
    Unfit
        If it was not
    """
    if claims.get("iss") != of.issuer:
        raise Unfit("another issuer")
    at, client_id, audience = time.time(), of.client_id, claims.get("aud")
    if client_id != audience and not (isinstance(audience, list) and client_id in audience):
        raise Unfit("another audience")
    party = claims.get("azp")
    is_needed = isinstance(audience, list) and len(audience) > 1
    if party != client_id and (party is not None or is_needed):
        raise Unfit("another authorised party")
    if claims.get("nonce") != nonce:
        raise Unfit("another nonce")
    made, ends = (number(claims, name) for name in ("iat", "exp"))
    if ends < at - CLOCKS_S:
        raise Unfit("expired")
    if made > at + CLOCKS_S:
        raise Unfit("made in the future: is a clock wrong?")
    if made < at - OLDEST_S - CLOCKS_S:
        raise Unfit("made too long ago: is a clock wrong?")
    return text(claims, "sub", LONGEST_ID)


def check_launch(claims: dict[str, Any], subject: str, deployments: Collection[str]) -> Launch:
    """Read a launch, if it contains everything that the specification requires."""
    if claims.get(CLAIM + "version") != VERSION:
        raise Unfit("another version of LTI")
    kind = claims.get(CLAIM + "message_type")
    if kind not in (RESOURCE_LINK, DEEP_LINK):
        raise Unfit("another type of message")
    deployment = text(claims, CLAIM + "deployment_id", LONGEST_ID)
    if deployment not in deployments:
        raise Unfit("unknown deployment")
    roles = claims.get(CLAIM + "roles")
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise Unfit("no roles")
    if not role_of(roles):
        raise Unfit("an observer, who has no place in the course")
    link, target, settings = "", "", {}
    if kind == RESOURCE_LINK:
        link = text(part(claims, CLAIM + "resource_link"), "id", LONGEST_ID)
        target = text(claims, CLAIM + "target_link_uri", LONGEST_URL)
    else:
        settings = part(claims, DL + "deep_linking_settings")
        text(settings, "deep_link_return_url", LONGEST_URL)
    context, scores = given(claims, CLAIM + "context"), given(claims, AGS)
    scopes = found if isinstance(found := scores.get("scope"), list) else []
    return Launch(
        kind=kind,
        subject=subject,
        role=role_of(roles),
        name=full_name(claims),
        number=said(given(claims, CLAIM + "lis"), "person_sourcedid"),
        deployment=deployment,
        context=text(context, "id", LONGEST_ID) if context else "",
        title=said(context, "title") or said(context, "label"),
        link=link,
        target=target,
        line_item=said(scores, "lineitem", LONGEST_URL),
        scopes=" ".join(each for each in (SCORE, RESULT) if each in scopes),
        members_url=said(given(claims, NRPS), "context_memberships_url", LONGEST_URL),
        settings=settings,
    )


def role_of(roles: Collection[str]) -> str:
    """The role here of somebody with these roles. Roles in the system or institution give none."""
    names = {role.removeprefix(MEMBERSHIP).lstrip("#/") for role in roles if is_in_course(role)}
    names |= {"Learner", "Mentor"} & {name.partition("#")[0] for name in names}  # as Mentor#Parent
    return next((role for name, role in ROLES.items() if name in names), "student")


def is_in_course(role: str) -> bool:
    return role.startswith(MEMBERSHIP) or "/" not in role


def number(claims: dict[str, Any], name: str) -> float:
    found = claims.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float) or not abs(found) < 2**53:
        raise Unfit(f"no {name}")
    return found


def text(claims: dict[str, Any], name: str, longest: int) -> str:
    found = claims.get(name)
    short = name.rpartition("/")[2]
    if not isinstance(found, str) or not found.strip():
        raise Unfit(f"no {short}")
    if len(found) > longest:
        raise Unfit(f"{short} has {len(found)} characters: at most {longest} are accepted")
    return found


def said(claims: dict[str, Any], name: str, longest: int = LONGEST_NAME) -> str:
    """An optional text."""
    found = claims.get(name)
    return found if isinstance(found, str) and len(found) <= longest else ""


def full_name(claims: dict[str, Any], longest: int = LONGEST_NAME) -> str:
    whole, *parts = (said(claims, name, longest) for name in NAMES)
    return whole or " ".join(parts).strip()


def part(claims: dict[str, Any], name: str) -> dict[str, Any]:
    found = claims.get(name)
    if not isinstance(found, dict):
        raise Unfit(f"no {name.rpartition('/')[2]}")
    return found


def given(claims: dict[str, Any], name: str) -> dict[str, Any]:
    """An optional part."""
    return {} if claims.get(name) is None else part(claims, name)


def on_origin(target: str, own: str) -> str:
    """The path of an address of this server, with its query.

    Raises
    ------
    Unfit
        If it is an address of another server
    """
    try:
        parts, here = urlsplit(target), urlsplit(own)
    except ValueError:
        raise Unfit("a target that is no address") from None
    is_own = (parts.scheme, parts.netloc) == (here.scheme, here.netloc)
    path = parts.path.replace("\\", "/")
    if not is_own or not path.startswith(here.path) or "//" in path or ".." in path.split("/"):
        raise Unfit("a target that is not on this server")
    return path + (f"?{parts.query}" if parts.query else "")
