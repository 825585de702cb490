"""Heads that are too large, requests that never end, responses that no client reads."""

from __future__ import annotations

import json
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from latentbook.http import logs, protocol
from latentbook.http.protocol import MAX_HEAD_BYTES
from latentbook.http.site_files import SiteFiles
from tests.patience import PATIENCE_S, until
from tests.small_server import write_site
from tools.bench.serving import served

BLOCK = b"x" * 8192
"""The most that any parser accepts in one piece."""


@pytest.fixture
def connection(client):
    """An open connection to the server."""
    url = urlsplit(str(client.base_url))
    with socket.create_connection((url.hostname, url.port), timeout=PATIENCE_S) as connection:
        yield connection


def answer(connection):
    """Read until the server closes; return status, head and JSON body."""
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:  # the server closed while more data was arriving
        pass
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.lower(), json.loads(body)


@pytest.mark.parametrize(
    "lines",
    [
        b"".join(b"x-%d: %b\r\n" % (i, BLOCK) for i in range(9)),
        b"x: " + 9 * BLOCK,  # a header without an end
        b"".join(b"x-%d: 1\r\n" % i for i in range(20_000)),
        b"x: 1\r\n" * 4000 + b"\r\n",  # shorter, but each header takes time
    ],
    ids=["several", "unended", "many", "short"],
)
def test_a_head_beyond_64_kilobytes_is_refused(connection, lines):
    connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\n")
    try:
        for start in range(0, len(lines), 8192):
            connection.sendall(lines[start : start + 8192])
    except OSError:
        pass  # refused before the end of the head
    status, head, problem = answer(connection)
    assert status == problem["status"] == 431
    assert b"application/problem+json" in head
    assert str(MAX_HEAD_BYTES) in problem["detail"]


PROGRAM = """
import resource, sys, uvicorn
from pathlib import Path
from latentbook.http.protocol import UVICORN
from latentbook.http.site_files import SiteFiles

resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
app = SiteFiles(Path(sys.argv[2]))
uvicorn.run(app, port=int(sys.argv[1]), lifespan="off", log_config=None, **UVICORN)
"""
LARGE = "runtime/0123456789ab/large.zip"
LARGE_BYTES = 2**24
"""More than the system buffers for a connection."""


@pytest.fixture
def site(tmp_path):
    """A site with a large file."""
    write_site(tmp_path, title="here")
    (tmp_path / LARGE).write_bytes(bytes(LARGE_BYTES))
    return tmp_path


