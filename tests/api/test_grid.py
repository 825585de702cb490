"""Grids, against direct calls of the models."""

import io

import httpx
import numpy as np
import pytest
import torch
from PIL import Image

from latentbook.main import create_app
from latentbook_decoders.decoding.served_model import MAX_GREY_DIFFERENCE
from latentbook_decoders.models import registry as book
from tools.bench.serving import served

PATH = "/api/models/plane/grid"
RAW = {"Accept": "application/octet-stream"}


def tiles(response):
    """Read the tiles of a raw answer, by row from the top and column from the left."""
    rows, columns, height, width = map(int, response.headers["latentbook-shape"].split(","))
    flat = np.frombuffer(response.content, np.uint8)
    return flat.reshape(rows, columns, height, width).astype(int)


def direct(model, z):
    """Decode one code by the model itself, neither folded nor in chunks, to grey levels."""
    with torch.inference_mode():
        x_hat = model.decode(torch.tensor([z], dtype=torch.float32))[0].double()
    return np.round(255 * x_hat.numpy()).astype(int)


def test_every_tile_is_the_models_own_image(client, registry):
    n, span = 20, 2.5  # 400 codes: more than one chunk
    pictures = tiles(client.get(PATH, params={"n": n, "span": span}, headers=RAW))
    model = registry.models["plane"]
    for row in range(n):
        for column in range(n):
            z1 = -span + 2 * span * column / (n - 1)
            z2 = span - 2 * span * row / (n - 1)
            assert np.abs(pictures[row, column] - direct(model, [z1, z2])).max() <= 1


def test_the_picture_has_structure(client):
    pictures = tiles(client.get(PATH, params={"n": 2}, headers=RAW))
    assert pictures.min() < 20 and pictures.max() > 235
    corners = pictures.reshape(4, -1)
    assert len(np.unique(corners, axis=0)) == 4


def test_two_axes_of_a_larger_latent_at_a_point(client, registry):
    params = {"n": 2, "span": 1, "axes": "3,1", "at": "0.5,-1,2.25,0,1e-1"}
    pictures = tiles(client.get("/api/models/five/grid", params=params, headers=RAW))
    model = registry.models["five"]
    bottom_right = direct(model, [0.5, -2.0, 2.25, 1.0, 0.1])
    top_left = direct(model, [0.5, 0.0, 2.25, -1.0, 0.1])
    assert np.abs(pictures[1, 1] - bottom_right).max() <= 1
    assert np.abs(pictures[0, 0] - top_left).max() <= 1


def test_a_png_holds_the_same_grey_levels(client):
    params = {"n": 7, "span": 3}
    raw = client.get(PATH, params=params, headers=RAW)
    response = client.get(PATH, params=params, headers={"Accept": "image/png"})
    assert response.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(response.content)) as picture:
        assert picture.size == (7 * 28, 7 * 28)
        levels = np.array(picture.convert("L"))
    assert np.array_equal(levels, np.vstack([np.hstack(list(row)) for row in tiles(raw)]))


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "image/png"),
        ("*/*", "image/png"),
        ("image/*", "image/png"),
        ("image/avif,image/webp,image/apng,image/*,*/*;q=0.8", "image/png"),
        ("application/octet-stream", "application/octet-stream"),
        ("image/png;q=0.5, application/octet-stream;q=0.9", "application/octet-stream"),
        ("image/png;q=0, */*;q=0.1", "application/octet-stream"),
        ("application/octet-stream, image/*;q=0.9", "application/octet-stream"),
        ("TEXT/HTML, IMAGE/PNG", "image/png"),
    ],
)
def test_negotiation(client, accept, media_type):
    headers = {} if accept is None else {"Accept": accept}
    request = client.build_request("GET", PATH, params={"n": 1}, headers=headers)
    if accept is None:
        del request.headers["Accept"]
    response = client.send(request)
    assert response.status_code == 200
    assert response.headers["content-type"] == media_type
    assert response.headers["vary"] == "Accept, Accept-Encoding"


@pytest.mark.parametrize("accept", ["text/html", "image/gif", "image/png;q=0", "*/*;q=nan", "png"])
def test_a_form_that_cannot_be_had(client, accept):
    response = client.get(PATH, params={"n": 1}, headers={"Accept": accept})
    assert response.status_code == 406
    problem = response.json()
    assert problem["errors"][0]["field"] == "header Accept"
    assert accept in problem["detail"]
    assert "image/png, application/octet-stream, application/vnd" in problem["detail"]


def test_caches_may_keep_it(client):
    first = client.get(PATH, params={"n": 3})
    assert "immutable" in first.headers["cache-control"]
    etag = first.headers["etag"]
    assert etag.startswith('"')
    for known in (etag, f'"other", W/{etag}', "*"):
        again = client.get(PATH, params={"n": 3}, headers={"If-None-Match": known})
        assert again.status_code == 304
        assert again.headers["etag"] == etag
        assert again.content == b""
    assert client.get(PATH, params={"n": 3}).content == first.content


