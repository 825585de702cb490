"""After one visit the complete book is readable offline, and editions never mix."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from latentbook.browser import FLAGS, chromium_path
from latentbook.runtime.dist import served_name
from tests.browser.book_pages import READY, SECTION, output, run, where
from tests.browser.conftest import Watch
from tests.browser.editions import ONE, TWO, Editions

pytestmark = pytest.mark.browser

STATUS = "[data-offline-status]"
KEPT = "can be read offline"
EVERY_ENTRY = """async () => {
  const all = [];
  for (const name of await caches.keys()) {
    for (const { url } of await (await caches.open(name)).keys()) all.push([name, url]);
  }
  return all;
}"""
HARM = """async (parts) => {
  const harmed = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      if (!parts.some((part) => request.url.includes(part))) continue;
      const { headers } = await cache.match(request);
      await cache.put(request, new Response("not what it was", { headers }));
      harmed.push([name, request.url]);
    }
  }
  return harmed;
}"""
REMOVE = """async (part) => {
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const { url } of await cache.keys()) if (url.includes(part)) await cache.delete(url);
  }
}"""
STILL_HARMED = """async (entries) => {
  const wrong = [];
  for (const [name, url] of entries) {
    const found = await (await caches.open(name)).match(url);
    if ((await found?.text()) === "not what it was") wrong.push(url);
  }
  return wrong;
}"""


@pytest.fixture(scope="module")
def browser_of(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Opens new browser contexts with service workers; errors in their pages fail the tests."""
    contexts: list[BrowserContext] = []
    watches: list[Watch] = []

    def one(host: str, *expected: str) -> BrowserContext:
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        contexts.append(context)
        watch = Watch(host, expected=("net::ERR_INTERNET_DISCONNECTED", *expected))
        watches.append(watch)
        context.on("page", watch.follow)
        return context

    yield one
    for context in contexts:
        context.close()
    assert [wrong for watch in watches for wrong in watch.wrong] == []


def visit(context: BrowserContext, url: str, *, python: bool = True) -> Page:
    page = context.new_page()
    page.goto(url)
    if python:
        expect(page.locator(READY)).to_be_attached()
    return page


def keep(context: BrowserContext, url: str) -> Page:
    """Visit a page until the book is saved for offline reading."""
    page = visit(context, url)
    expect(page.locator(STATUS)).to_contain_text(KEPT)
    return page


@dataclass
class Visited:
    """A browser after one visit, and the Python files that it requested from the server."""

    browser: BrowserContext
    asked: list[str]


@pytest.fixture(scope="module")
def visited(browser_of: Callable[..., BrowserContext], editions: Editions) -> Visited:
    """The state after a visit to the first chapter of edition A."""
    editions.publish("A")
    editions.requests.seen.clear()
    context = browser_of(editions.url, "status of 404", "status of 503")
    page = visit(context, editions.url + ONE)
    assert output(run(page, "6 * 7")).strip() == "42"
    expect(page.locator(STATUS)).to_contain_text(KEPT)
    page.close()
    asked = [path for path, _ in editions.requests.seen if "/runtime/" in path]
    return Visited(context, asked)


@pytest.fixture
def kept(visited: Visited, editions: Editions) -> BrowserContext:
    """The browser that has saved edition A, online, with edition A on the server."""
    editions.publish("A")
    visited.browser.set_offline(False)
    return visited.browser


def test_python_comes_over_the_network_once_and_is_stored_once(
    kept: BrowserContext, visited: Visited, editions: Editions
) -> None:
    paths = visited.asked
    assert sorted(set(paths)) == sorted(paths)
    assert {path.rsplit("/", 1)[1] for path in paths} == {
        served_name(name, hash) for name, hash in editions.dist.hashes.items()
    }
    page = visit(kept, editions.url, python=False)
    urls = [url for _, url in page.evaluate(EVERY_ENTRY)]
    assert sorted(set(urls)) == sorted(urls)
    page.close()


def test_every_page_is_there_without_a_network(kept: BrowserContext, editions: Editions) -> None:
    kept.set_offline(True)
    page = visit(kept, editions.url + TWO)  # never visited online
    assert page.evaluate("crossOriginIsolated")
    expect(page.locator(STATUS)).to_contain_text("You are offline.")
    assert (
        output(run(page, "import statistics, decimal\nstatistics.mean([1, 2, 6])")).strip() == "3"
    )
    instrument = page.locator("section.instrument").first
    instrument.scroll_into_view_if_needed()
    expect(instrument).to_have_attribute("data-state", "live")
    with page.expect_download() as download:
        page.locator(".download a").first.click()
    assert Path(download.value.path()).read_text().startswith("{")
    page.locator(".bar [data-action=search]").click()
    page.locator("dialog.search input").fill("snippet of chapter one")
    expect(page.locator("dialog.search li").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("main h1")).to_contain_text("Page one")
    for place, heading in (
        ("contents/", "Contents"),
        ("references/", "References"),
        ("", "Two chapters"),
        ("nowhere/", "This page is not in the book"),
    ):
        page.goto(editions.url + place)
        expect(page.locator("main h1")).to_have_text(heading)
    page.close()
    kept.set_offline(False)