@pytest.fixture
def few_files(site):
    """Address and process of a server that may open only a few files."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        place = listener.getsockname()
    command = [sys.executable, "-c", PROGRAM, str(place[1]), str(site)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            until(lambda: listens(place))
            yield place, server
        finally:
            server.kill()


def test_connections_without_a_request_lock_nobody_out(few_files):
    """Opens more connections than the process may have files, and then sends a request."""
    place, server = few_files
    with ExitStack() as opened:
        server.send_signal(signal.SIGSTOP)  # until all have connected
        for _ in range(200):
            opened.enter_context(socket.create_connection(place)).sendall(b"GET / HTTP/1.1\r\n")
        last = opened.enter_context(socket.create_connection(place, timeout=PATIENCE_S))
        last.sendall(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        server.send_signal(signal.SIGCONT)
        assert b"here" in b"".join(iter(lambda: last.recv(65536), b""))
        server.kill()
        assert "Connections without a request" in server.stderr.read()


def test_readers_of_nothing_lock_nobody_out_and_share_what_they_are_sent(few_files):
    place, server = few_files
    status = Path(f"/proc/{server.pid}/status")

    def memory():
        return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1])

    before = memory()
    with ExitStack() as opened:
        for _ in range(100):
            reader = opened.enter_context(socket.create_connection(place, timeout=PATIENCE_S))
            reader.sendall(b"GET /%b HTTP/1.1\r\nhost: a\r\n\r\n" % LARGE.encode())
            assert b"\0" in iter(partial(reader.recv, 1), b"")  # the file has started
        last = opened.enter_context(socket.create_connection(place, timeout=PATIENCE_S))
        last.sendall(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        assert b"here" in b"".join(iter(lambda: last.recv(65536), b""))
        assert memory() - before < 3 * LARGE_BYTES


@pytest.mark.clock
@pytest.mark.parametrize("end", ["close", "keep-alive"])
@pytest.mark.parametrize("part", [0, 1], ids=["nothing", "drops"])
def test_who_reads_next_to_nothing_is_dropped(site, monkeypatch, end, part):
    monkeypatch.setattr(protocol, "READ_S", 0.2)
    received = read_large(site, end, lambda reader: [reader.recv(part) for _ in range(8)])
    assert received < LARGE_BYTES


@pytest.mark.clock
def test_who_reads_slowly_but_steadily_gets_everything(site, monkeypatch):
    monkeypatch.setattr(protocol, "READ_S", 0.5)
    received = read_large(site, "close", lambda reader: [reader.recv(2**17) for _ in range(12)])
    assert received > LARGE_BYTES


def read_large(site, end, begin):
    """Count the bytes received after a slow beginning, until the server closes."""
    with served(SiteFiles(site)) as url:
        place = urlsplit(url)
        with socket.socket() as reader:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**16)
            reader.settimeout(PATIENCE_S)
            reader.connect((place.hostname, place.port))
            head = f"GET /{LARGE} HTTP/1.1\r\nhost: a\r\nconnection: {end}\r\n\r\n"
            reader.sendall(head.encode())
            sizes = []
            begin(SlowReader(reader, sizes))
            with suppress(ConnectionResetError):
                while part := reader.recv(2**17):
                    sizes.append(len(part))
    return sum(sizes)


def test_what_nobody_reads_is_bounded_for_all_together(monkeypatch):
    monkeypatch.setattr(protocol, "MAX_UNREAD_BYTES", 1.5 * LARGE_BYTES)
    body = bytes(LARGE_BYTES)

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    with served(app) as url, ExitStack() as opened:
        place = urlsplit(url)
        readers = []
        for _ in range(2):
            reader = socket.create_connection((place.hostname, place.port), timeout=PATIENCE_S)
            readers.append(opened.enter_context(reader))
            reader.sendall(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            assert reader.recv(1)
        sizes = [sum(map(len, iter(partial(each.recv, 2**17), b""))) for each in readers]
    assert sizes[0] < LARGE_BYTES < sizes[1]


class SlowReader:
    """Waits a tenth of a second before each read."""

    def __init__(self, connection, sizes):
        self.connection, self.sizes = connection, sizes

    def recv(self, size):
        time.sleep(0.1)
        self.sizes.append(len(self.connection.recv(size)) if size else 0)


def test_a_server_without_a_file_left_is_not_ready(client):
    assert client.get("/readyz").status_code == 200  # opens the connection
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        answer = client.get("/readyz")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert answer.status_code == 503
    assert "Too many open files" in answer.json()["detail"]
    assert client.get("/readyz").status_code == 200


def listens(place):
    with suppress(ConnectionRefusedError):
        socket.create_connection(place).close()
        return True


@pytest.mark.parametrize("address", [9 * BLOCK, b"?" + 8000 * b"a&"])
def test_a_long_address_counts_too(connection, address):
    connection.sendall(b"GET /" + address + b" HTTP/1.1\r\n")
    assert answer(connection)[0] == 431


@pytest.mark.parametrize(
    "name",
    ["accept", "accept-encoding", "content-length", "content-type", "cookie", "if-none-match"],
)
def test_a_header_that_is_read_part_by_part_is_short(connection, name):
    head = f"GET /healthz HTTP/1.1\r\nhost: a\r\n{name}: {10_000 * '0'}\r\n\r\n"
    connection.sendall(head.encode())
    status, _, problem = answer(connection)
    assert status == 431
    assert "Received 10000" in problem["detail"]
    assert problem["errors"][0]["field"] == f"header {name}"


def test_cookies_come_without_quotes():
    """Python up to 3.11.9 took five seconds for 60 KB of quotes in quotes."""
    seen = []

    async def app(scope, receive, send):
        seen.append(dict(scope["headers"])[b"cookie"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    with served(app) as url:
        httpx.get(url, headers={"Cookie": r'a="\"\""; b=c'})
    assert seen == [rb"a=\\; b=c"]


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1",
        b"HTTP/1.1\r\nhost: a\r\nhost: a",
        b"HTTP/1.0\r\nhost: a\r\nhost: b",
        b"HTTP/1.1\r\nhost: a b",
        b"HTTP/1.1\r\nhost: a/b",
        b"HTTP/1.1\r\nhost: me@a",
        b"HTTP/1.1\r\nhost: a:b",
        b"HTTP/1.1\r\nhost: \xe9",
    ],
)
def test_a_request_names_one_host(connection, head):
    connection.sendall(b"GET /healthz %b\r\n\r\n" % head)
    status, _, problem = answer(connection)
    assert status == problem["status"] == 400
    assert problem["errors"][0]["field"] == "header Host"


@pytest.mark.parametrize(
    "host", [b"", b"a", b"a.example:8000", b"[::1]:80", b"127.0.0.1", b"a_b-c"]
)
def test_a_host_may_have_any_valid_name(connection, host):
    connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: %b\r\nconnection: close\r\n\r\n" % host)
    assert answer(connection)[0] == 200


def test_http_1_0_needs_no_host(connection):
    connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
    assert answer(connection)[0] == 200


def test_unreadable_requests_do_not_fill_the_log(client, caplog, monkeypatch):
    monkeypatch.setattr(logs, "warned", {})
    url = urlsplit(str(client.base_url))

    def send():
        with socket.create_connection((url.hostname, url.port), timeout=PATIENCE_S) as connection:
            connection.sendall(b"what is this?\r\n\r\n")
            assert answer(connection)[0] == 400

    for _ in range(5):
        send()
    assert len(caplog.records) == 1
    monkeypatch.setattr(logs, "WARN_S", -1)  # a minute later
    send()
    assert len(caplog.records) == 2


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
