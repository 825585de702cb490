"""Metrics, the access log, and HEAD."""

import io
import json
import logging
import re

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from latentbook.http.logs import SERVER, configure_logs
from tests.patience import until
from tests.small_server import app_with
from tools.bench.serving import served

GRID = "/api/models/plane/grid"


def samples(client):
    """Read every sample of /metrics: (name, labels) -> value."""
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    assert response.headers["cache-control"] == "no-store"
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


@pytest.fixture
def own_client(settings):
    """A client of a server that no other test uses."""
    with served(app_with(settings)) as url, httpx.Client(base_url=url) as client:
        yield client


def test_requests_are_counted_by_the_template_of_their_route(own_client):
    for path in (f"{GRID}?n=3", f"{GRID}?n=4", "/api/models/five/grid?n=2", f"{GRID}?n=0"):
        own_client.get(path)
    for path in ("/", "/vae/", "/nothing", "/api/nothing", "/api/models/plane/atlas/1/0/1"):
        own_client.get(path)
    own_client.head(GRID)
    counted = {
        dict(labels)["route"] + " " + dict(labels)["status"]: value
        for (name, *labels), value in samples(own_client).items()
        if name == "latentbook_http_requests_total"
    }
    assert counted == {
        "/api/models/{name}/grid 200": 4,
        "/api/models/{name}/grid 422": 1,
        "/api/models/{name}/atlas/{zoom}/{x}/{y} 200": 1,
        "site 200": 2,
        "site 404": 1,
        "none 404": 1,
    }


def test_tiles_and_batches_are_counted(own_client):
    own_client.get(GRID, params={"n": 3})
    own_client.get(GRID, params={"n": 4})
    own_client.get("/api/models/five/grid", params={"n": 2})
    seen = samples(own_client)
    assert seen["latentbook_tiles_decoded_total", ("model", "plane")] == 25
    assert seen["latentbook_tiles_decoded_total", ("model", "five")] == 4
    assert seen[("latentbook_batch_tiles_sum",)] == 29
    assert seen[("latentbook_batch_tiles_count",)] == 3
    assert seen["latentbook_decode_seconds_count", ("model", "plane")] == 2
    assert seen["latentbook_http_request_seconds_count", ("route", "/api/models/{name}/grid")] == 3
    assert seen[("latentbook_queue_length",)] == 0
    assert seen[("latentbook_jobs_dropped_total",)] == 0
    assert seen[("latentbook_jobs_rejected_total",)] == 0


def test_each_app_counts_for_itself(own_client, client):
    client.get(GRID)
    assert ("latentbook_tiles_decoded_total", ("model", "plane")) not in samples(own_client)


@pytest.fixture
def lines(monkeypatch):
    """The log as written to standard error."""
    written = io.StringIO()
    root = logging.getLogger()
    kept, level = root.handlers, root.level
    with monkeypatch.context() as patch:
        patch.setattr("sys.stderr", written)
        configure_logs("info")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.handlers = kept
    root.setLevel(level)
    logging.getLogger("httpx").setLevel(logging.NOTSET)


def test_one_line_a_request_says_what_it_cost(own_client, lines):
    own_client.get(GRID, params={"n": 3}, headers={"Accept": "application/octet-stream"})
    own_client.head(GRID)
    own_client.get("/api/models/nothing/grid", headers={"User-Agent": "Mozilla/5.0 Ada"})
    own_client.get("/vae/")
    until(lambda: len(lines()) == 4)  # the last line is written after its answer was sent
    first, head, missing, page = lines()
    assert first["event"] == "request" and first["level"] == "info"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", first["timestamp"])
    assert (first["method"], first["path"], first["status"]) == ("GET", GRID, 200)
    assert first["model"] == "plane"
    assert first["bytes"] == 9 * 784
    parts = [first[f"{part}_seconds"] for part in ("queue", "decode", "write")]
    assert all(part >= 0 for part in parts)
    assert sum(parts) < first["seconds"]
    assert (head["method"], head["bytes"], head["model"]) == ("HEAD", 0, "plane")
    assert (missing["status"], missing["model"]) == (404, "nothing")
    assert page["path"] == "/vae/" and "model" not in page
    assert "Ada" not in json.dumps(missing)
    assert set(page) == {
        "event", "level", "timestamp", "method", "path", "status", "seconds", "bytes",
    }  # fmt: skip


def test_lines_of_libraries_are_json_too(lines):
    try:
        raise ZeroDivisionError("a bug")
    except ZeroDivisionError:
        logging.getLogger("a.library").exception("It failed: %s", "here")
    (line,) = lines()
    assert line["event"] == "It failed: here" and line["level"] == "error"
    assert "ZeroDivisionError: a bug" in line["exception"]


def test_nothing_is_logged_below_the_level(own_client, capsys):
    assert not logging.getLogger(SERVER).isEnabledFor(logging.INFO)
    own_client.get(GRID)
    assert capsys.readouterr().err == ""


def get_paths(client):
    document = client.get("/api/openapi.json").json()
    return [path for path, methods in document["paths"].items() if "get" in methods]


def test_head_is_answered_wherever_get_is(client):
    paths = get_paths(client)
    assert len(paths) == 9
    for template in paths:
        name = "linear_probe" if "instruments" in template else "plane"
        path = template.format(name=name, zoom=2, x=1, y=3)
        got, head = client.get(path), client.head(path)
        assert head.status_code == got.status_code == 200, path
        assert head.content == b""
        for name in ("content-type", "etag", "cache-control", "vary", "latentbook-shape"):
            assert head.headers.get(name) == got.headers.get(name), (path, name)
        if template != "/metrics":
            assert head.headers["content-length"] == got.headers["content-length"], path
    etag = client.head(GRID).headers["etag"]
    assert client.head(GRID, headers={"If-None-Match": etag}).status_code == 304
    assert client.head(f"{GRID}?n=0").status_code == 422
    assert client.head("/vae/").headers["content-length"]


def test_a_method_that_is_not_there_is_told_of_head(client):
    assert client.delete(GRID).headers["allow"] == "GET, HEAD"
    assert client.head("/api/models/plane/decode").headers["allow"] == "POST"
