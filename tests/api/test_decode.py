"""Codes in, images out."""

import io
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image
from pydantic_core import from_json

from latentbook.http import requests
from latentbook_decoders.api.decode import MAX_CODES
from tests.patience import PATIENCE_S

PATH = "/api/models/plane/decode"
CODES = [[0.0, 0.0], [1.5, -0.5], [-2, 3], [4.5, -4.5], [0.1, 0.2]]


def direct(model, codes):
    with torch.inference_mode():
        x_hat = model.decode(torch.tensor(codes, dtype=torch.float32)).double()
    return np.round(255 * x_hat.numpy()).astype(int)


def test_json_holds_each_image(client, registry):
    response = client.post(PATH, json={"codes": CODES})
    assert response.status_code == 200
    answer = response.json()
    assert answer["model"] == "plane"
    assert answer["sha256"] == "0" * 64
    assert answer["shape"] == [5, 28, 28]
    difference = np.array(answer["images"]) - direct(registry.models["plane"], CODES)
    assert np.abs(difference).max() <= 1


def test_a_picture_is_filled_up_to_a_rectangle(client, registry):
    response = client.post(PATH, json={"codes": CODES}, headers={"Accept": "image/png"})
    assert response.headers["latentbook-shape"] == "2,3,28,28"
    with Image.open(io.BytesIO(response.content)) as picture:
        assert picture.size == (3 * 28, 2 * 28)
        tiles = (
            np.array(picture).astype(int).reshape(2, 28, 3, 28).swapaxes(1, 2).reshape(6, 28, 28)
        )
    assert np.abs(tiles[:5] - direct(registry.models["plane"], CODES)).max() <= 1
    assert not tiles[5].any()


def test_raw_bytes(client):
    headers = {"Accept": "application/octet-stream"}
    response = client.post(PATH, json={"codes": CODES[:1]}, headers=headers)
    assert response.headers["latentbook-shape"] == "1,1,28,28"
    assert len(response.content) == 28 * 28


def test_a_tile_does_not_depend_on_its_company(client):
    together = client.post(PATH, json={"codes": CODES * 60}).json()["images"]
    for i, code in enumerate(CODES):
        alone = client.post(PATH, json={"codes": [code]}).json()["images"]
        assert alone[0] == together[i] == together[-5 + i]


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "headers", "status", "field", "words"),
    [
        (b'{"codes": [[NaN, 0]]}', JSON, 422, "codes[0][0]", "finite"),
        (b'{"codes": [[0, Infinity]]}', JSON, 422, "codes[0][1]", "finite"),
        (b'{"codes": [[1e999, 0]]}', JSON, 422, "codes[0][0]", "finite"),
        (b'{"codes": [[-10000.5, 0]]}', JSON, 422, "codes[0][0]", "-10000.5"),
        (b'{"codes": [["1", 0]]}', JSON, 422, "codes[0][0]", "'1'"),
        (b'{"codes": [[true, 0]]}', JSON, 422, "codes[0][0]", "True"),
        (b'{"codes": [[null, 0]]}', JSON, 422, "codes[0][0]", "null"),
        (b'{"codes": [[0, 0], [0, 0, 0]]}', JSON, 422, "codes[1]", "2 numbers are accepted"),
        (b'{"codes": [[0]]}', JSON, 422, "codes[0]", "Received 1"),
        (b'{"codes": [[]]}', JSON, 422, "codes[0]", "at least 1"),
        (b'{"codes": []}', JSON, 422, "codes", "at least 1"),
        (b'{"codes": {}}', JSON, 422, "codes", "list"),
        (b'{"codes": [0, 0]}', JSON, 422, "codes[0]", "list"),
        (b'{"z": [[0, 0]]}', JSON, 422, "z", "Accepted: codes"),
        (b"{}", JSON, 422, "codes", "required"),
        (b"[]", JSON, 422, "body", "a list of 0"),
        (b"null", JSON, 422, "body", "Received null"),
        (b"", JSON, 422, "body", "required"),
        (b'{"codes": [[0, 0]', JSON, 400, "body", "not JSON"),
        (b'{"codes": [[0, 0]]}}', JSON, 400, "body", "not JSON"),
        (b"\xff\xfe\x00", JSON, 400, "body", "UTF-8"),
        (b"[" * 100_000, JSON, 400, "body", "nests too deeply"),
        (b'{"codes": [[' + b"9" * 5000 + b", 0]]}", JSON, 400, "body", "too many digits"),
        (
            b'{"codes": [[0, 0]]}',
            {"Content-Type": "text/plain"},
            415,
            "header Content-Type",
            "text",
        ),
        (b'{"codes": [[0, 0]]}', {}, 415, "header Content-Type", "Received nothing"),
        (b"codes=1", {"Content-Type": "application/x-www-form-urlencoded"}, 415, None, "json"),
    ],
)
def test_what_is_not_accepted(client, body, headers, status, field, words):
    response = client.post(PATH, content=body, headers=headers)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    error = problem["errors"][0]
    assert error["field"] == (field or error["field"])
    assert words in error["message"]


