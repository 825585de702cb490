"""Images in, codes out."""

import numpy as np
import pytest
import torch

PATH = "/api/models/five/encode"
BLANK = [[0.0] * 28] * 28


def test_codes_and_errors_are_the_models_own(client, registry):
    images = np.random.default_rng(0).random((3, 28, 28)).round(3)
    answer = client.post(PATH, json={"images": images.tolist()}).json()
    model = registry.models["five"]
    with torch.inference_mode():
        x = torch.tensor(images, dtype=torch.float32)
        mu, logvar = model.encode(x)
        x_hat = model.decode(mu).double().numpy()
    assert np.allclose(answer["mu"], mu, rtol=1e-5, atol=1e-6)
    assert np.allclose(answer["logvar"], logvar, rtol=1e-5, atol=1e-6)
    assert np.allclose(answer["squared_error"], ((x_hat - images) ** 2).sum((1, 2)), rtol=1e-5)


def test_decoding_the_code_is_within_the_stated_error(client):
    image = [[((i * j) % 7) / 6 for j in range(28)] for i in range(28)]
    encoded = client.post(PATH, json={"images": [image]}).json()
    codes = {"codes": encoded["mu"]}
    decoded = client.post("/api/models/five/decode", json=codes).json()["images"][0]
    error = ((np.array(decoded) / 255 - np.array(image)) ** 2).sum()
    assert error == pytest.approx(encoded["squared_error"][0], rel=0.02)


@pytest.mark.parametrize(
    ("images", "field", "words"),
    [
        ([], "images", "at least 1"),
        ([BLANK] * 257, "images", "at most 256"),
        ([BLANK, BLANK[:27]], "images[1]", "28 rows of 28 pixels are accepted. Received 27 rows"),
        ([[[0.0] * 27] * 28], "images[0]", "Received 28 rows of 27"),
        ([[[0.0] * 28] * 27 + [[0.0] * 5]], "images[0]", "Received 28 rows of 5 and 28"),
        ([[[1.5] * 28] * 28], "images[0][0][0]", "less than or equal to 1"),
        ([[[-0.1] * 28] * 28], "images[0][0][0]", "greater than or equal to 0"),
        ([[["0"] * 28] * 28], "images[0][0][0]", "'0'"),
        ("pixels", "images", "list"),
    ],
)
def test_what_is_not_accepted(client, images, field, words):
    response = client.post(PATH, json={"images": images})
    assert response.status_code == 422
    error = response.json()["errors"][0]
    assert error["field"] == field
    assert words in error["message"]


def test_only_json_is_offered(client):
    response = client.post(PATH, json={"images": [BLANK]}, headers={"Accept": "image/png"})
    assert response.status_code == 406


@pytest.mark.parametrize(
    ("body", "content_type", "status", "field", "words"),
    [
        (b'{"images": [[[NaN]]]}', "application/json", 422, "images[0][0][0]", "finite"),
        (b'{"images": [[[Infinity]]]}', "application/json", 422, "images[0][0][0]", "finite"),
        (b'{"images": [[[0.5, 1]', "application/json", 400, "body", "not JSON"),
        (b"{}", "application/json", 422, "images", "required"),
        (b'{"image": []}', "application/json", 422, "image", "Accepted: images"),
        (b'{"images": []}', "text/plain", 415, "header Content-Type", "text/plain"),
        (b"[" * 2**23, "application/json", 413, "body", "At most 4194304 bytes"),
    ],
)
def test_a_body_that_is_not_accepted(client, body, content_type, status, field, words):
    response = client.post(PATH, content=body, headers={"Content-Type": content_type})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    error = response.json()["errors"][0]
    assert error["field"] == field
    assert words in error["message"]