def test_etags_tell_everything_apart(client):
    requests = [
        (PATH, {"n": 3}, "image/png"),
        (PATH, {"n": 4}, "image/png"),
        (PATH, {"n": 3, "span": 2}, "image/png"),
        (PATH, {"n": 3, "axes": "1,0"}, "image/png"),
        (PATH, {"n": 3, "at": "0,1"}, "image/png"),
        (PATH, {"n": 3}, "application/octet-stream"),
        ("/api/models/five/grid", {"n": 3}, "image/png"),
    ]
    etags = {
        client.get(path, params=params, headers={"Accept": accept}).headers["etag"]
        for path, params, accept in requests
    }
    assert len(etags) == len(requests)
    spelled_out = {"n": "3", "span": "3.00", "axes": "0,1", "at": "0,0"}
    etag = client.get(PATH, params=spelled_out, headers={"Accept": "image/png"}).headers["etag"]
    assert etag in etags


def test_naming_the_weights_makes_it_last(client):
    named = client.get(PATH, params={"n": 1, "weights": "0" * 8})
    assert "max-age=31536000" in named.headers["cache-control"]
    stale = client.get(PATH, params={"n": 1, "weights": "1" * 8})
    assert stale.status_code == 404
    assert stale.json()["errors"][0]["field"] == "weights"


@pytest.mark.parametrize(
    ("params", "field", "words"),
    [
        ({"n": "0"}, "n", "greater than or equal to 1"),
        ({"n": "-1"}, "n", "greater than or equal to 1"),
        ({"n": "129"}, "n", "less than or equal to 128"),
        ({"n": "1000000000"}, "n", "less than or equal to 128"),
        ({"n": "9" * 5000}, "n", "integer"),
        ({"n": "2.5"}, "n", "integer"),
        ({"n": "many"}, "n", "'many'"),
        ({"n": ""}, "n", "''"),
        ({"n": "nan"}, "n", "'nan'"),
        ({"n": "1e2"}, "n", "'1e2'"),
        ({"n": "0x10"}, "n", "'0x10'"),
        ({"span": "0"}, "span", "greater than 0"),
        ({"span": "-3"}, "span", "greater than 0"),
        ({"span": "10.01"}, "span", "less than or equal to 10"),
        ({"span": "nan"}, "span", "nan"),
        ({"span": "inf"}, "span", "inf"),
        ({"span": "wide"}, "span", "'wide'"),
        ({"axes": "0,0"}, "axes", "Two different numbers from 0 to 1"),
        ({"axes": "0,2"}, "axes", "Two different numbers from 0 to 1"),
        ({"axes": "-1,0"}, "axes", "'-1,0'"),
        ({"axes": "0"}, "axes", "'0'"),
        ({"axes": "0,1,1"}, "axes", "'0,1,1'"),
        ({"axes": "x,y"}, "axes", "'x,y'"),
        ({"axes": "٠,١"}, "axes", "'٠,١'"),
        ({"axes": "0,99999999999"}, "axes", "'0,99999999999'"),
        ({"at": "1"}, "at", "2 numbers from -10000 to 10000 are accepted"),
        ({"at": "1,2,3"}, "at", "Received 3"),
        ({"at": "1,1e30"}, "at", "1e+30"),
        ({"at": "nan,0"}, "at", "'nan,0'"),
        ({"at": "0,-inf"}, "at", "'0,-inf'"),
        ({"at": "٣,0"}, "at", "'٣,0'"),
        ({"at": "0," * 2000}, "at", "2048"),
        ({"weights": "xyz"}, "weights", "'xyz'"),
        ({"zoom": "3"}, "zoom", "Accepted: axes, at, weights, n, span"),
    ],
)
def test_what_is_not_accepted(client, params, field, words):
    response = client.get(PATH, params=params)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    problem = response.json()
    assert problem["status"] == 422
    assert problem["title"] == "Unprocessable Content"
    assert problem["errors"][0]["field"] == field
    assert words in problem["errors"][0]["message"]


def test_the_largest_grid(client):
    response = client.get(PATH, params={"n": 128}, headers=RAW)
    assert response.headers["latentbook-shape"] == "128,128,28,28"
    assert len(response.content) == 128 * 128 * 28 * 28


def test_the_books_own_model(settings):
    """The trained decoder as this machine serves it, in the number format that it chose."""
    name = "conv_vae_mnist"
    with served(create_app(settings)) as url, httpx.Client(base_url=url) as client:
        detail = client.get(f"/api/models/{name}").json()
        grid = client.get(f"/api/models/{name}/grid", params={"n": 12}, headers=RAW)
    model = book.load(name)
    assert detail["latent_dim"] == 2 and detail["image_shape"] == [28, 28]
    assert detail["serving"]["max_grey_difference"] <= MAX_GREY_DIFFERENCE
    pictures = tiles(grid)
    steps = np.linspace(-3, 3, 12)
    expected = np.array([[direct(model, [z1, z2]) for z1 in steps] for z2 in steps[::-1]])
    difference = np.abs(pictures - expected)
    if detail["serving"]["dtype"] == "float32":
        assert difference.max() <= 1
    assert difference.max() <= MAX_GREY_DIFFERENCE
    assert difference.mean() < 0.2


@pytest.mark.parametrize("query", ["n=1_0", "span=1_0.5"])
def test_numbers_are_written_in_digits(client, query):
    answer = client.get(f"/api/models/plane/grid?{query}")
    assert answer.status_code == 422
    assert "in digits" in answer.json()["detail"]
