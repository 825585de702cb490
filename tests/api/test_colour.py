"""Models that decode to three channels: their pictures equal the decoder's planes."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from latentbook_decoders.models.autoencoder import VariationalAutoencoder
from tests.small_server import TestRegistry, random_model

RAW = {"Accept": "application/octet-stream"}
PNG = {"Accept": "image/png"}
CODES = [[0.0, 0.0], [1.5, -0.5], [-2.0, 3.0], [0.1, 0.2], [2.0, 2.0]]


class Small(VariationalAutoencoder):
    """A model without convolutions."""

    image_shape = (32, 32, 3)

    def __init__(self):
        torch.manual_seed(1)
        encoder = nn.Sequential(nn.Linear(3 * 32 * 32, 4))
        super().__init__(2, encoder, nn.Sequential(nn.Linear(2, 3 * 32 * 32)))


class Large(VariationalAutoencoder):
    """A model with images that are not square, and upsampling layers that serving folds."""

    image_shape = (64, 48, 3)

    def __init__(self):
        torch.manual_seed(2)
        decoder = nn.Sequential(
            nn.Linear(2, 8 * 32 * 24),
            nn.SiLU(),
            nn.Unflatten(1, (8, 32, 24)),
            nn.Upsample(scale_factor=2.0),
            nn.Conv2d(8, 3, 3, padding=1),
            nn.Flatten(),
        )
        super().__init__(2, nn.Sequential(nn.Linear(3 * 64 * 48, 4)), decoder)


@pytest.fixture(scope="module")
def registry():
    models = {"small": Small(), "large": Large(), "grey": random_model(2)}
    for model in models.values():
        model.eval().requires_grad_(False)
    return TestRegistry(models)


def planes(model, codes):
    """Return 255 times the decoder's own output, (n, 3, height, width), channels first."""
    height, width, _ = model.image_shape
    logits = model.decoder(torch.tensor(codes, dtype=torch.float32))
    return 255 * torch.sigmoid(logits).reshape(-1, 3, height, width).double().numpy()


def read(content):
    """Read the bands of a PNG by Pillow: (3, height, width)."""
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.mode == "RGB"
        return np.stack([np.asarray(band) for band in picture.split()])


