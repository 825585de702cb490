"""Heads that are too large, and requests that never come to their end."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import pytest

from latentbook.http import protocol
from latentbook.http.protocol import MAX_HEAD_BYTES
from tests.patience import PATIENCE_S, until

BLOCK = b"x" * 8192
"""As much as any parser takes in one piece."""


@pytest.fixture
def connection(client):
    """An open connection to the server."""
    url = urlsplit(str(client.base_url))
    with socket.create_connection((url.hostname, url.port), timeout=PATIENCE_S) as connection:
        yield connection


def answer(connection):
    """Everything that comes until the server closes."""
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:  # it closed while more was on its way
        pass
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.lower(), json.loads(body)


@pytest.mark.parametrize(
    "lines",
    [
        b"".join(b"x-%d: %b\r\n" % (i, BLOCK) for i in range(9)),
        b"x: " + 9 * BLOCK,  # one that has not ended
        b"".join(b"x-%d: 1\r\n" % i for i in range(20_000)),
    ],
    ids=["several", "unended", "many"],
)
def test_a_head_beyond_64_kilobytes_is_refused(connection, lines):
    connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\n")
    try:
        for start in range(0, len(lines), 8192):
            connection.sendall(lines[start : start + 8192])
    except OSError:
        pass  # refused before its end
    status, head, problem = answer(connection)
    assert status == problem["status"] == 431
    assert b"application/problem+json" in head
    assert str(MAX_HEAD_BYTES) in problem["detail"]


PROGRAM = """
import resource, sys, uvicorn
from latentbook.http.protocol import UVICORN

async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"here"})

resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
uvicorn.run(app, port=int(sys.argv[1]), lifespan="off", log_config=None, **UVICORN)
"""


def test_connections_without_a_request_lock_nobody_out():
    """More at once than the process may have files open, and a request after them."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    place = ("127.0.0.1", port)
    with ExitStack() as opened:
        server = opened.enter_context(
            subprocess.Popen(
                [sys.executable, "-c", PROGRAM, str(port)], stderr=subprocess.PIPE, text=True
            )
        )
        opened.callback(server.kill)
        until(lambda: listens(place))
        server.send_signal(signal.SIGSTOP)  # until all have come
        for _ in range(200):
            opened.enter_context(socket.create_connection(place)).sendall(b"GET / HTTP/1.1\r\n")
        last = opened.enter_context(socket.create_connection(place, timeout=PATIENCE_S))
        last.sendall(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        server.send_signal(signal.SIGCONT)
        assert b"here" in b"".join(iter(lambda: last.recv(65536), b""))
        server.kill()
        assert "Connections without a request" in server.stderr.read()


def listens(place):
    with suppress(ConnectionRefusedError):
        socket.create_connection(place).close()
        return True


def test_a_long_address_counts_too(connection):
    connection.sendall(b"GET /" + 9 * BLOCK)
    assert answer(connection)[0] == 431


def test_heads_are_counted_one_by_one(connection):
    long = b"x: " + b"y" * (MAX_HEAD_BYTES - 2000)
    for _ in range(3):
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\n" + long + b"\r\n\r\n")
        received = b""
        while b'{"status":"ok"}' not in received:
            received += connection.recv(65536)
        assert received.startswith(b"HTTP/1.1 200")


def test_what_is_no_request_is_a_problem_too(connection):
    connection.sendall(b"what is this?\r\n\r\n")
    status, _, problem = answer(connection)
    assert status == problem["status"] == 400


@pytest.mark.clock
@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET /healthz HTT",
        b"POST /api/models/plane/decode HTTP/1.1\r\nhost: a\r\n"
        b"content-type: application/json\r\ncontent-length: 100\r\n\r\n[",
    ],
    ids=["silent", "half a head", "half a body"],
)
def test_who_never_ends_a_request_is_dropped(client, monkeypatch, begun):
    monkeypatch.setattr(protocol, "REQUEST_S", 1)
    url = urlsplit(str(client.base_url))
    with socket.create_connection((url.hostname, url.port), timeout=PATIENCE_S) as connection:
        connection.sendall(begun)
        assert connection.recv(65536) == b""


@pytest.mark.clock
def test_an_answer_may_take_longer_than_a_request(client, monkeypatch):
    assert client.get("/healthz").status_code == 200  # opens the connection
    monkeypatch.setattr(protocol, "REQUEST_S", 0.05)
    assert client.get("/api/models/plane/grid?n=128").status_code == 200
    assert client.get("/healthz").status_code == 200  # on the same connection


def test_a_body_is_refused_before_it_is_sent(connection):
    connection.sendall(
        b"POST /api/models/plane/decode HTTP/1.1\r\nhost: a\r\nconnection: close\r\n"
        b"content-type: application/json\r\ncontent-length: 100000000\r\n\r\n"
    )
    status, _, problem = answer(connection)
    assert status == 413
    assert "Received 100000000" in problem["detail"]


@pytest.mark.parametrize("body", [b"\x1f\x8b\x08\0\0", b'{"codes": "\xff"}'])
def test_a_body_that_is_not_text_is_told_so(client, body):
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = client.post("/api/models/plane/decode", content=body, headers=headers)
    assert answer.status_code == 400
    assert "not text in UTF-8" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/api/models/", "/healthz/"])
def test_no_answer_leads_to_the_host_that_a_request_names(client, path):
    answer = client.get(path, headers={"Host": "elsewhere.example"})
    assert answer.status_code == 404
    assert "location" not in answer.headers


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/api/models", 200), ("/nowhere", 404)])
def test_a_websocket_handshake_is_answered_as_a_request(connection, caplog, path, status):
    connection.sendall(
        b"GET %b HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        % path.encode()
    )
    assert int(connection.recv(65536).split()[1]) == status
    assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []
