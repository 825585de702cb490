"""Map tiles of a latent plane, against direct calls of the models."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from latentbook_decoders.api.atlas import tile_codes
from latentbook_decoders.decoding import decoders, inference, served_model

RAW = {"Accept": "application/octet-stream"}


def path(zoom, x, y, model="plane"):
    return f"/api/models/{model}/atlas/{zoom}/{x}/{y}"


def pixels(response):
    assert response.status_code == 200, response.text
    assert response.headers["latentbook-shape"] == "8,8,32,32"
    cells = np.frombuffer(response.content, np.uint8).reshape(8, 8, 32, 32)
    return np.vstack([np.hstack(list(row)) for row in cells])


def direct(model, z):
    """Decode one code by the model itself, in float64, to grey levels."""
    with torch.inference_mode():
        x_hat = model.double().decode(torch.tensor([z], dtype=torch.float64))[0]
    model.float()
    return np.round(255 * x_hat.double().numpy())


def middle(zoom, x, y, row, column):
    """Compute the centre of a cell from pixels: the map has 256 * 2^zoom pixels per side."""
    side = 256 * 2**zoom
    across = 256 * x + 32 * column + 16
    down = 256 * y + 32 * row + 16
    return [16 * across / side - 8, 8 - 16 * down / side]


@pytest.mark.parametrize(
    ("zoom", "x", "y"),
    [(0, 0, 0), (1, 1, 0), (3, 5, 2), (8, 130, 99), (18, 2**18 - 1, 0), (18, 150_000, 70_001)],
)
def test_every_image_is_the_models_own_in_its_cell(client, registry, zoom, x, y):
    tile = pixels(client.get(path(zoom, x, y), headers=RAW))
    for row in range(8):
        for column in range(8):
            cell = tile[32 * row : 32 * row + 32, 32 * column : 32 * column + 32]
            expected = direct(registry.models["plane"], middle(zoom, x, y, row, column))
            assert np.abs(cell[2:30, 2:30] - expected).max() <= 1
            frame = cell.copy()
            frame[2:30, 2:30] = 0
            assert not frame.any()


def test_the_map_turns_as_the_plane_does(client, registry):
    corners = {(-7, 7): (0, 0), (7, 7): (0, 7), (-7, -7): (7, 0), (7, -7): (7, 7)}
    tile = pixels(client.get(path(0, 0, 0), headers=RAW))
    images = {z: direct(registry.models["plane"], z).tobytes() for z in corners}
    assert len(set(images.values())) == 4  # so that a mirrored or rotated map would be detected
    for z, (row, column) in corners.items():
        image = tile[32 * row + 2 : 32 * row + 30, 32 * column + 2 : 32 * column + 30]
        assert np.abs(image - direct(registry.models["plane"], z)).max() <= 1


def test_a_code_lies_amid_the_four_of_the_next_zoom():
    above = tile_codes(3, 5, 2, (0, 1), np.zeros(2)).reshape(8, 8, 2)
    below = np.empty((16, 16, 2))
    for i in (0, 1):
        for j in (0, 1):
            tile = tile_codes(4, 10 + j, 4 + i, (0, 1), np.zeros(2)).reshape(8, 8, 2)
            below[8 * i : 8 * i + 8, 8 * j : 8 * j + 8] = tile
    assert np.array_equal(below.reshape(8, 2, 8, 2, 2).mean((1, 3)), above)


@pytest.mark.parametrize(("x", "y"), [(0, 0), (2**18 - 1, 2**18 - 1), (2**17, 2**17 - 1)])
def test_at_the_deepest_zoom_float32_still_tells_neighbours_apart(x, y):
    """No code is rounded, and neighbours at the edge are at least sixteen float32 steps apart."""
    codes = tile_codes(18, x, y, (0, 1), np.zeros(2))
    exact = [middle(18, x, y, row, column) for row in range(8) for column in range(8)]
    assert np.array_equal(codes.astype(np.float64), np.array(exact))
    apart = np.diff(codes[:8, 0].astype(np.float64))
    assert np.all(apart == 2.0**-17)
    assert np.all(apart >= 16 * np.spacing(np.abs(codes[1:8, 0])))


def test_deeper_than_float32_neighbours_would_be_one():
    codes = tile_codes(22, 2**22 - 1, 0, (0, 1), np.zeros(2))
    assert len(np.unique(codes[:8, 0])) < 8


def test_two_axes_of_a_larger_latent_at_a_point(client, registry):
    params = {"axes": "3,1", "at": "0.5,-1,2.25,0,1e-1"}
    tile = pixels(client.get(path(2, 1, 3, "five"), params=params, headers=RAW))
    z3, z1 = middle(2, 1, 3, 6, 4)
    expected = direct(registry.models["five"], [0.5, -1 + z1, 2.25, z3, 0.1])
    assert np.abs(tile[32 * 6 + 2 : 32 * 6 + 30, 130:158] - expected).max() <= 1


def test_a_png_holds_the_same_grey_levels(client):
    raw = pixels(client.get(path(2, 1, 1), headers=RAW))
    response = client.get(path(2, 1, 1), headers={"Accept": "image/png"})
    assert response.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(response.content)) as picture:
        assert np.array_equal(np.array(picture.convert("L")), raw)


def test_caches_may_keep_it(client):
    first = client.get(path(2, 1, 1))
    assert "immutable" in first.headers["cache-control"]
    assert first.headers["vary"] == "Accept, Accept-Encoding"
    etag = first.headers["etag"]
    assert client.get(path(2, 1, 1), headers={"If-None-Match": etag}).status_code == 304
    others = [path(2, 1, 2), path(3, 1, 1), path(2, 1, 1) + "?axes=1,0", "/api/models/plane/grid"]
    assert len({etag, *(client.get(other).headers["etag"] for other in others)}) == 5
    named = client.get(path(2, 1, 1), params={"weights": "0" * 8})
    assert "max-age=31536000" in named.headers["cache-control"]
    assert client.get(path(2, 1, 1), params={"weights": "1" * 8}).status_code == 404


def test_a_deep_map_is_decoded_in_float32(client, monkeypatch):
    seen = {}

    def decode(self, z, exact, stop=lambda: False):
        seen[len(seen)] = exact
        return np.zeros((len(z), 28, 28), np.uint8)

    monkeypatch.setattr(served_model.ServedModel, "decode", decode)
    # As if bfloat16 served the model.
    monkeypatch.setattr(inference, "needs_exact", lambda model, z: np.abs(z).max() > decoders.NEAR)
    for zoom, x in ((7, 63), (8, 127), (2, 0)):  # the last is beyond 4
        client.get(path(zoom, x, x))
    assert list(seen.values()) == [False, True, True]


@pytest.mark.parametrize(
    ("place", "params", "field", "words"),
    [
        ("19/0/0", {}, "zoom", "less than or equal to 18"),
        ("-1/0/0", {}, "zoom", "greater than or equal to 0"),
        ("1000000000/0/0", {}, "zoom", "less than or equal to 18"),
        (f"{'9' * 5000}/0/0", {}, "zoom", "integer"),
        ("deep/0/0", {}, "zoom", "'deep'"),
        ("1.5/0/0", {}, "zoom", "'1.5'"),
        ("nan/0/0", {}, "zoom", "'nan'"),
        ("0/1/0", {}, "x", "At zoom 0, 0 to 0 are accepted. Received 1"),
        ("2/4/0", {}, "x", "At zoom 2, 0 to 3 are accepted. Received 4"),
        ("2/0/4", {}, "y", "Received 4"),
        ("2/-1/0", {}, "x", "greater than or equal to 0"),
        ("2/0/-1", {}, "y", "greater than or equal to 0"),
        (f"18/{2**18}/0", {}, "x", "less than 262144"),
        ("2/x/0", {}, "x", "'x'"),
        ("2/0/inf", {}, "y", "'inf'"),
        ("2/0/0", {"axes": "1,1"}, "axes", "Two different numbers from 0 to 1"),
        ("2/0/0", {"axes": "0,7"}, "axes", "Two different numbers from 0 to 1"),
        ("2/0/0", {"at": "1"}, "at", "2 numbers"),
        ("2/0/0", {"at": "nan,0"}, "at", "'nan,0'"),
        ("2/0/0", {"n": "3"}, "n", "Accepted: axes, at, weights"),
    ],
)
def test_what_is_not_accepted(client, place, params, field, words):
    response = client.get(f"/api/models/plane/atlas/{place}", params=params)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    error = response.json()["errors"][0]
    assert error["field"] == field
    assert words in error["message"]


@pytest.mark.parametrize("place", ["", "2", "2/1", "2/1/1/1", "2//1"])
def test_addresses_that_are_none(client, place):
    response = client.get(f"/api/models/plane/atlas/{place}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


def test_a_form_that_cannot_be_had(client):
    response = client.get(path(0, 0, 0), headers={"Accept": "text/html"})
    assert response.status_code == 406
