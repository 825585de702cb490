"""Limits that uvicorn lacks: on the size of a request's head, the time for receiving a request and
for reading its response, and the number of connections that wait for their clients.
"""

from __future__ import annotations

import asyncio
import re
import socket
import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, ClassVar

from httptools import HttpParserError, HttpParserUpgrade
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from latentbook.http.logs import warn
from latentbook.http.problems import LONGEST_INPUT, MEDIA_TYPE, Problem, body_of, wrong_field

MAX_HEAD_BYTES = 2**16
"""Limit for the request line and the headers together."""

MAX_FIELD_BYTES, MAX_COOKIE_BYTES = 2**11, 2**13
READ_IN_PARTS = re.compile(rb"(?i)accept.*|content-(length|type)|cookie|if-.*|range")
"""Headers that take time on the event loop. Cookies of other programs on the host arrive too."""

HOST = re.compile(rb"(\[[0-9A-Za-z:.]+\]|([\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(:[0-9]*)?")

REQUEST_S = 60
"""Limit from the first byte of a request, or from the connection, to the last byte of the body."""

READ_S = 60
MIN_READ_BYTES = 2**15
"""Bytes of an unread response that a client must read at least in each ``READ_S``."""

MAX_UNREAD_BYTES = 2**29
"""Limit for all responses together."""

UNSENT_BYTES = 2**17
"""Limit for the system's buffer, whose default size hides slow reading for minutes."""


def open_files() -> int:
    try:
        import resource
    except ModuleNotFoundError:  # Windows, which has no such limit
        return 2**14
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


def bound(what: str, size: int, most: int) -> None:
    if size > most:
        accepted = f"At most {most} bytes are accepted. Received {size} or more."
        raise wrong_field(what, accepted, 431)


class BoundedProtocol(HttpToolsProtocol):
    """One connection. A head that is too large gets 431. The connection ends if a request has not
    arrived completely within ``REQUEST_S``, if its client reads too slowly, or if it has waited
    longest when too many wait.

    Attributes
    ----------
    waiting : connections that wait for their client to send or read, oldest first, by timer
    unread : bytes that clients have not read yet, by connection
    """

    waiting: ClassVar[dict[asyncio.TimerHandle, BoundedProtocol]] = {}
    unread: ClassVar[dict[BoundedProtocol, int]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self.transport.set_write_buffer_limits(0)  # writing pauses until everything is read
        if limit := getattr(socket, "TCP_NOTSENT_LOWAT", None):
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.IPPROTO_TCP, limit, UNSENT_BYTES)
        self.in_head = True
        self.parsed = self.received = self.heads = 0
        self.timers: dict[str, asyncio.TimerHandle] = {}
        self.expect("request", REQUEST_S, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self.have("request", "reader")
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse the data; refuse anything but a request, and a head that grows too large."""
        self.expect("request", REQUEST_S, self.transport.abort)
        in_head, heads = self.in_head, self.heads
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
            # A complete request may arrive at once; its body does not count as head.
            if in_head and self.heads == heads and not self.transport.is_closing():
                self.received += len(data)
                bound("head", self.received, MAX_HEAD_BYTES)
        except HttpParserUpgrade:
            pass  # a WebSocket handshake is answered like any GET
        except (HttpParserError, Problem) as error:
            why = error.__context__ or error  # the error that a method below raised
            none = Problem(400, "This is not an HTTP request.")
            self.refuse(why if isinstance(why, Problem) else none)

    def pause_writing(self) -> None:
        """Wait for the client to read what is written."""
        super().pause_writing()
        self.unread[self] = self.transport.get_write_buffer_size()
        self.expect("reader", READ_S, self.check_reader)

    def resume_writing(self) -> None:
        self.have("reader")
        super().resume_writing()

    def check_reader(self) -> None:
        read = self.unread[self] - self.transport.get_write_buffer_size()
        self.have("reader")
        if read < MIN_READ_BYTES:
            self.transport.abort()
        else:
            self.pause_writing()

    def expect(self, what: str, seconds: float, otherwise: Callable[[], None]) -> None:
        if what not in self.timers:
            self.timers[what] = self.loop.call_later(seconds, otherwise)
            self.waiting[self.timers[what]] = self
            self.make_room()

    def have(self, *expected: str) -> None:
        for what in self.timers.keys() & expected:
            timer = self.timers.pop(what)
            timer.cancel()
            del self.waiting[timer]
        if "reader" not in self.timers:
            self.unread.pop(self, None)

    def make_room(self) -> None:
        """Close the connections that have waited longest if they take up half of the open files, or
        too much memory.

        Without a free file, the server would reset every new connection.
        """
        most = open_files() // 2
        while (is_much := sum(self.unread.values()) > MAX_UNREAD_BYTES) or len(self.waiting) > most:
            oldest = next(iter(self.unread if is_much else self.waiting.values()))
            oldest.have("request", "reader")
            oldest.transport.abort()
            warn("Connections without a request or a reader fill up the server", closed_from=most)

    def on_message_begin(self) -> None:
        self.in_head, self.parsed, self.received = True, 0, 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self.count(len(url) + 32 * url.count(b"&"))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.count(len(name) + len(value) + 32)
        is_cookie = name.lower() == b"cookie"
        if READ_IN_PARTS.fullmatch(name):
            most = MAX_COOKIE_BYTES if is_cookie else MAX_FIELD_BYTES
            bound(f"header {name.decode()}", len(value), most)
        if is_cookie:  # our own have no quotes, which Python up to 3.11.9 removes in quadratic time
            value = value.replace(b'"', b"")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self.in_head = False
        self.heads += 1
        self.check_host()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self.in_head = True
        self.have("request")
        super().on_message_complete()

    def count(self, size: int) -> None:
        """Count bytes as HTTP/2 does, with 32 more per header and per field of a query."""
        self.parsed += size
        bound("head", self.parsed, MAX_HEAD_BYTES)

    def check_host(self) -> None:
        """Require exactly one Host header; HTTP/1.0 may omit it. See RFC 9112, section 3.2."""
        hosts = [value for name, value in self.headers if name == b"host"]
        fewest = int(self.parser.get_http_version() != "1.0")
        if not fewest <= len(hosts) <= 1 or not all(map(HOST.fullmatch, hosts)):
            received = b" and ".join(hosts)[:LONGEST_INPUT].decode("latin-1") or "none"
            raise wrong_field(
                "header Host", f"One valid name is accepted. Received {received}.", 400
            )

    def refuse(self, problem: Problem) -> None:
        """Respond without the app, and close."""
        warn("A request was refused unread", status=problem.status_code)
        body = body_of(problem).encode()
        head = (
            f"HTTP/1.1 {problem.status_code} {HTTPStatus(problem.status_code).phrase}\r\n"
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
"""Options of uvicorn for every server of the book."""
