"""Limits that uvicorn lacks: the size of a request's head, the time until a request has arrived,
and how many connections may wait for one.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from latentbook.http.logs import log
from latentbook.http.problems import MEDIA_TYPE, Problem, body_of

MAX_HEAD_BYTES = 2**16
"""For the request line and the headers."""

REQUEST_S = 60
"""From the first byte of a request, or from the connection, to the last byte of the body."""


WARN_S = 60
"""At most one warning in this time."""


def open_files() -> int:
    try:
        import resource
    except ModuleNotFoundError:  # Windows, which has no such limit
        return 2**14
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


class HeadTooLarge(Exception):
    pass


class BoundedProtocol(HttpToolsProtocol):
    """One connection. A head that is too large gets 431. The connection ends if a request has not
    arrived completely within ``REQUEST_S``, or if it has waited longest when too many wait.

    Attributes
    ----------
    waiting : connections whose request has not arrived, the oldest first
    """

    waiting: ClassVar[dict[BoundedProtocol, None]] = {}
    warned_at: ClassVar[float] = -WARN_S

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self.in_head = True
        self.parsed = self.received = self.heads = 0
        self.deadline: asyncio.TimerHandle | None = None
        self.expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self.have_request()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse the data; refuse a head that grows too large."""
        self.expect_request()
        in_head, heads = self.in_head, self.heads
        super().data_received(data)
        # A whole request may arrive at once; its body does not count as head.
        if in_head and self.heads == heads and not self.transport.is_closing():
            self.received += len(data)
            if self.received > MAX_HEAD_BYTES:
                self.refuse_head()

    def expect_request(self) -> None:
        if self.deadline is None:
            self.deadline = self.loop.call_later(REQUEST_S, self.transport.close)
            self.waiting[self] = None
            self.make_room()

    def have_request(self) -> None:
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None
            del self.waiting[self]

    def make_room(self) -> None:
        """Close the connection that has waited longest if they take up half of the open files.

        Without a file left, the server would reset every new connection.
        """
        most = open_files() // 2
        if len(self.waiting) <= most:
            return
        oldest = next(iter(self.waiting))
        oldest.have_request()
        oldest.transport.close()
        if time.monotonic() - self.warned_at > WARN_S:
            BoundedProtocol.warned_at = time.monotonic()
            log.warning("Connections without a request fill up the server", closed_from=most)

    def on_message_begin(self) -> None:
        self.in_head, self.parsed, self.received = True, 0, 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self.count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self.in_head = False
        self.heads += 1
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self.in_head = True
        self.have_request()
        super().on_message_complete()

    def count(self, size: int) -> None:
        self.parsed += size
        if self.parsed > MAX_HEAD_BYTES:
            raise HeadTooLarge  # the parser then calls send_400_response

    def send_400_response(self, msg: str) -> None:
        """Respond to what cannot be parsed in the shape of every other problem."""
        if self.parsed > MAX_HEAD_BYTES:
            self.refuse_head()
        else:
            self.refuse(Problem(400, "This is not an HTTP request."), "Bad Request")

    def _unsupported_upgrade_warning(self) -> None:
        """Log nothing: a WebSocket handshake is answered as the GET that it is."""

    def refuse_head(self) -> None:
        detail = f"At most {MAX_HEAD_BYTES} bytes of request line and headers are accepted."
        self.refuse(Problem(431, detail), "Request Header Fields Too Large")

    def refuse(self, problem: Problem, reason: str) -> None:
        """Respond without the app, and close."""
        body = body_of(problem).encode()
        head = (
            f"HTTP/1.1 {problem.status_code} {reason}\r\n"
            f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
            "cache-control: no-store\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


UVICORN: dict[str, Any] = {
    "http": BoundedProtocol,
    "ws": "none",
    "server_header": False,
    "access_log": False,
}
"""Options of every server of the book."""