@pytest.mark.parametrize("name", ["small", "large"])
def test_a_png_has_the_decoders_three_planes(client, registry, name):
    response = client.post(f"/api/models/{name}/decode", json={"codes": CODES}, headers=PNG)
    height, width, _ = registry.models[name].image_shape
    assert response.headers["latentbook-shape"] == f"2,3,{height},{width},3"
    bands = read(response.content)
    for i, expected in enumerate(planes(registry.models[name], CODES)):
        top, left = height * (i // 3), width * (i % 3)
        assert np.abs(bands[:, top : top + height, left : left + width] - expected).max() <= 1
    assert not bands[:, height:, 2 * width :].any()  # the empty cell


def test_json_has_red_green_and_blue_of_each_pixel(client, registry):
    answer = client.post("/api/models/small/decode", json={"codes": CODES}).json()
    assert answer["shape"] == [5, 32, 32, 3]
    seen = np.moveaxis(np.array(answer["images"]), 3, 1)
    assert np.abs(seen - planes(registry.models["small"], CODES)).max() <= 1


def test_all_forms_of_a_grid_are_the_same_picture(client, registry):
    path = "/api/models/large/grid?n=3&span=2"
    raw, png = client.get(path, headers=RAW), client.get(path, headers=PNG)
    assert raw.headers["latentbook-shape"] == "3,3,64,48,3"
    cells = np.frombuffer(raw.content, np.uint8).reshape(3, 3, 64, 48, 3)
    rows = [np.hstack(list(row)) for row in cells]
    assert np.array_equal(np.moveaxis(np.vstack(rows), 2, 0), read(png.content))
    expected = planes(registry.models["large"], [[2.0, 2.0]])[0]  # right and up
    assert np.abs(np.moveaxis(cells[0, 2], 2, 0) - expected).max() <= 1
    delta = client.get(path, headers={"Accept": "application/vnd.latentbook.delta"})
    steps = np.frombuffer(delta.content, np.uint8).reshape(cells.shape)
    assert np.array_equal(np.cumsum(np.cumsum(steps.astype(int), 1), 0) % 256, cells)


@pytest.mark.parametrize(("name", "shape"), [("small", (8, 32)), ("large", (4, 48))])
def test_an_image_is_in_the_middle_of_its_cell_on_a_map(client, registry, name, shape):
    response = client.get(f"/api/models/{name}/atlas/1/1/0", headers=RAW)
    n, width = shape
    cell = 256 // n
    assert response.headers["latentbook-shape"] == f"{n},{n},{cell},{cell},3"
    cells = np.frombuffer(response.content, np.uint8).reshape(n, n, cell, cell, 3)
    z = [0.5 * 8 / n, 8 - 1.5 * 8 / n]  # second row, first column; the tile is 8 wide
    left = (cell - width) // 2
    seen = np.moveaxis(cells[1, 0][:, left : left + width], 2, 0)
    assert np.abs(seen - planes(registry.models[name], [z])[0]).max() <= 1
    assert not cells[1, 0][:, :left].any()


def test_the_encoder_sees_planes(client, registry):
    model = registry.models["large"]
    x = np.random.default_rng(0).uniform(size=(2, 64, 48, 3)).astype(np.float32)
    answer = client.post("/api/models/large/encode", json={"images": x.tolist()}).json()
    first = torch.from_numpy(np.moveaxis(x, 3, 1).reshape(2, -1).copy())
    assert np.allclose(answer["mu"], model.encoder(first)[:, :2].numpy(), atol=1e-4)
    x_hat = planes(model, answer["mu"]).reshape(2, -1) / 255
    assert np.allclose(answer["squared_error"], ((x_hat - first.numpy()) ** 2).sum(1), rtol=1e-3)


def picture(height, width, pixel):
    return [[pixel] * width] * height


@pytest.mark.parametrize(
    ("name", "image", "field", "words"),
    [
        ("small", picture(32, 32, 0.5), "images[0]", "is [red, green, blue]. Received a number"),
        ("small", picture(28, 28, [0, 0, 0]), "images[0]", "32 rows of 32 pixels are accepted"),
        ("small", picture(32, 32, [0, 0, 0, 1]), "images[0][0][0]", "at most 3"),
        ("small", picture(32, 32, [0, 0]), "images[0][0][0]", "at least 3"),
        ("small", picture(32, 32, [0, 0, 1.5]), "images[0][0][0][2]", "Received 1.5"),
        ("small", picture(3, 32, [0] * 32), "images[0][0][0]", "at most 3"),
        ("grey", picture(28, 28, [0, 0, 0]), "images[0]", "is a number. Received [red, green"),
        ("grey", picture(28, 28, "0"), "images[0][0][0]", "Received '0'"),
        ("grey", [[0.5, [0.5] * 3]], "images[0][0][1]", "a list of 3"),
        ("small", [[[0.5] * 3, 0.5]], "images[0][0][1]", "Received 0.5"),
        ("small", [[]], "images[0][0]", "at least 1"),
        ("small", [0.5], "images[0][0]", "list"),
    ],
)
def test_images_that_are_not_accepted(client, name, image, field, words):
    response = client.post(f"/api/models/{name}/encode", json={"images": [image]})
    assert response.status_code == 422
    error = response.json()["errors"][0]
    assert error["field"] == field and words in error["message"]


def test_more_levels_than_one_picture_has(client):
    response = client.get("/api/models/large/grid?n=128")
    assert response.status_code == 422
    error = response.json()["errors"][0]
    assert error["field"] == "n"
    assert "At most 42 along each side" in error["message"]  # 43 * 43 * 64 * 48 * 3 > 2 ** 24
    assert client.get("/api/models/grey/grid?n=128").status_code == 200
    many = {"codes": [[0.0, 0.0]] * 400}
    assert "At most 341 images" in client.post("/api/models/small/decode", json=many).text
    assert client.post("/api/models/small/decode", json=many, headers=PNG).status_code == 200


def test_the_card_says_that_it_is_colour(client):
    assert client.get("/api/models/small").json()["image_shape"] == [32, 32, 3]
    schemas = client.get("/api/openapi.json").json()["components"]["schemas"]
    assert schemas["ModelDetail"]["properties"]["image_shape"]["maxItems"] == 3
