"""Access tokens: with them the server reads rosters and sends scores, in nobody's name.

References
----------
1EdTech Security Framework 1.0, section 4: OAuth 2.0 client credentials
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from latentbook.classroom.database import Database
from latentbook.classroom.lti import keys, steps
from latentbook.classroom.lti.web import Answer, Unreachable, Web
from latentbook.classroom.people import Row

SPARE_S = 60
"""A token is renewed before it ends."""
SHORTEST_S, LONGEST_S = 60, 3_600


class NoAccess(Unreachable):
    """The platform gives no token."""


@dataclass
class Tokens:
    database: Database
    web: Web
    _kept: dict[tuple[int, str], tuple[str, float]] = field(default_factory=dict)

    async def ask(
        self,
        of: Row,
        scope: str,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        is_again: bool = False,
        **sent: object,
    ) -> Answer:
        """A request with a token, once more with a new one if the first has ended early."""
        token = await self._token(of, scope)
        signed = {**(headers or {}), "Authorization": f"Bearer {token}"}
        answer = await self.web.ask(method, url, headers=signed, accepted=(), **sent)  # type: ignore[arg-type]
        if answer.status == 401 and not is_again:
            self._kept.pop((of.id, scope), None)
            return await self.ask(of, scope, method, url, headers=headers, is_again=True, **sent)
        return answer

    async def _token(self, of: Row, scope: str) -> str:
        token, ends = self._kept.get((of.id, scope), ("", 0.0))
        if ends > time.monotonic():
            return token
        claims = {
            "iss": of.client_id,
            "sub": of.client_id,
            "aud": of.audience or of.token_url,
            "jti": steps.new_secret(),
        }
        asked = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": await self.database.run(keys.signed, claims),
            "scope": scope,
        }
        try:
            given = (await self.web.ask("POST", of.token_url, data=asked, accepted=(200, 201))).json
            token, lasts = str(given["access_token"]), float(given.get("expires_in", SHORTEST_S))
        except (Unreachable, KeyError, TypeError, ValueError, OverflowError) as why:
            raise NoAccess(f"no access token: {why}") from None
        lasts = min(max(lasts - SPARE_S, SHORTEST_S), LONGEST_S)
        self._kept[of.id, scope] = token, time.monotonic() + lasts
        return token
