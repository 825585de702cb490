"""Cacheable responses: ETag, If-None-Match, 304."""

import hashlib
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

DAY = 86_400
YEAR = 365 * DAY


def strong_etag(*parts: object) -> str:
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


def not_modified(request: Request, headers: Mapping[str, str]) -> Response | None:
    """A 304 if the client already has the response with this ETag, else None."""
    if matches(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=dict(headers))
    return None


def matches(if_none_match: str, etag: str) -> bool:
    """Whether a list of tags, or ``*``, contains this one.

    References
    ----------
    RFC 9110, section 13.1.2: the comparison is weak, and a cache may have weakened our tag.
    """
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in tags or etag.removeprefix("W/") in tags
