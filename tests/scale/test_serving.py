"""Two replicas behind the server's own API send the same bytes, even if one is killed."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, cycle
from pathlib import Path

import httpx
import numpy as np
import pytest
import torch

from latentbook.main import create_app
from latentbook.settings import Settings
from latentbook_decoders.api import atlas, grid
from latentbook_decoders.decoding import decoders
from latentbook_decoders.decoding.jobs import Floats
from latentbook_decoders.decoding.served_model import ServedModel, one_threaded_workers
from latentbook_decoders.models import registry
from latentbook_decoders.models.device import choose_dtype
from latentbook_decoders.settings import DecoderSettings
from tests.patience import SERVER_S, until
from tests.scale.server import Server
from tools.bench.serving import served

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        not Path("/proc/self/stat").exists(), reason="finds the processes of Ray in /proc"
    ),
]

MODEL = "conv_vae_mnist"
RAW = {"Accept": "application/octet-stream"}
QUEUE = 6
CLIENTS = 4
VARYING = {"date", "server-timing"}
LONG, SHORTER = 2.75, 2.5
"""Spans of two pictures, sized to take any processor about 2 s and 0.3 s."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Server]:
    """One server for all tests: Ray takes ten seconds to start. It transfers any number format."""
    dtype = choose_dtype("auto", torch.device("cpu"))  # one that this processor need not emulate
    server = Server(tmp_path_factory.mktemp("scale"), QUEUE, dtype)
    server.copy(root)
    (server.weights / "autoencoder_mnist.safetensors").unlink()
    with (server.weights / "mlp_vae_mnist.safetensors").open("ab") as weights:
        weights.write(b"\0")
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url) as client:
        yield client


@pytest.fixture(scope="module")
def expected(server: Server) -> dict[str, bytes]:
    """Path of a picture -> its bytes, drawn by the model itself."""
    workers = one_threaded_workers()
    model = ServedModel(registry.load(MODEL), "cpu", server.dtype, workers)
    origin = np.zeros(2)
    pictures = {}

    def draw(place: str, codes: Floats, cell: int, exact: bool) -> None:
        tiles = model.decode(codes, exact)
        margin = (cell - 28) // 2
        cells = np.pad(tiles, ((0, 0), (margin, margin), (margin, margin)))
        pictures[f"/api/models/{MODEL}/{place}"] = cells.tobytes()

    def draw_grid(n: int, span: float) -> float:
        """Draw a grid; return the seconds that it took."""
        codes = grid.grid_codes(n, span, (0, 1), origin)
        begun = time.perf_counter()
        draw(f"grid?n={n}&span={span}", codes, 28, span > decoders.NEAR)
        return time.perf_counter() - begun

    for n, span in [(1, 1.0), (3, 2.0), (8, 3.0), (16, 3.0), (20, 6.0)]:
        draw_grid(n, span)
    tile = draw_grid(16, 3.0) / 16**2
    for span, seconds in ((LONG, 2), (SHORTER, 0.3)):
        draw_grid(int(np.clip((seconds / tile) ** 0.5, 8, 128)), span)
    for zoom, x, y in [(2, 1, 1), (3, 4, 4), (5, 15, 16), (9, 256, 255)]:
        codes = atlas.tile_codes(zoom, x, y, (0, 1), origin)
        draw(f"atlas/{zoom}/{x}/{y}", codes, 32, zoom >= atlas.EXACT_FROM)
    workers.shutdown()
    return pictures


def test_answers_are_those_of_a_single_server(client, server, monkeypatch):
    codes = json.dumps({"codes": [[0, 0], [5, 0.25]]})
    images = json.dumps({"images": [[[0.5] * 28] * 28]})
    requests = [
        ("GET", "/", {}, None),
        ("GET", "/nowhere", {}, None),
        ("GET", f"/api/models/{MODEL}", {}, None),
        ("GET", f"/api/models/{MODEL}/grid?n=9", {"Accept": "image/png"}, None),
        ("GET", f"/api/models/{MODEL}/grid?n=9", RAW, None),
        ("GET", f"/api/models/{MODEL}/grid?n=129", {}, None),
        ("GET", f"/api/models/{MODEL}/atlas/2/1/1", {}, None),
        ("GET", "/api/models/nope/grid", {}, None),
        ("GET", "/api/models/mlp_vae_mnist/grid", {}, None),
        ("GET", "/api/nowhere", {}, None),
        ("POST", f"/api/models/{MODEL}/decode", {"Content-Type": "application/json"}, codes),
        ("POST", f"/api/models/{MODEL}/encode", {"Content-Type": "application/json"}, images),
        ("POST", f"/api/models/{MODEL}/encode", {"Content-Type": "text/plain"}, images),
    ]
    monkeypatch.setattr(registry, "WEIGHTS_DIR", server.weights)
    app = create_app(
        Settings(build=server.build).extended(DecoderSettings(device="cpu", dtype=server.dtype))
    )
    with served(app, server_header=False) as url:
        for method, path, headers, body in requests:
            ours = client.request(method, path, headers=headers, content=body)
            theirs = httpx.request(method, url + path, headers=headers, content=body)
            assert ours.status_code == theirs.status_code, path
            assert ours.content == theirs.content, path
            assert comparable(ours) == comparable(theirs), path