def test_what_the_server_says_of_a_fault_reaches_the_reader(
    kept: BrowserContext, editions: Editions
) -> None:
    editions.requests.fails = True
    page = kept.new_page()
    try:
        found = page.goto(editions.url + "classroom/")
        assert found is not None
        assert (found.status, page.locator("body").inner_text()) == (503, "Try again in a minute.")
        page.goto(editions.url + TWO)  # this page is in the cache
        expect(page.locator("main h1")).to_contain_text("Page two")
    finally:
        editions.requests.fails = False
    found = page.goto(editions.url + "nowhere/")
    assert found is not None
    assert found.status == 404
    expect(page.locator("main h1")).to_have_text("This page is not in the book")
    page.close()


def test_what_is_damaged_or_missing_comes_anew(kept: BrowserContext, editions: Editions) -> None:
    page = visit(kept, editions.url, python=False)
    harmed = page.evaluate(HARM, ["/main-", "/book-", "/one/?", "/widgets-", "/in-page-"])
    assert len(harmed) >= 5
    page.evaluate(REMOVE, "/cell-")
    page.close()
    page = visit(kept, editions.url + ONE)
    assert output(run(page, "6 * 7")).strip() == "42"
    page.evaluate("async () => { for (const place of ['', '../one/']) await fetch(place); }")
    config = page.evaluate("JSON.parse(document.getElementById('latentbook-config').text)")
    name = served_name("widgets.pack", config["runtime"]["hashes"]["widgets.pack"])
    page.evaluate("place => fetch(place)", f"{editions.url}runtime/{name}")
    # The page shows the network's copy at once; the service worker repairs its own meanwhile.
    healed = f"async (harmed) => (await ({STILL_HARMED})(harmed)).length === 0"
    page.wait_for_function(healed, arg=harmed)
    expect(page.locator(STATUS)).to_contain_text(KEPT)
    page.close()
    kept.set_offline(True)
    page = visit(kept, editions.url + ONE)
    assert output(run(page, "6 * 7")).strip() == "42"
    page.close()
    kept.set_offline(False)


def edition(page: Page) -> str:
    """Read the edition from the text of the page."""
    found = re.search(r"This is edition ([AB])", page.locator("main").inner_text())
    assert found is not None
    return found[1]


def edition_of_scripts(page: Page) -> str:
    """Run a snippet, and read the edition from its status."""
    cell = run(page, "1 + 1")
    assert output(cell).strip() == "2"
    said = cell.locator("[data-status]").inner_text()
    return said.removeprefix("Edition ")[0]


@pytest.mark.long
def test_editions_never_mix(browser_of: Callable[..., BrowserContext], editions: Editions) -> None:
    editions.publish("A")
    editions.requests.seen.clear()
    context = browser_of(editions.url)
    page = keep(context, editions.url + ONE)
    other = visit(context, editions.url, python=False)
    editions.publish("B")
    # Open pages continue in their own edition, with files that the server no longer has.
    assert (edition(page), edition_of_scripts(page)) == ("A", "A")
    page.locator('main a[href$="two/two-text/"]').first.click()
    expect(page.locator("main h1")).to_contain_text("Page two")
    assert (edition(page), edition_of_scripts(page)) == ("A", "A")
    # A reload switches to the new edition. The other page stays in the old one, complete.
    page.reload()
    expect(page.locator(READY)).to_be_attached()
    assert (edition(page), edition_of_scripts(page)) == ("B", "B")
    expect(page.locator(STATUS)).to_contain_text(KEPT)
    other.locator(".bar [data-action=search]").click()
    other.locator("dialog.search input").fill("chapter")
    expect(other.locator("dialog.search .count")).to_contain_text("result")
    other.keyboard.press("Escape")
    other.locator('main a[href$="one/"]').first.click()
    expect(other.locator("main h1")).to_contain_text("Chapter one")
    other.locator('main a[href$="one/one-text/"]').first.click()
    expect(other.locator("main h1")).to_contain_text("Page one")
    expect(other.locator(READY)).to_be_attached()
    assert (edition(other), edition_of_scripts(other)) == ("A", "A")
    # When its last page has closed, the old edition is deleted.
    other.close()
    page.reload()
    page.wait_for_function(
        "async () => "
        "(await caches.keys()).filter((name) => /k [0-9a-f]{10} h/.test(name)).length === 1"
    )
    context.set_offline(True)
    page.goto(editions.url + TWO)
    expect(page.locator(READY)).to_be_attached()
    assert (edition(page), edition_of_scripts(page)) == ("B", "B")
    assert [status for _, status in editions.requests.seen if status >= 500] == []
    page.close()


