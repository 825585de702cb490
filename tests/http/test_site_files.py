"""The site folder over HTTP."""

import asyncio
import gzip
import http.client
from datetime import UTC, datetime

import brotli
import httpx
import pytest

from latentbook.http import site_files
from latentbook.http.site_files import SiteFiles
from latentbook.main import create_app
from latentbook.settings import Settings
from tests.small_server import SCRIPT, app_with, write_site
from tools.bench.serving import served

FOREVER = "immutable"


@pytest.fixture
def changing(tmp_path):
    """A client of a separate server for a site that changes, and the build folder."""
    write_site(tmp_path / "site")
    app = create_app(Settings(build=tmp_path))
    with served(app) as url, httpx.Client(base_url=url) as client:
        yield client, tmp_path


@pytest.mark.parametrize(
    ("path", "media_type", "cached"),
    [
        ("/", "text/html; charset=utf-8", "no-cache"),
        ("/vae/", "text/html; charset=utf-8", "no-cache"),
        ("/vae/vae.ipynb", "application/x-ipynb+json", "no-cache"),
        ("/vae/vae.py", "text/x-python; charset=utf-8", "no-cache"),
        ("/search-0a1b2c3d.json", "application/json", FOREVER),
        ("/assets/main-ABCD1234.js", "text/javascript; charset=utf-8", FOREVER),
        ("/assets/book-ABCD1234.css", "text/css; charset=utf-8", FOREVER),
        ("/assets/inter-ABCD1234.woff2", "font/woff2", FOREVER),
        ("/assets/manifest-ABCD1234.webmanifest", "application/manifest+json", FOREVER),
        ("/runtime/0123456789ab/pyodide.mjs", "text/javascript; charset=utf-8", FOREVER),
        ("/runtime/0123456789ab/pyodide.asm.wasm", "application/wasm", FOREVER),
        ("/runtime/0123456789ab/python_stdlib.zip", "application/zip", FOREVER),
        ("/runtime/0123456789ab/numpy-2.4.3-py3-none-any.whl", "application/zip", FOREVER),
    ],
)
def test_type_and_caching(client, path, media_type, cached):
    response = client.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"].replace('"', "") == media_type
    assert cached in response.headers["cache-control"]
    assert response.headers.get("latentbook-api") == ("1" if "html" in media_type else None)


@pytest.mark.parametrize(
    ("accepted", "encoding", "decompress"),
    [
        ("gzip, deflate, br", "br", brotli.decompress),
        ("gzip", "gzip", gzip.decompress),
        ("br;q=0, gzip", "gzip", gzip.decompress),
        ("identity", None, bytes),
    ],
)
def test_precompressed_forms(client, accepted, encoding, decompress):
    path = "/assets/main-ABCD1234.js"
    with client.stream("GET", path, headers={"Accept-Encoding": accepted}) as response:
        body = b"".join(response.iter_raw())
    assert response.headers.get("content-encoding") == encoding
    assert response.headers["vary"] == "Accept-Encoding"
    assert int(response.headers["content-length"]) == len(body)
    assert decompress(body) == SCRIPT


def test_a_page_is_sent_once_and_then_confirmed(client):
    first = client.get("/vae/")
    again = client.get("/vae/", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_a_page_rebuilt_within_the_same_second_is_a_new_one(changing):
    client, build = changing
    site = build / "site"
    first = client.get("/")
    site.rename(build / "old")
    write_site(site, title="Back page!")  # as long as "Front page"
    for path in site.rglob("*"):
        path.touch()
    again = client.get("/", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 200
    assert "Back page!" in again.text


def test_a_swapped_site_is_seen_without_restart(changing):
    client, build = changing
    site = build / "site"
    assert "Front page" in client.get("/").text
    write_site(build / "new", title="Second edition")
    (build / "new" / "gan").mkdir()
    (build / "new" / "gan" / "index.html").write_text("GAN")
    site.rename(build / "old")
    assert client.get("/").status_code == 503  # between the two editions
    (build / "new").rename(site)
    assert "Second edition" in client.get("/").text
    assert client.get("/gan/").text == "GAN"


@pytest.fixture
def listings(monkeypatch):
    """A list that grows by one whenever the files of a site are listed."""
    folders = []
    real = site_files.site_files

    def list_files(folder):
        folders.append(folder)
        return real(folder)

    monkeypatch.setattr(site_files, "site_files", list_files)
    return folders


def test_a_site_is_listed_before_the_server_listens(listings, settings):
    with served(create_app(settings)):
        assert len(listings) == 1


def test_requests_that_come_together_list_a_site_once(listings, tmp_path):
    """When each request listed the site, 32 readers waited 9 seconds for their first page."""
    write_site(tmp_path)
    site = SiteFiles(tmp_path)

    async def look_together():
        await asyncio.gather(*(site.look() for _ in range(8)))

    asyncio.run(look_together())
    assert len(listings) == 1
    assert "/vae/" in site.files


def test_a_folder_without_slash_redirects_within_any_mount(client):
    response = client.get("/vae?vae-sampler.beta=2")
    assert response.status_code == 302
    assert response.headers["location"] == "vae/?vae-sampler.beta=2"


def test_a_missing_page_is_the_books_own(client):
    response = client.get("/no/such/page")
    assert response.status_code == 404
    assert "Not in the book" in response.text
    assert response.headers["content-type"].startswith("text/html")
    known = client.get("/nor/this", headers={"If-None-Match": response.headers["etag"]})
    assert known.status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/vae/..%2f..%2fsecret.txt",
        "/assets/%2e%2e%2f%2e%2e%2fsecret.txt",
        "/..%5csecret.txt",
        "//secret.txt",
        "/%00",
        "/vae/%00/../../secret.txt",
        "/vae%ff",
    ],
)
def test_nothing_outside_the_site_is_served(client, settings, path):
    (settings.build / "secret.txt").write_text("secret")
    connection = http.client.HTTPConnection(client.base_url.host, client.base_url.port)
    connection.request("GET", path)  # unchanged: httpx would normalise the path
    response = connection.getresponse()
    assert response.status == 404
    assert b"secret" not in response.read()
    connection.close()