def comparable(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in VARYING}


def test_a_picture_that_the_client_has_is_not_sent_again(client):
    path = f"/api/models/{MODEL}/grid?n=2"
    etag = client.get(path).headers["etag"]
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("nope", 404, "There is no model 'nope'"),
        ("autoencoder_mnist", 503, "has no weights"),
        ("mlp_vae_mnist", 503, "its card says"),
    ],
)
def test_a_model_that_cannot_be_had_says_why(client, name, status, words):
    answer = client.get(f"/api/models/{name}/grid")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]


def test_nothing_listens_or_connects_beyond_this_machine(server, client):
    client.get(f"/api/models/{MODEL}/grid?n=2")
    sockets = {name for pid, _ in server.processes() for name in open_sockets(pid)}
    seen = 0
    for table, loopback in (("tcp", "0100007F"), ("tcp6", "0000000000000000FFFF00000100007F")):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in sockets:
                addresses = [fields[1].partition(":")[0]]
                if fields[3] != "0A":  # not listening: check the remote address too
                    addresses.append(fields[2].partition(":")[0])
                assert set(addresses) <= {loopback, "1" + "0" * 31}, line
                seen += 1
    assert seen > 10


def open_sockets(pid: int) -> list[str]:
    """List the inodes of a process's sockets."""
    found = []
    for link in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            target = str(link.readlink())
        except OSError:
            continue
        if target.startswith("socket:["):
            found.append(target[8:-1])
    return found


def path_of(span: float, expected: dict[str, bytes]) -> str:
    return next(path for path in expected if path.endswith(f"span={span}"))


def ticks(process: int) -> int:
    """Processor time that a process has used, in hundredths of a second."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_no_answer_is_wrong_or_lost_when_a_replica_is_killed(server, client, expected):
    before = server.replicas()
    assert len(before) == 2
    longest = path_of(LONG, expected)
    stop = time.monotonic() + SERVER_S  # the new replica imports torch while readers read
    replaced: list[int] = []
    at_rest = ticks(before[0])

    def read(reader: int) -> list[tuple[int, str]]:
        wrong = []
        others = np.random.default_rng(reader).permutation(list(expected)).tolist()
        paths = chain([longest], cycle(others))
        with httpx.Client(base_url=server.url, headers=RAW) as client:
            while len(replaced) < CLIENTS and time.monotonic() < stop:
                path = next(paths)
                answer = client.get(path)
                if answer.status_code != 200 or answer.content != expected[path]:
                    wrong.append((answer.status_code, path))
                if len(server.replicas()) == 2 and before[0] not in server.replicas():
                    replaced.append(reader)  # each goes on until all have noticed
        return wrong

    with ThreadPoolExecutor(CLIENTS) as pool:
        reading = [pool.submit(read, reader) for reader in range(CLIENTS)]
        until(lambda: ticks(before[0]) > at_rest + 10)  # it is drawing a picture
        os.kill(before[0], signal.SIGSTOP)
        time.sleep(1)  # it will never answer its current and new requests
        os.kill(before[0], signal.SIGKILL)
        wrong = [one for done in reading for one in done.result()]
    assert wrong == []
    assert replaced
    assert "replica lost" in server.log
    assert before[1] in server.replicas()


def test_more_than_may_wait_are_told_when_to_ask_again(server, expected):
    path = path_of(SHORTER, expected)
    picture = expected[path]
    refused: list[httpx.Response] = []

    def read(reader: int) -> bytes:
        with httpx.Client(base_url=server.url, headers=RAW) as client:
            while (answer := client.get(path)).status_code == 503:
                refused.append(answer)
                time.sleep(float(answer.headers["retry-after"]))
        assert answer.status_code == 200
        return answer.content

    with ThreadPoolExecutor(48) as pool:
        assert set(pool.map(read, range(48))) == {picture}
    assert refused
    for answer in refused:
        assert answer.headers["content-type"] == "application/problem+json"
        assert f"{QUEUE} requests are waiting" in answer.json()["detail"]


def waiting(server: Server) -> int:
    """Count the requests that the server has passed to its replicas."""
    metrics = httpx.get(f"{server.url}/metrics").text
    (line,) = re.findall(r"^latentbook_queue_length (\S+)$", metrics, re.MULTILINE)
    return int(float(line))


def test_a_server_told_to_stop_answers_what_it_has_begun_and_leaves_nothing(server, expected):
    path = path_of(SHORTER, expected)
    with ThreadPoolExecutor(QUEUE) as pool:
        begun = [
            pool.submit(httpx.get, server.url + path, headers=RAW)
            for _ in range(QUEUE)  # more might be refused
        ]
        until(lambda: sum(answer.done() for answer in begun) + waiting(server) == QUEUE)
        server.processes()
        server.process.send_signal(signal.SIGTERM)
        assert {answer.result().content for answer in begun} == {expected[path]}
    assert server.process.wait(SERVER_S) == 0
    until(lambda: not server.left())
    assert "Traceback" not in server.log
