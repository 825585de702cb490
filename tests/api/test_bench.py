"""The bench compares like with like: direct call and server make the same picture."""

import socket
import struct
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest

from latentbook_decoders.api.grid import grid_codes
from latentbook_decoders.decoding.served_model import ServedModel, one_threaded_workers
from tests.small_server import random_model
from tools.bench.decode import CHUNKS, FORMS, direct_call
from tools.bench.line import slow_line
from tools.bench.readers import reading


@pytest.mark.parametrize("n", [16, 64])
def test_the_direct_call_makes_the_servers_picture(n):
    workers = one_threaded_workers()
    served_model = ServedModel(random_model(2), "cpu", "float32", workers)
    z = grid_codes(n, 3.0, (0, 1), np.zeros(2))
    images = served_model.decode(z, exact=True).astype(int)
    for chunk in CHUNKS:
        for together in (False, True):
            picture = direct_call(served_model, z, n, chunk, together=together)
            assert np.abs(images - picture).max() <= 1
    workers.shutdown()


def test_a_slow_line_ends_in_silence(client, caplog):
    """Has one connection that was reset, one in use, and one without a request."""
    with slow_line(str(client.base_url), 20, 4) as url:
        address = urlsplit(url)
        connections = [socket.create_connection((address.hostname, address.port)) for _ in range(3)]
        for connection in connections[:2]:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n")
            assert connection.recv(64).startswith(b"HTTP/1.1 200")
        now = struct.pack("ii", 1, 0)
        connections[0].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
        connections[0].close()
        assert httpx.get(f"{url}/healthz").status_code == 200
    assert [record for record in caplog.records if record.name == "asyncio"] == []
    for connection in connections:
        connection.close()


def test_readers_read_whole_answers(client):
    with reading(2) as readers:
        for form in FORMS.values():
            headers = {"Accept": form, "Accept-Encoding": "gzip, zstd"}
            path = "/api/models/plane/grid?n=5"
            answers = readers.ask(str(client.base_url), path, headers, readers=2, count=2)
            size = int(client.get(path, headers=headers).headers["content-length"])
            assert [answer.size for answer in answers] == [size] * 4
            assert set(answers[0].timing) == {"queue", "decode", "write"}
            assert all(sum(each.timing.values()) < each.seconds for each in answers)
