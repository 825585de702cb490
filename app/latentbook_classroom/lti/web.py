"""Requests to platforms: encrypted, never redirected, limited in time and size."""

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from socket import AI_NUMERICHOST, getaddrinfo
from typing import Any
from urllib.parse import urlsplit

import httpx2

TIMEOUT_S = 10
WHOLE_S = 20
"""Limit for a complete response, which may arrive slowly."""
MAX_BYTES = 2**16
LOOPBACK = ("127.0.0.1", "::1", "localhost")
OWN = re.compile(r"127\.|0\.|169\.254\.|::1?$|::ffff:|fe80:|(.*\.)?localhost\.?$")
"""This machine, and addresses that only it can reach."""
HOST = re.compile(r"[\w.:\[\]-]+", re.ASCII)
"""A host with its port, as headers can have it: no user, no wildcard, no other alphabet."""

for name in ("httpx2", "httpcore2"):
    logging.getLogger(name).setLevel(logging.WARNING)  # they log addresses and headers


class Unreachable(Exception):
    """Why a platform gave no usable answer. The text contains nothing about a person."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise Unreachable("The answer is not JSON.") from None

    @property
    def next(self) -> str:
        """The address of the next page, or empty."""
        links = httpx2.Response(200, headers={"Link": self.headers.get("link", "")}).links
        return links.get("next", {}).get("url", "")


def is_safe(url: str) -> bool:
    """Whether no one can read or change data on its way there."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    is_private = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    return is_private and HOST.fullmatch(parts.netloc) is not None


def is_own(host: str) -> bool:
    with suppress(OSError, UnicodeError):  # 127.1 and 2130706433 are addresses too
        host = str(getaddrinfo(host, None, flags=AI_NUMERICHOST)[0][4][0])
    return OWN.match(host) is not None


@dataclass
class Web:
    """``is_local``: whether other programs of this machine may be asked, also at http://."""

    transport: httpx2.AsyncBaseTransport | None = None
    is_local: bool = False

    @cached_property
    def _client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            timeout=TIMEOUT_S,
            follow_redirects=False,
            transport=self.transport,
            headers={"Accept-Encoding": "identity"},  # few bytes may unpack to gigabytes
        )

    async def ask(
        self,
        method: str,
        url: str,
        *,
        limit: int = MAX_BYTES,
        accepted: tuple[int, ...] = (200,),
        **sent: Any,
    ) -> Answer:
        """The answer, if its status is accepted. An empty ``accepted`` accepts every status.

        Raises
        ------
        Unreachable
            If there is none
        """
        if not is_safe(url):
            raise Unreachable("The address does not begin with https://.")
        if is_own(urlsplit(url).hostname or "") and not self.is_local:
            raise Unreachable("This machine is asked only with LATENTBOOK_LOCAL_PLATFORMS.")
        try:
            async with asyncio.timeout(WHOLE_S):
                answer = await self._ask(method, url, limit, sent)
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, UnicodeError) as error:
            raise Unreachable(f"{urlsplit(url).netloc}: {type(error).__name__}") from None
        if accepted and answer.status not in accepted:
            raise Unreachable(f"{urlsplit(url).netloc} answered with status {answer.status}.")
        return answer

    async def _ask(self, method: str, url: str, limit: int, sent: dict[str, Any]) -> Answer:
        async with self._client.stream(method, url, **sent) as response:
            if "content-encoding" in response.headers:
                raise Unreachable("The answer is compressed, although that was not asked for.")
            body = b""
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > limit:
                    raise Unreachable(f"The answer has more than {limit} bytes.")
            return Answer(response.status_code, response.headers, body)

    async def close(self) -> None:
        if "_client" in vars(self):
            await self._client.aclose()
