"""Keys: those with which the server signs, and those of platforms."""

import asyncio
import json
import re
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import zip_longest
from typing import Any

import sqlalchemy as sa
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import Key, KeySet, RSAKey
from joserfc.jws import JWSRegistry

from latentbook_classroom.course.people import Row
from latentbook_classroom.course.platform_tables import tool_key
from latentbook_classroom.course.tables import now
from latentbook_classroom.lti.web import Unreachable, Web

ALGORITHMS = ["RS256"]
BITS = 2048
RENEWED = timedelta(90)
"""Age of a key at which a new one is added."""
ANNOUNCED = timedelta(1)
"""How long a new key is published before use: platforms cache the keys that they fetch."""
KEPT = timedelta(30)
"""How long a key is published after a new one was added."""
LONGEST_KEPT_S = 86_400
FETCHED_AGAIN_S = 60
"""Keys are fetched at most once in this time, whatever tokens arrive."""
FAILED_S = 10
"""How long an address that has not answered is left alone."""
SHORTEST_MODULUS = BITS // 6
"""Characters of a modulus in Base64."""

NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""NUL as JSON writes it. PostgreSQL cannot store it."""


class Unfit(Exception):
    """Why a token is refused: for the log, never for the sender."""


# Our keys


def published(connection: sa.Connection) -> list[Row]:
    """The published keys, the oldest first."""
    rows = connection.execute(sa.select(tool_key).order_by(tool_key.c.id)).all()
    since = now() - KEPT
    return [old for old, new in zip_longest(rows, rows[1:]) if not new or new.created_at >= since]


def is_old(rows: list[Row]) -> bool:
    return not rows or rows[-1].created_at < now() - RENEWED


def refreshed(connection: sa.Connection) -> list[Row]:
    """Add a key if the last one is old; delete and leave out those no longer published."""
    if is_old(rows := published(connection)):
        add_key(connection)
        rows = published(connection)
    connection.execute(sa.delete(tool_key).where(tool_key.c.id.not_in([row.id for row in rows])))
    return rows


def add_key(connection: sa.Connection) -> None:
    made = RSAKey.generate_key(BITS, {"alg": "RS256", "use": "sig"}, auto_kid=True)
    private = json.dumps(made.as_dict(private=True))
    connection.execute(sa.insert(tool_key).values(private=private, created_at=now()))


def replace_keys(connection: sa.Connection) -> None:
    """Replace all keys if somebody else may have them: their signatures are void at once."""
    connection.execute(sa.delete(tool_key))
    add_key(connection)


def public(rows: list[Row]) -> Mapping[str, Any]:
    return KeySet([key_of(row) for row in rows]).as_dict(private=False)


def key_of(row: Row) -> RSAKey:
    return RSAKey.import_key(json.loads(row.private))


def signed(connection: sa.Connection, claims: dict[str, Any], lasts_s: int = 300) -> str:
    rows = refreshed(connection)
    known = [row for row in rows if row.created_at < now() - ANNOUNCED]
    key = key_of(known[-1] if known else rows[0])
    at = int(time.time())
    header = {"alg": "RS256", "kid": key.kid}
    return jwt.encode(header, {"iat": at, "exp": at + lasts_s, **claims}, key)


# Keys of platforms


@dataclass
class Fetched:
    keys: KeySet
    at: float
    until: float


@dataclass
class PlatformKeys:
    web: Web
    _fetched: dict[str, Fetched] = field(default_factory=dict)
    _failed: dict[str, tuple[str, float]] = field(default_factory=dict)
    _turns: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def claims(self, url: str, token: str) -> dict[str, Any]:
        """The claims of a token that a key of this address has signed.

        Raises
        ------
        Unfit
            If none of its keys has
        """
        for since in (0.0, time.monotonic() - FETCHED_AGAIN_S):
            with suppress(InvalidKeyIdError):
                return verified(token, await self._known(url, since))
        raise Unfit("signed with an unknown key")

    async def _known(self, url: str, since: float = 0.0) -> KeySet:
        """The keys of an address, not fetched before ``since``. Concurrent callers wait for the
        same answer, so that a slow platform is asked once.
        """
        async with self._turns[url]:
            found = self._fetched.get(url)
            if found is None or found.until < time.monotonic() or found.at < since:
                found = self._fetched[url] = await self._fetch(url)
            return found.keys

    async def _fetch(self, url: str) -> Fetched:
        why, until = self._failed.get(url, ("", 0.0))
        if until > time.monotonic():
            raise Unfit(why)
        try:
            answer = await self.web.ask("GET", url, headers={"Accept": "application/json"})
            keys = usable(answer.json)
        except Unreachable as error:
            why = f"no keys: {error}"
            self._failed[url] = why, time.monotonic() + FAILED_S
            raise Unfit(why) from None
        max_age = re.search(r"max-age=(\d{1,9})", answer.headers.get("cache-control", ""))
        kept = min(int(max_age[1]) if max_age else LONGEST_KEPT_S, LONGEST_KEPT_S)
        at = time.monotonic()
        return Fetched(keys, at, at + max(kept, FETCHED_AGAIN_S))


def usable(given: Any) -> KeySet:
    """The RSA keys of a set that are long enough and have an id."""
    keys: list[Key] = []
    for each in given.get("keys", []) if isinstance(given, dict) else []:
        try:
            if each["kty"] == "RSA" and each["kid"] and len(each["n"]) >= SHORTEST_MODULUS:
                public = {name: each[name] for name in ("kty", "kid", "n", "e")}
                keys.append(RSAKey.import_key(public))
        except (JoseError, KeyError, TypeError, ValueError):
            continue
    if not keys:
        raise Unreachable("no RSA key of 2048 bits with an id")
    return KeySet(keys)


def verified(token: str, keys: KeySet) -> dict[str, Any]:
    """The claims of a token.

    Raises
    ------
    InvalidKeyIdError
        If no key has the token's key id
    Unfit
        If it is not a token that one of the keys has signed
    """
    registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    try:
        found = jwt.decode(token, keys, algorithms=ALGORITHMS, registry=registry)
        text = json.dumps(found.claims, ensure_ascii=False)
        text.encode()  # refuses lone surrogates: databases cannot store them
    except InvalidKeyIdError:
        raise
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise Unfit(f"not signed: {type(error).__name__}") from None
    if NUL.search(text):
        raise Unfit("a text with NUL")
    if not isinstance(found.header.get("kid"), str):
        raise Unfit("no key id")
    return found.claims