def test_a_link_that_leads_out_of_the_site_is_not_followed(changing):
    client, build = changing
    (build / "secret.txt").write_text("secret")
    (build / "site" / "out.txt").symlink_to(build / "secret.txt")
    assert client.get("/out.txt").status_code == 404


def test_methods_and_head(client):
    head = client.head("/vae/")
    assert head.status_code == 200
    assert head.content == b""
    refused = client.post("/vae/")
    assert refused.status_code == 405
    assert refused.headers["allow"] == "GET, HEAD"


def test_a_part_of_a_file(client):
    path = "/runtime/0123456789ab/pyodide.asm.wasm"
    headers = {"Range": "bytes=1-3", "Accept-Encoding": "identity"}
    response = client.get(path, headers=headers)
    assert response.status_code == 206
    assert response.content == b"asm"


@pytest.mark.parametrize(
    ("asked", "status", "content"),
    [
        ("bytes=-3", 206, SCRIPT[-3:]),
        ("bytes=0-", 206, SCRIPT),
        ("bytes=5-2", 200, SCRIPT),
        ("bytes=--5", 200, SCRIPT),
        ("bytes=1_0-", 200, SCRIPT),
        ("bytes=1-2,4-5", 200, SCRIPT),
        ("bytes=-0", 416, b""),
        ("bytes=-00", 416, b""),
        (f"bytes={len(SCRIPT)}-", 416, b""),
    ],
)
def test_a_range_that_is_none_is_ignored_and_an_empty_one_refused(client, asked, status, content):
    response = client.get(ASSET, headers={"Range": asked, "Accept-Encoding": "identity"})
    assert (response.status_code, response.content) == (status, content)


def test_below_another_path(settings, registry):
    app = app_with(settings, registry)
    with served(app, root_path="/books/latent") as url:  # as behind a proxy that strips the prefix
        assert "Chapter" in httpx.get(f"{url}/vae/").text
        assert httpx.get(f"{url}/api/models").status_code == 200


def test_a_server_without_a_site_says_what_to_do(tmp_path):
    with served(create_app(Settings(build=tmp_path))) as url:
        assert httpx.get(f"{url}/healthz").json() == {"status": "ok"}
        assert httpx.get(f"{url}/readyz").status_code == 503
        response = httpx.get(url)
        assert response.status_code == 503
        assert "latentbook build" in response.text


def test_ready_with_a_site(client):
    ready = client.get("/readyz").json()
    assert ready.keys() == {"status", "site"}
    assert ready["status"] == "ready"
    assert datetime.fromisoformat(ready["site"]) <= datetime.now(UTC)


ASSET = "/assets/main-ABCD1234.js"


@pytest.mark.parametrize("path", ["/", ASSET])
@pytest.mark.parametrize("form", ['"0", {0}', "W/{0}", "{0}", "*", '"0",W/{0} , "1"'])
def test_a_file_that_the_client_has_is_not_sent_again(client, path, form):
    etag = client.get(path).headers["etag"]
    given = form.format(etag.removeprefix("W/"))
    answer = client.get(path, headers={"If-None-Match": given})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == etag


def test_a_file_that_the_client_has_in_another_edition_is_sent(client):
    held = {"If-None-Match": '"0", W/"1"', "If-Modified-Since": "Fri, 31 Dec 2100 00:00:00 GMT"}
    assert client.get(ASSET, headers=held).content == SCRIPT


def test_one_tag_for_several_codings_is_weak(client):
    for coding in ("identity", "gzip", "br"):
        answer = client.get(ASSET, headers={"Accept-Encoding": coding})
        assert answer.headers["etag"].startswith("W/")


def test_a_part_is_not_sent_to_who_may_hold_another_edition(client):
    part = {"Range": "bytes=0-9", "Accept-Encoding": "identity"}
    assert client.get(ASSET, headers=part).status_code == 206
    for held in ('"another"', client.get(ASSET).headers["etag"]):
        answer = client.get(ASSET, headers={**part, "If-Range": held})
        assert (answer.status_code, answer.content) == (200, SCRIPT)
