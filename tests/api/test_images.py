"""The formats of a picture: all are lossless, and encodings follow Accept-Encoding."""

import gzip

import numpy as np
import pytest
import zstandard

from latentbook_decoders.api.images import DELTA

GRID = "/api/models/plane/grid"
RAW = {"Accept": "application/octet-stream"}


def undone(body, shape):
    """Decode a delta form cell by cell, by its definition, in integers."""
    rows, columns, height, width = shape
    delta = np.frombuffer(body, np.uint8).reshape(rows, columns, height, width).astype(int)
    cells = np.zeros((rows + 1, columns + 1, height, width), int)  # row and column 0 are outside
    for row in range(rows):
        for column in range(columns):
            cells[row + 1, column + 1] = (
                delta[row, column]
                + cells[row + 1, column]
                + cells[row, column + 1]
                - cells[row, column]
            ) % 256
    return cells[1:, 1:]


@pytest.mark.parametrize(
    ("path", "params"),
    [
        (GRID, {"n": 1}),
        (GRID, {"n": 20}),
        (GRID, {"n": 128}),
        ("/api/models/plane/atlas/3/2/5", {}),
    ],
)
def test_the_delta_form_holds_the_raw_levels(client, path, params):
    raw = client.get(path, params=params, headers=RAW)
    delta = client.get(path, params=params, headers={"Accept": DELTA})
    assert delta.headers["content-type"] == DELTA
    assert delta.headers["latentbook-shape"] == raw.headers["latentbook-shape"]
    assert delta.headers["etag"] != raw.headers["etag"]
    shape = tuple(map(int, delta.headers["latentbook-shape"].split(",")))
    assert undone(delta.content, shape).astype(np.uint8).tobytes() == raw.content


def test_the_recipe_of_the_docs_undoes_the_delta_form(client):
    raw = client.get(GRID, headers=RAW)
    response = client.get(GRID, headers={"Accept": DELTA})
    rows, columns, height, width = map(int, response.headers["latentbook-shape"].split(","))
    delta = np.frombuffer(response.content, np.uint8).reshape(rows, columns, height, width)
    cells = delta.cumsum(axis=1, dtype=np.uint8).cumsum(axis=0, dtype=np.uint8)
    assert cells.tobytes() == raw.content


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("zstd", "zstd"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "gzip"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
        ("ZSTD", "zstd"),
        ("*", "zstd"),
        ("zstd;q=0, *", "gzip"),
        ("br", None),
        ("identity", None),
        ("", None),
        ("gzip;q=0, zstd;q=0", None),
        ("zstd;q=2", None),
        (None, None),
    ],
)
def test_it_is_compressed_as_the_client_takes_it(client, accepted, coding):
    headers = {"Accept": DELTA, "Accept-Encoding": accepted or ""}
    request = client.build_request("GET", GRID, headers=headers)
    if accepted is None:
        del request.headers["Accept-Encoding"]
    response = client.send(request, stream=True)
    sent = b"".join(response.iter_raw())
    assert response.headers.get("content-encoding") == coding
    assert response.headers["vary"] == "Accept, Accept-Encoding"
    plain = {
        "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body, 16 * 16 * 784),
        "gzip": gzip.decompress,
        None: lambda body: body,
    }[coding](sent)
    assert len(plain) == 16 * 16 * 28 * 28
    if coding:
        assert len(sent) < len(plain) / 2
    assert plain == client.get(GRID, headers={"Accept": DELTA}).content


@pytest.mark.parametrize("accepted", ["identity;q=0", "br, *;q=0", "*;q=0"])
def test_a_coding_that_cannot_be_had(client, accepted):
    response = client.get(GRID, headers={**RAW, "Accept-Encoding": accepted})
    assert response.status_code == 406
    error = response.json()["errors"][0]
    assert error["field"] == "header Accept-Encoding"
    assert "Accepted: identity" in error["message"] and accepted in error["message"]


def test_codings_have_tags_of_their_own(client):
    tags = {
        client.get(GRID, headers={"Accept": DELTA, "Accept-Encoding": coding}).headers["etag"]
        for coding in ("zstd", "gzip", "identity")
    }
    assert len(tags) == 3