def fetched_anew(context: BrowserContext, editions: Editions, place: str) -> set[str]:
    """List the files that the server sends to a returning reader who has the previous edition."""
    editions.requests.seen.clear()
    page = visit(context, editions.url + place)
    expect(page.locator(STATUS)).to_contain_text(KEPT)
    page.close()
    return {path for path, status in editions.requests.seen if status == 200}


@pytest.mark.long
def test_a_new_edition_sends_only_what_has_changed(
    browser_of: Callable[..., BrowserContext], editions: Editions
) -> None:
    if editions.published is None:
        editions.publish("A")
    context = browser_of(editions.url)
    keep(context, editions.url + ONE).close()
    editions.correct("two")
    anew = fetched_anew(context, editions, ONE)
    copies = {"/two/two.ipynb", "/two/two.py", "/two/print/"}
    searched = {path for path in anew if path.startswith(("/search-", "/assets/sections-"))}
    assert len(searched) == 2
    # Every visit requests the opened page and service-worker.js.
    assert anew - searched <= {f"/{ONE}", "/service-worker.js", f"/{TWO}", *copies}
    assert f"/{TWO}" in anew
    editions.correct_instrument()
    anew = fetched_anew(context, editions, ONE)
    runtime = {path.rpartition("/")[2].rpartition("-")[0] for path in anew if "/runtime/" in path}
    assert runtime == {"index", "widget-denoiser"}
    assert {path for path in anew if "/runtime/" not in path} <= {f"/{ONE}", "/service-worker.js"}
    context.set_offline(True)
    page = visit(context, editions.url + TWO)
    assert output(run(page, "6 * 7")).strip() == "42"
    page.close()


@pytest.mark.long
def test_the_book_itself_offline(browser_of: Callable[..., BrowserContext], book: str) -> None:
    context = browser_of(book)
    keep(context, book + SECTION).close()
    context.set_offline(True)
    page = visit(context, book + SECTION)
    for instrument in page.locator("section.instrument").all():
        instrument.scroll_into_view_if_needed()
        # Instruments that prefer the server report that it cannot be reached.
        expect(instrument).to_have_attribute("data-state", re.compile("live|offline"))
    page.goto(
        f"{book}{where('vae-sampler')}?vae-sampler.model=conv_vae_mnist&vae-sampler.finer=64#vae-sampler"
    )
    expect(page.locator("#vae-sampler [data-status]")).to_have_text(
        "You are offline. This picture was decoded in the page."
    )
    page.close()


@pytest.mark.long
def test_below_a_path_and_without_a_server(
    browser_of: Callable[..., BrowserContext], static_host: str
) -> None:
    context = browser_of(static_host, "Failed to load resource")
    keep(context, static_host + SECTION).close()
    context.set_offline(True)
    page = visit(context, static_host + SECTION)
    assert output(run(page, "6 * 7")).strip() == "42"
    page.close()


def test_who_saves_data_is_asked(chromium: Browser, editions: Editions) -> None:
    context = chromium.new_context()
    context.add_init_script(
        "Object.defineProperty(navigator, 'connection', {value: {saveData: true}})"
    )
    page = context.new_page()
    page.goto(editions.url)
    expect(page.locator(STATUS)).to_contain_text("can be saved in this browser")
    assert (
        page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0
    )
    page.locator(f"{STATUS} button").click()
    expect(page.locator(STATUS)).to_contain_text(KEPT)
    context.close()


def test_it_can_be_installed(chromium: Browser, tmp_path: Path, editions: Editions) -> None:
    """Needs a profile on disk, because a private window cannot install anything."""
    context = chromium.browser_type.launch_persistent_context(
        tmp_path, executable_path=chromium_path(), args=list(FLAGS)
    )
    page = context.new_page()
    page.goto(editions.url)
    client = context.new_cdp_session(page)
    manifest = client.send("Page.getAppManifest")
    for _ in range(240):  # Chromium drops a check in progress when it finds the manifest
        found = client.send("Page.getInstallabilityErrors")["installabilityErrors"]
        if [each["errorId"] for each in found] != ["manifest-location-changed"]:
            break
        page.wait_for_timeout(500)
    context.close()
    assert found == []
    assert manifest["errors"] == []
