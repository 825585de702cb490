"""A server in a separate process, under load: lost readers, too many readers, and shutdown."""

import json
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.patience import SERVER_S, until
from tests.small_server import write_own_book, write_site

GRID = "/api/models/conv_vae_mnist/grid"
RAW = {"Accept": "application/octet-stream"}
READERS = 8


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


SLOW = """
import latentbook.main
from latentbook.cli import main

latentbook.main.DRAIN_S = 600
main()
"""
"""Gives the server time to answer everything, however slow this machine is."""

ENDLESS = """
import time

import latentbook.main
from latentbook.cli import main
from latentbook_decoders.decoding.served_model import Dropped, ServedModel

decode = ServedModel.decode


def endless(self, z, exact, stop=lambda: False):
    if len(z) != 9:
        return decode(self, z, exact, stop)
    while not stop():
        time.sleep(0.01)
    raise Dropped


ServedModel.decode = endless
latentbook.main.DRAIN_S, latentbook.main.SEND_S = 1, 600
main()
"""
"""Never finishes a grid of 3 x 3."""


@pytest.fixture
def server(tmp_path, request):
    """URL and process of a server whose queue has room for `READERS` requests."""
    write_site(tmp_path / "site")
    port = free_port()
    names = {
        "LATENTBOOK_BUILD": str(tmp_path),
        "LATENTBOOK_DEVICE": "cpu",
        "LATENTBOOK_DTYPE": "float32",  # no processor has to emulate it
        "LATENTBOOK_QUEUE_SIZE": str(READERS),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", request.param, "serve", "--built", "--port", str(port)],
        env=os.environ | names,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"
    until(lambda: answers(url))
    httpx.get(f"{url}{GRID}?n=1")  # loads torch and the model
    yield url, process
    process.kill()
    process.communicate()


def answers(url):
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def metric(url, name):
    for family in text_string_to_metric_families(httpx.get(f"{url}/metrics").text):
        for sample in family.samples:
            if sample.name == name:
                return sample.value
    raise KeyError(name)


def ask(url, n):
    return httpx.get(f"{url}{GRID}", params={"n": n}, headers=RAW)


@pytest.mark.long
@pytest.mark.parametrize("server", [SLOW], indirect=True, ids=["slow"])
def test_a_server_under_load(server):
    url, process = server
    with ThreadPoolExecutor(2 * READERS) as pool:
        # Readers disconnect: the server drops their work and frees the queue for others.
        leaving = [begin(url, 128) for _ in range(READERS)]
        until(lambda: metric(url, "latentbook_queue_length") >= READERS - 1)
        for connection in leaving:
            connection.close()
        until(lambda: answered(url) == 1 + READERS)  # one that came late would join the next ones
        assert metric(url, "latentbook_jobs_dropped_total") >= READERS - 1
        assert metric(url, "latentbook_queue_length") == 0
        assert ask(url, 2).status_code == 200

        # More readers than the queue holds: the server tells the rest when to retry.
        full = [pool.submit(ask, url, 128) for _ in range(2 * READERS)]
        statuses = sorted(each.result().status_code for each in full)
        assert set(statuses) == {200, 503}
        assert statuses.count(200) >= READERS
        refused = [each.result() for each in full if each.result().status_code == 503]
        assert all(each.headers["retry-after"] == "1" for each in refused)
        assert metric(url, "latentbook_jobs_rejected_total") == len(refused)

        # After a stop signal, accepted requests are answered in full, and no others are accepted.
        begun = [pool.submit(ask, url, 128) for _ in range(READERS)]
        until(lambda: metric(url, "latentbook_queue_length") >= READERS - 1)
        process.send_signal(signal.SIGTERM)
        until(lambda: not listens(url))
        assert process.poll() is None
        bodies = {each.result().content for each in begun}
        assert {each.result().status_code for each in begun} == {200}
    assert [len(body) for body in bodies] == [128 * 128 * 784]
    _, written = process.communicate(timeout=SERVER_S)
    assert process.returncode == 0
    assert written == ""


def answered(url):
    """Number of requests for grids that have ended, whether answered or left."""
    families = text_string_to_metric_families(httpx.get(f"{url}/metrics").text)
    samples = [sample for family in families for sample in family.samples]
    return sum(
        sample.value
        for sample in samples
        if sample.name == "latentbook_http_requests_total" and "/grid" in sample.labels["route"]
    )


def begin(url, n):
    """Open a connection, send a request, and read nothing yet."""
    connection = HTTPConnection(url.removeprefix("http://"))
    connection.request("GET", f"{GRID}?n={n}", headers=RAW)
    return connection


def listens(url):
    host, port = url.removeprefix("http://").split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


@pytest.mark.parametrize("server", [ENDLESS], indirect=True, ids=["endless"])
def test_what_a_server_cannot_answer_before_its_end_is_refused(server):
    url, process = server
    loaded = metric(url, "latentbook_queue_seconds_count")
    with ThreadPoolExecutor(2) as pool:
        begun = [pool.submit(ask, url, 3)]
        until(lambda: metric(url, "latentbook_queue_seconds_count") > loaded)
        begun.append(pool.submit(ask, url, 3))
        until(lambda: metric(url, "latentbook_queue_length") == 1)
        process.send_signal(signal.SIGTERM)
        refused = [each.result() for each in begun]
    for answer in refused:
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.json() == {
            "type": "about:blank",
            "title": "Service Unavailable",
            "status": 503,
            "detail": "The server is shutting down. Try again in a few seconds.",
            "errors": [],
        }
    _, written = process.communicate(timeout=SERVER_S)
    assert (process.returncode, written) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_at_rest_ends_at_once(tmp_path, number):
    write_site(tmp_path / "site")
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", "from latentbook.cli import main; main()", "serve", "--built"],
        env=os.environ | {"LATENTBOOK_BUILD": str(tmp_path), "LATENTBOOK_PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: answers(f"http://127.0.0.1:{port}"))
    process.send_signal(number)
    _, written = process.communicate(timeout=SERVER_S)
    assert (process.returncode, written) == (0, "")


COURSE = """\
title = "A course"
subtitle = "With a mistake"
description = "For tests."
language = "en"
instruments = ["broken"]

[[parts]]
title = "All"
chapters = ["one"]
"""
CHAPTER = """\
---
title: One
standfirst: One.
level: None
builds_on: []
description: One.
sections: []
---

:::{instrument} broken
:label: broken-one
:::
"""


def test_a_course_whose_instrument_cannot_be_imported_is_served_as_it_was(tmp_path):
    files = {
        "course.toml": COURSE,
        "content/front.md": "---\ntitle: A\nstandfirst: A.\ndescription: A.\n---\n\nA.\n",
        "content/one/index.md": CHAPTER,
        "instruments/broken.py": "x = 1\nwhile True:\n    pass\n",
    }
    for name, text in files.items():
        path = tmp_path / "course" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    write_site(tmp_path / "build" / "site")
    port = free_port()
    names = {
        "LATENTBOOK_COURSE": str(tmp_path / "course"),
        "LATENTBOOK_BUILD": str(tmp_path / "build"),
        "LATENTBOOK_PORT": str(port),
        "LATENTBOOK_CODE_TIMEOUT": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", "from latentbook.cli import main; main()", "serve"],
        env=os.environ | names,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"
    until(lambda: answers(url) or process.poll() is not None)
    assert "Chapter" in httpx.get(f"{url}/vae/").text
    errors = httpx.get(f"{url}/readyz").json()["fault"]["errors"]
    process.send_signal(signal.SIGTERM)
    _, written = process.communicate(timeout=SERVER_S)
    assert process.returncode == 0
    assert any("broken" in error for error in errors)
    *printed, served, logged = written.splitlines()
    assert printed == errors
    assert served.startswith("The last good site, built ")
    assert json.loads(logged)["errors"] == errors


WITHOUT_TORCH = """
import sys

sys.modules |= dict.fromkeys(("torch", "training", "ray"))
from latentbook.cli import main

main()
"""
"""Runs like an installed package without PyTorch."""


def test_without_pytorch_the_book_is_served_and_the_rest_says_why(tmp_path):
    write_site(tmp_path / "site")
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", WITHOUT_TORCH, "serve", "--built"],
        env=os.environ | {"LATENTBOOK_BUILD": str(tmp_path), "LATENTBOOK_PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: process.poll() is not None or answers(f"http://127.0.0.1:{port}"))
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            for path in ("/", "/vae/", "/healthz", "/readyz", "/metrics", "/api/openapi.json"):
                assert client.get(path).status_code == 200, path
            model = "/api/models/conv_vae_mnist"
            refused = [
                client.get("/api/models"),
                client.get(model),
                client.get(f"{model}/grid"),
                client.get(f"{model}/atlas/0/0/0"),
                client.post(f"{model}/decode", json={"codes": [[0, 0]]}),
                client.post(f"{model}/encode", json={"images": [[[0] * 28] * 28]}),
            ]
            for answer in refused:
                assert answer.status_code == 503, answer.url
                assert answer.headers["Content-Type"] == "application/problem+json"
                assert "PyTorch is not installed" in answer.json()["detail"]
                assert "pip install 'latentbook[decoders]'" in answer.json()["detail"]
            assert client.get("/api/instruments/linear_probe").status_code == 200
    finally:
        process.send_signal(signal.SIGTERM)
        said, written = process.communicate(timeout=SERVER_S)
    assert (process.returncode, written) == (0, "")
    assert "PyTorch is not installed on this server, so its decoders are off." in said


@pytest.mark.parametrize("loaded", [True, False])
def test_pytorch_is_imported_once_nobody_asks(tmp_path, loaded):
    """Otherwise a decoder's first reader also waits for the import, or all others do during it. A
    book without decoders never imports PyTorch.
    """
    write_site(tmp_path / "site")
    write_own_book(tmp_path / "mine", "")
    course = None if loaded else str(tmp_path / "mine")
    program = f"""
import asyncio
import sys

import latentbook.main
import latentbook_decoders.plugin
from latentbook_decoders.settings import DecoderSettings
from latentbook.settings import Settings

names = ["torch", "latentbook_decoders.models.registry"]


class Server(latentbook.main.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print(self.started, *(name in sys.modules for name in names))
        for _ in range(100):  # one more each time that it looks
            self.config.app.state.metrics.requests.labels("site", 200).inc()
            await asyncio.sleep(0)
        print(*(name in sys.modules for name in names))
        await asyncio.gather(*self.begun)
        print(*(name in sys.modules for name in names))
        self.should_exit = True


latentbook.main.Server, latentbook_decoders.plugin.LOAD_AFTER_S = Server, 0
settings = Settings(course={course!r}, port={free_port()})
settings = settings.extended(DecoderSettings(replicas={0 if loaded else 2}))
latentbook.main.run(settings, report=print)
"""
    environment = os.environ | {"LATENTBOOK_BUILD": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, check=True, stdout=subprocess.PIPE
    )
    said = done.stdout.decode().splitlines()
    assert said[0].startswith("The book is at")
    assert said[1:] == ["True False False", "False False", f"{loaded} {loaded}"]
