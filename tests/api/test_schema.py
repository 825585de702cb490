"""The schema is correct, and no request that it allows or forbids crashes the server."""

from collections import Counter

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import positive_data_acceptance

from latentbook.main import create_app
from latentbook.settings import Settings
from latentbook_decoders.api.images import DELTA
from tests.small_server import app_with
from tools.bench.serving import served

LATENTS = {"plane": 2, "five": 5}

LEFT_OUT = [
    positive_data_acceptance,  # a schema cannot tie a code's length to the model in the path
    not_a_server_error,  # the schema promises 503 for a broken model
]


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    settings = Settings(build=tmp_path_factory.mktemp("build"))
    with served(app_with(settings)) as url:
        schema = schemathesis.openapi.from_url(f"{url}/api/openapi.json")

        @schema.hook
        def map_path_parameters(context, path_parameters):
            """Make most requests ask for models that load and map tiles that exist."""
            if not path_parameters:
                return path_parameters
            name = str(path_parameters["name"])
            names = ("plane", "plane", "five", "changed", name)
            found = {**path_parameters, "name": names[len(name) % len(names)]}
            zoom = found.get("zoom")
            if isinstance(zoom, int) and 0 <= zoom <= 18 and len(name) % 3:
                for axis in ("x", "y"):
                    if isinstance(found[axis], int):
                        found[axis] %= 2**zoom
            return found

        yield schema


def fitted(case):
    """Give most codes as many numbers as the model in the path has latents."""
    latents = LATENTS.get(str(case.path_parameters["name"]))
    codes = case.body["codes"]
    if latents and len(codes) % 8:
        case.body = {"codes": [(code * latents)[:latents] for code in codes]}


POSITIVE, NEGATIVE = GenerationMode.POSITIVE, GenerationMode.NEGATIVE


OPERATIONS = [
    ("GET", "/api/models", POSITIVE),
    ("GET", "/api/models/{name}", POSITIVE),
    ("GET", "/api/models/{name}/grid", POSITIVE),
    ("GET", "/api/models/{name}/grid", NEGATIVE),
    ("GET", "/api/models/{name}/atlas/{zoom}/{x}/{y}", POSITIVE),
    ("GET", "/api/models/{name}/atlas/{zoom}/{x}/{y}", NEGATIVE),
    ("POST", "/api/models/{name}/decode", POSITIVE),
    ("POST", "/api/models/{name}/decode", NEGATIVE),
    ("POST", "/api/models/{name}/encode", POSITIVE),
    ("POST", "/api/models/{name}/encode", NEGATIVE),
    ("GET", "/healthz", POSITIVE),
    ("GET", "/metrics", POSITIVE),
]
WITHOUT_INPUT = ("/api/models", "/healthz", "/metrics")


@pytest.mark.long
@pytest.mark.parametrize(("method", "path", "mode"), OPERATIONS)
def test_every_answer_is_one_the_schema_promises(api, request, method, path, mode):
    """``--examples=5000`` tries more requests."""
    operation = api[path][method]
    statuses = Counter()
    to_decode = path.endswith("/decode") and mode is POSITIVE
    asking = sum(path not in WITHOUT_INPUT for _, path, _ in OPERATIONS)
    count = -(-request.config.getoption("--examples") // asking)

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=1 if path in WITHOUT_INPUT else count,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check(case):
        if to_decode:
            fitted(case)
        response = case.call()
        statuses[response.status_code] += 1
        assert response.status_code < 500 or response.status_code == 503
        if response.status_code == 503:
            assert "changed.safetensors" in response.json()["detail"]
        case.validate_response(response, excluded_checks=LEFT_OUT)

    check()
    if to_decode:
        assert statuses[200] > statuses.total() / 3, statuses


def test_the_schema_is_complete(client):
    document = client.get("/api/openapi.json").json()
    operations = {
        (method, path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert set(operations) == {
        ("get", "/api/models"),
        ("get", "/api/models/{name}"),
        ("get", "/api/models/{name}/grid"),
        ("get", "/api/models/{name}/atlas/{zoom}/{x}/{y}"),
        ("post", "/api/models/{name}/decode"),
        ("post", "/api/models/{name}/encode"),
        ("get", "/api/instruments"),
        ("get", "/api/instruments/{name}"),
        ("get", "/healthz"),
        ("get", "/readyz"),
        ("get", "/metrics"),
    }
    for operation in operations.values():
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"]
    pictures = ["image/png", "application/octet-stream", DELTA]
    grid = operations["get", "/api/models/{name}/grid"]
    assert list(grid["responses"]["200"]["content"]) == pictures
    limits = {item["name"]: item["schema"] for item in grid["parameters"]}
    assert (limits["n"]["minimum"], limits["n"]["maximum"]) == (1, 128)
    assert (limits["span"]["exclusiveMinimum"], limits["span"]["maximum"]) == (0, 10)
    decode = operations["post", "/api/models/{name}/decode"]
    assert set(decode["responses"]["200"]["content"]) == {"application/json", *pictures}


def test_the_examples_of_the_schema_work(settings):
    with served(create_app(settings)) as url, httpx.Client(base_url=url) as client:
        paths = client.get("/api/openapi.json").json()["paths"]

        def example(route, field):
            body = paths[f"/api/models/{{name}}/{route}"]["post"]["requestBody"]
            schema = body["content"]["application/json"]["schema"]
            return schema["properties"][field]["examples"][0]

        name = "conv_vae_mnist"
        codes, images = example("decode", "codes"), example("encode", "images")
        decoded = client.post(f"/api/models/{name}/decode", json={"codes": codes})
        encoded = client.post(f"/api/models/{name}/encode", json={"images": images})
        assert decoded.status_code == encoded.status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_no_documentation_page_from_another_host(client, path):
    assert client.get(path).status_code == 404
