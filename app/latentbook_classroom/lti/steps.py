"""Steps of signing in: each has a token, works once, and expires.

A step's data is in its token, encrypted. So beginning one writes nothing to the database, which
stores only the steps that were used.
"""

import hashlib
import json
import secrets
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from latentbook_classroom.course import people
from latentbook_classroom.course.database import Database
from latentbook_classroom.course.people import TOKEN_BYTES, hash_of
from latentbook_classroom.course.platform_tables import used_step
from latentbook_classroom.course.tables import now

LASTS = timedelta(minutes=10)
KEPT = timedelta(2)
"""How long a used step is stored: longer than any lasts, even if the clock is set meanwhile."""
SEALED = {"alg": "dir", "enc": "A256GCM"}
"""RFC 7518, sections 4.5 and 5.3."""


def new_secret() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def begin(
    connection: sa.Connection, kind: str, body: dict[str, Any], lasts: timedelta = LASTS
) -> str:
    """The token of a new step. This only reads the database."""
    known = {"kind": kind, "until": (now() + lasts).timestamp(), "body": body}
    return jwe.encrypt_compact(SEALED, json.dumps(known), _key(connection))


def look(connection: sa.Connection, kind: str, token: str) -> dict[str, Any] | None:
    """The data of a step, if it can still be used."""
    try:
        known = json.loads(jwe.decrypt_compact(token, _key(connection)).plaintext or b"{}")
    except (JoseError, ValueError):
        return None
    is_late = known["until"] < now().timestamp()
    if known["kind"] != kind or is_late or _is_used(connection, token):
        return None
    body: dict[str, Any] = known["body"]
    return body


def take(connection: sa.Connection, token: str) -> bool:
    """Mark a step as used; return False if it already was."""
    connection.execute(sa.delete(used_step).where(used_step.c.expires_at < now()))
    if _is_used(connection, token):
        return False
    used = {"token_hash": hash_of(token), "expires_at": now() + KEPT}
    connection.execute(sa.insert(used_step).values(**used))
    return True


async def taken(database: Database, kind: str, token: str) -> dict[str, Any] | None:
    """Use a step and return its data. Strangers without a step take no turn to write."""
    step = await database.read(look, kind, token)
    return step if step is not None and await database.run(take, token) else None


def _is_used(connection: sa.Connection, token: str) -> bool:
    used = sa.select(used_step.c.token_hash).where(used_step.c.token_hash == hash_of(token))
    return connection.execute(used).first() is not None


def _key(connection: sa.Connection) -> OctKey:
    secret = people.present(connection).secret
    return OctKey.import_key(hashlib.sha256(f"steps {secret}".encode()).digest())
