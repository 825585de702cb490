"""Access tokens: the server uses them to read rosters and send scores, on nobody's behalf.

References
----------
1EdTech Security Framework 1.0, section 4: OAuth 2.0 client credentials
"""

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from latentbook_classroom.course.database import Database
from latentbook_classroom.course.people import Row
from latentbook_classroom.lti import keys, steps
from latentbook_classroom.lti.web import Answer, Unreachable, Web

SPARE_S = 60
"""How long before its end a token is renewed."""
SHORTEST_S, LONGEST_S = 60, 3_600
MAX_PAGES, MAX_PAGE_BYTES = 50, 2**22
"""Of a list."""


class NoAccess(Unreachable):
    """The platform issues no token."""


@dataclass
class Tokens:
    database: Database
    web: Web
    _kept: dict[tuple[int, str], tuple[str, float]] = field(default_factory=dict)

    async def ask(
        self, of: Row, scope: str, method: str, url: str, *, headers: Mapping[str, str], **sent: Any
    ) -> Answer:
        """Send a request with a token; repeat it with a new one if the first has ended early."""
        for is_again in (False, True):
            if is_again:
                self._kept.pop((of.id, scope), None)
            signed = {**headers, "Authorization": f"Bearer {await self._token(of, scope)}"}
            answer = await self.web.ask(method, url, headers=signed, accepted=(), **sent)
            if answer.status != 401:
                break
        return answer

    async def pages(self, of: Row, scope: str, url: str, media_type: str) -> AsyncIterator[Answer]:
        """The pages of a list, each of which names the address of the next."""
        for _ in range(MAX_PAGES):
            headers = {"Accept": media_type}
            page = await self.ask(of, scope, "GET", url, headers=headers, limit=MAX_PAGE_BYTES)
            yield page
            if not (url := page.next):
                break

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
