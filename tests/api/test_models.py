"""The list of models, and reasons why one cannot be used."""

import hashlib
import importlib
import shutil

import httpx
import pytest

from latentbook.main import create_app
from latentbook.settings import Settings
from latentbook_decoders.models import registry as book
from tests.small_server import write_own_book
from tools.bench.serving import served


def test_the_list_names_all_and_what_is_wrong(client):
    models = {model["name"]: model for model in client.get("/api/models").json()["models"]}
    assert list(models) == ["plane", "five", "missing", "changed"]
    assert models["plane"]["sha256"] == "0" * 64
    assert models["plane"]["unavailable"] is None
    assert "latentbook train missing" in models["missing"]["unavailable"]


def test_the_card_says_how_it_is_served(client):
    detail = client.get("/api/models/five").json()
    assert detail["latent_dim"] == 5
    assert detail["image_shape"] == [28, 28]
    assert detail["weights"]["sha256"] == "1" * 64
    assert detail["serving"] == {"device": "cpu", "dtype": "float32", "max_grey_difference": 0}


@pytest.mark.parametrize("path", ["/api/models", "/api/models/plane"])
def test_cards_are_confirmed_each_time(client, path):
    first = client.get(path)
    assert first.headers["cache-control"] == "no-cache"
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("name", "words"),
    [("missing", "has no card"), ("changed", "its card says")],
)
def test_a_broken_model_is_unavailable_and_the_rest_works(client, name, words):
    for response in (
        client.get(f"/api/models/{name}"),
        client.get(f"/api/models/{name}/grid"),
        client.post(f"/api/models/{name}/decode", json={"codes": [[0, 0]]}),
        client.post(f"/api/models/{name}/encode", json={"images": [[[0.0] * 28] * 28]}),
    ):
        assert response.status_code == 503
        assert response.headers["content-type"] == "application/problem+json"
        assert words in response.json()["detail"]
    assert client.get("/api/models/plane/grid").status_code == 200
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("name", ["nothing", "Plane", "plane%20", "%F0%9F%99%82", "a" * 3000])
def test_an_unknown_model_is_not_found(client, name):
    for response in (
        client.get(f"/api/models/{name}"),
        client.get(f"/api/models/{name}/grid"),
        client.post(f"/api/models/{name}/decode", json={"codes": [[0, 0]]}),
    ):
        assert response.status_code == 404
        problem = response.json()
        assert problem["errors"][0]["field"] == "name"
        assert "plane, five" in problem["detail"]


def test_an_unknown_address_below_api_is_a_problem_not_a_page(client):
    for path in ("/api", "/api/", "/api/models/plane/atlas", "/api/../api/nothing"):
        response = client.get(path)
        assert response.status_code == 404
        assert response.headers["content-type"] == "application/problem+json"


def test_weights_that_were_changed_on_disk_are_not_served(settings, monkeypatch, tmp_path):
    from latentbook_decoders.models import registry as book

    name = "conv_vae_mnist"
    for suffix in (".json", ".safetensors"):
        shutil.copy(book.WEIGHTS_DIR / f"{name}{suffix}", tmp_path)
    weights = tmp_path / f"{name}.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    monkeypatch.setattr(book, "WEIGHTS_DIR", tmp_path)
    with served(create_app(settings)) as url:
        response = httpx.get(f"{url}/api/models/{name}/grid")
        assert response.status_code == 503
        detail = response.json()["detail"]
        assert hashlib.sha256(content).hexdigest() in detail
        assert book.card(name)["weights"]["sha256"] in detail
        assert httpx.get(url).status_code == 200
        # Once repaired, it is served without a restart.
        content[-1] ^= 1
        weights.write_bytes(content)
        assert httpx.get(f"{url}/api/models/{name}/grid?n=1").status_code == 200


def test_models_that_cannot_be_had_say_why_and_hide_no_other(tmp_path, monkeypatch):
    shutil.copytree(book.WEIGHTS_DIR, tmp_path / "weights")
    monkeypatch.setattr(book, "WEIGHTS_DIR", tmp_path / "weights")
    (tmp_path / "weights" / "mlp_vae_mnist.json").write_text("{")
    (tmp_path / "weights" / "autoencoder_mnist.safetensors").unlink()
    with (
        served(create_app(Settings(build=tmp_path))) as url,
        httpx.Client(base_url=url) as client,
    ):
        why = {m["name"]: m["unavailable"] for m in client.get("/api/models").json()["models"]}
        assert "is not the card of a model" in why.pop("mlp_vae_mnist")
        assert "has no weights" in why.pop("autoencoder_mnist")
        assert set(why.values()) == {None}
        assert client.get("/api/models/mlp_vae_mnist").status_code == 503


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ModuleNotFoundError("No module named 'torch'", name="torch"), "PyTorch is not installed"),
        (ModuleNotFoundError("No module named 'sympy'", name="sympy"), "cannot be loaded"),
        (ImportError("libgomp.so.1: cannot open shared object"), "libgomp.so.1"),
        (OSError("libcudart.so"), "libcudart.so"),
    ],
)
def test_without_a_torch_that_loads_the_answer_says_so(tmp_path, monkeypatch, error, words):
    real = importlib.import_module

    def broken(name, *args):
        if name == "torch":
            raise error
        return real(name, *args)

    monkeypatch.setattr("importlib.import_module", broken)
    with served(create_app(Settings(build=tmp_path))) as url:
        for path in ("/api/models", "/api/models/plane/grid"):
            answer = httpx.get(url + path)
            assert answer.status_code == 503
            assert words in answer.json()["detail"]


@pytest.mark.parametrize(
    ("code", "paths"),
    [
        ('Tiles("sea", images, alt)', {"/healthz", "/readyz", "/metrics"}),
        ('Map("sea", tile, server="conv_vae_mnist")', {"/api/models", "/api/models/{name}/grid"}),
    ],
)
def test_a_book_whose_instruments_use_no_decoder_serves_none(tmp_path, code, paths):
    write_own_book(tmp_path / "mine", code)
    app = create_app(Settings(build=tmp_path, course=tmp_path / "mine"))
    schema = app.openapi()
    assert schema["info"]["title"] == "Tides"
    assert paths <= schema["paths"].keys()
    none = "/api/models" not in paths
    assert none == ("summary" not in schema["info"])
    with served(app) as url:
        assert httpx.get(f"{url}/api/openapi.json").json() == schema
        assert (httpx.get(f"{url}/api/models").status_code == 404) == none
        assert (httpx.get(f"{url}/api/instruments").status_code == 404) == none