def test_too_many_codes(client):
    response = client.post(PATH, json={"codes": [[0, 0]] * (MAX_CODES + 1)})
    assert response.status_code == 422
    assert "at most 1024" in response.json()["detail"]


def test_many_mistakes_are_told_in_few_words(client):
    response = client.post(PATH, json={"codes": [["a", "b"]] * MAX_CODES})
    assert response.status_code == 422
    assert "And 1023 more." in response.json()["detail"]  # the first mistake of each code
    assert len(response.content) < 5000


MILLION = 1_000_000
NUMBERED = {str(i): 0 for i in range(300_000)}
ENCODE = "/api/models/five/encode"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (PATH, {"codes": [""] * MILLION}),
        (PATH, {"codes": [[""] * MILLION]}),
        (PATH, {"codes": [[[]] * 1000] * 1000}),
        (PATH, {"codes": [[]] * MILLION}),
        (PATH, {"codes": [{"a": {}}] * (MILLION // 3)}),
        (PATH, {"codes": NUMBERED}),
        (PATH, NUMBERED),
        (PATH, {"x" * 3 * MILLION: 0}),
        (ENCODE, {"images": [2] * MILLION}),
        (ENCODE, {"images": [[{}] * MILLION]}),
        (ENCODE, {"images": [[[2] * MILLION]]}),
        (ENCODE, {"images": [[[2]] * 200] * 250}),
    ],
)
def test_of_a_million_mistakes_the_first_are_looked_for(client, path, body):
    """Collecting all of them took the server 14 s and 3 GB."""
    body = json.dumps(body, separators=(",", ":"))
    response = client.post(path, content=body, headers=JSON)
    assert response.status_code == 422
    assert len(response.content) < 10_000
    more = re.search(r"And (\d+) more", response.json()["detail"])
    assert more is None or int(more[1]) <= MAX_CODES


def test_others_are_answered_while_a_long_body_is_read(client, monkeypatch):
    is_answered = threading.Event()

    def read(text):
        assert is_answered.wait(PATIENCE_S)
        return from_json(text)

    monkeypatch.setattr(requests, "from_json", read)
    with ThreadPoolExecutor(1) as other:
        decoded = other.submit(client.post, PATH, json={"codes": CODES})
        assert client.get("/healthz").status_code == 200
        is_answered.set()
        assert decoded.result().status_code == 200


@pytest.mark.parametrize("declared", [True, False])
def test_a_huge_body_is_refused_and_the_client_hears_it(client, declared):
    chunk = b"[" * 2**20
    count = 100
    body = chunk * count if declared else (chunk for _ in range(count))
    response = client.post(PATH, content=body, headers=JSON)
    assert response.status_code == 413
    problem = response.json()
    assert problem["errors"][0]["field"] == "body"
    assert "At most 4194304 bytes" in problem["detail"]
    assert client.get("/healthz").status_code == 200


def test_wrong_method(client):
    response = client.get(PATH)
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert response.headers["content-type"] == "application/problem+json"
