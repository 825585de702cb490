"""Every answer has the headers that isolate a page and close it to other hosts."""

import httpx
import pytest
from playwright.sync_api import sync_playwright

from latentbook.main import create_app
from latentbook.settings import Settings
from tests.chromium import launch
from tests.small_server import app_with, write_site
from tools.bench.serving import served

GRID = "/api/models/plane/grid"
JSON = {"Content-Type": "application/json"}

ANSWERS = [
    ("GET", "/", 200, {}),
    ("GET", "/vae/", 200, {}),
    ("GET", "/vae", 302, {}),
    ("GET", "/assets/main-ABCD1234.js", 200, {}),
    ("GET", "/runtime/0123456789ab/pyodide.asm.wasm", 200, {}),
    ("GET", "/nothing", 404, {}),
    ("POST", "/", 405, {}),
    ("GET", "/api/models", 200, {}),
    ("GET", GRID, 200, {}),
    ("GET", GRID, 304, {"If-None-Match": "*"}),
    ("GET", GRID, 406, {"Accept": "text/html"}),
    ("GET", f"{GRID}?n=0", 422, {}),
    ("GET", "/api/models/nothing", 404, {}),
    ("GET", "/api/models/changed", 503, {}),
    ("GET", "/api/nothing", 404, {}),
    ("DELETE", "/api/models", 405, {}),
    ("POST", "/api/models/plane/decode", 422, JSON),
    ("POST", "/api/models/plane/decode", 415, {}),
    ("GET", "/api/openapi.json", 200, {}),
    ("GET", "/healthz", 200, {}),
]


@pytest.mark.parametrize(("method", "path", "status", "headers"), ANSWERS)
def test_on_every_kind_of_answer(client, method, path, status, headers):
    response = client.request(method, path, headers=headers)
    assert response.status_code == status
    check(response)


@pytest.mark.parametrize(
    ("path", "policy"),
    [
        ("/embed/q-one/", "cross-origin"),
        ("/course/embed/q-one/", "cross-origin"),
        ("/embed/", "same-origin"),
        ("/embed/q-one/more/", "same-origin"),
        ("/embeds/q-one/", "same-origin"),
    ],
)
def test_only_a_single_block_may_be_framed_by_an_isolated_site(client, path, policy):
    headers = client.get(path).headers
    assert headers["cross-origin-resource-policy"] == policy
    framed = "frame-ancestors *" if policy == "cross-origin" else "frame-ancestors 'self'"
    assert headers["content-security-policy"].endswith(framed)


def check(response):
    headers = response.headers
    policy = dict(
        directive.split(" ", 1) for directive in headers["content-security-policy"].split("; ")
    )
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self' 'wasm-unsafe-eval'",
        "style-src": "'self'",
        "style-src-attr": "'unsafe-inline'",
        "worker-src": "'self'",
        "connect-src": "'self'",
        "img-src": "'self' data: blob:",
        "media-src": "data:",
        "font-src": "'self'",
        "manifest-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'self'",
    }
    assert headers["document-isolation-policy"] == "isolate-and-require-corp"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-embedder-policy"] == "require-corp"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert "camera=()" in headers["permissions-policy"]


@pytest.mark.parametrize("script", ["worker-ABCD1234.js", "maker-ABCD1234.js"])
def test_a_worker_may_start_python_and_no_more(client, script):
    policy = client.get(f"/assets/{script}").headers["content-security-policy"]
    assert policy.split("; ") == [
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "connect-src 'self'",
        "worker-src 'self'",
    ]


def test_on_a_fault_of_the_server(settings, registry, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("latentbook_decoders.api.grid.grid_codes", fail)
    with served(app_with(settings, registry)) as url:
        response = httpx.get(f"{url}{GRID}")
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert "a bug" not in response.text
    check(response)


def test_frames_of_a_learning_platform_can_be_allowed(tmp_path):
    write_site(tmp_path / "site")
    allowed = "'self' https://lms.example"
    with served(create_app(Settings(build=tmp_path, frame_ancestors=allowed))) as url:
        policy = httpx.get(url).headers["content-security-policy"]
    assert policy.endswith(f"frame-ancestors {allowed}")


@pytest.fixture(scope="module")
def chromium():
    """A browser that closes before other test modules open theirs."""
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        yield browser
        browser.close()


@pytest.mark.browser
@pytest.mark.parametrize("framed", [False, True])
def test_a_page_is_isolated_in_chromium(chromium, tmp_path, framed):
    """A page is isolated alone and in a frame of another site, so that Stop works in both."""
    write_site(tmp_path / "site")
    (tmp_path / "site" / "worker.js").write_text("postMessage(crossOriginIsolated)")
    frame_ancestors = "'self' http://localhost:*"
    app = create_app(Settings(build=tmp_path, frame_ancestors=frame_ancestors))
    page = chromium.new_page()
    with served(app) as url:
        if framed:

            async def lms(scope, receive, send):
                html = f"<!doctype html><iframe src='{url}/vae/'></iframe>".encode()
                headers = [(b"content-type", b"text/html")]
                start = {"type": "http.response.start", "status": 200, "headers": headers}
                await send(start)
                await send({"type": "http.response.body", "body": html})

            with served(lms, lifespan="off") as lms_url:
                page.goto(lms_url.replace("127.0.0.1", "localhost"))
                frame = page.frames[1]
                check_isolated(frame)
        else:
            page.goto(f"{url}/vae/")
            check_isolated(page)
        page.close()


def check_isolated(frame):
    assert frame.evaluate("crossOriginIsolated")
    assert frame.evaluate("new SharedArrayBuffer(8).byteLength") == 8
    in_worker = """new Promise((resolve, reject) => {
        const worker = new Worker('/worker.js', {type: 'module'});
        worker.onmessage = ({data}) => resolve(data);
        worker.onerror = () => reject(new Error('no worker'));
    })"""
    assert frame.evaluate(in_worker)
