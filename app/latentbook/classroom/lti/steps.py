"""Steps of signing in: each has a secret token, works once, and expires."""

import json
import secrets
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from latentbook.classroom.database import Database
from latentbook.classroom.people import LONGEST_TOKEN, TOKEN_BYTES, hash_of
from latentbook.classroom.platform_tables import login_state
from latentbook.classroom.tables import now

LASTS = timedelta(minutes=10)
MOST = 20_000
"""Of a kind open at once: whoever knows a platform's name can begin one. The oldest makes room, so
that whoever begins very many keeps nobody out.
"""


def new_secret() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def begin(
    connection: sa.Connection, kind: str, body: dict[str, Any], lasts: timedelta = LASTS
) -> str:
    """The token of a new step."""
    connection.execute(sa.delete(login_state).where(login_state.c.expires_at < now()))
    alike = sa.select(login_state.c.id).where(login_state.c.kind == kind)
    oldest = alike.order_by(login_state.c.id.desc()).offset(MOST - 1)
    connection.execute(sa.delete(login_state).where(login_state.c.id.in_(oldest)))
    token = new_secret()
    values = {"kind": kind, "body": json.dumps(body), "expires_at": now() + lasts}
    connection.execute(sa.insert(login_state).values(token_hash=hash_of(token), **values))
    return token


def look(connection: sa.Connection, kind: str, token: str) -> dict[str, Any] | None:
    """What a step knows that can still be taken."""
    wanted = sa.select(login_state.c.body).where(
        login_state.c.token_hash == hash_of(token[: LONGEST_TOKEN + 1]),
        login_state.c.kind == kind,
        login_state.c.expires_at > now(),
    )
    found = connection.execute(wanted).scalar_one_or_none()
    return None if found is None else json.loads(found)


def take(connection: sa.Connection, token: str) -> bool:
    """Whether a step was there: it works once."""
    taken = sa.delete(login_state).where(login_state.c.token_hash == hash_of(token))
    return connection.execute(taken).rowcount == 1


async def taken(database: Database, kind: str, token: str) -> dict[str, Any] | None:
    """What a step knows, once. Strangers who have none take no turn to write."""
    step = await database.read(look, kind, token)
    return step if step is not None and await database.run(take, token) else None
