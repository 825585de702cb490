"""Limits that uvicorn lacks: the size of a request's head and the time a request may take."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from latentbook.http.problems import MEDIA_TYPE, Problem, body_of

MAX_HEAD_BYTES = 2**16
"""For the request line and the headers."""

REQUEST_S = 60
"""From the first byte of a request, or from the connection, to the last byte of the body."""


class HeadTooLarge(Exception):
    pass


class BoundedProtocol(HttpToolsProtocol):
    """One connection. A head that is too large gets 431. The connection ends if a request has not
    arrived completely within ``REQUEST_S``.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
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
        """Start the deadline of the next request."""
        if self.deadline is None:
            self.deadline = self.loop.call_later(REQUEST_S, self.transport.close)

    def have_request(self) -> None:
        """Cancel the deadline."""
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None

    def on_message_begin(self) -> None:
        """Start counting again."""
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
        """Add to the size of the head.

        Raises
        ------
        HeadTooLarge
            The parser passes it to :meth:`send_400_response`.
        """
        self.parsed += size
        if self.parsed > MAX_HEAD_BYTES:
            raise HeadTooLarge

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
