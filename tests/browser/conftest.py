"""The built book behind the real app, and pages in a real Chromium that must stay clean.

Every page is watched: a request to another host, an uncaught error, or a line that the browser
writes to the console as an error (a refusal by the Content-Security-Policy is one) fails the test.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)

from latentbook.main import create_app
from latentbook.settings import Settings
from tests.browser.book_pages import READY, SECTION, Open, come_back
from tests.browser.editions import Editions, serve_editions
from tests.chromium import launch
from tools.bench.serving import served

WINDOW: dict[str, Any] = {
    "viewport": {"width": 1280, "height": 900},
    "service_workers": "block",  # these have tests of their own (test_offline.py)
}


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for all tests here. It is closed with them: a process can run one Playwright."""
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def book(site: Path) -> Iterator[str]:
    """URL of the book, served by the app."""
    with served(create_app(Settings())) as url:
        yield f"{url}/"


STATIC_PATH = "/course/book/"


class PlainFiles(SimpleHTTPRequestHandler):
    """A static host: files and nothing else, no header that isolates a page."""

    extensions_map: ClassVar[dict[str, str]] = {
        **SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
    }

    def translate_path(self, path: str) -> str:
        """The file for an address below the path; there is nothing beside it."""
        below = path.removeprefix(STATIC_PATH)
        return super().translate_path(below if below != path else "/nothing")

    def end_headers(self) -> None:
        """Have each answer asked for again: without the header, Chromium would take a page that is
        ten hours old for fresh during the next one.
        """
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent."""


class PlainHost(ThreadingHTTPServer):
    """Takes as many connections at once as a page opens: the default of 5 resets some."""

    daemon_threads = True
    request_queue_size = 128


@contextmanager
def plain_host(folder: Path) -> Iterator[str]:
    """URL of a folder on a plain static host, below a path of its own."""
    server = PlainHost(("127.0.0.1", 0), partial(PlainFiles, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}{STATIC_PATH}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def static_host(site: Path) -> Iterator[str]:
    with plain_host(site) as url:
        yield url


@dataclass
class Watch:
    """What happened in a page that should not have."""

    host: str
    wrong: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()

    def follow(self, page: Page) -> None:
        """Note every request to another host and every error."""
        page.on("request", lambda request: self.request(request.url))
        page.on("pageerror", lambda error: self.note(f"uncaught: {error}"))
        page.on("console", lambda line: line.type == "error" and self.note(line.text))

    def request(self, url: str) -> None:
        if not url.startswith((self.host, "data:", "blob:")):
            self.wrong.append(f"request to {url}")

    def note(self, text: str) -> None:
        if not any(part in text for part in self.expected):
            self.wrong.append(text)


@pytest.fixture(scope="package")
def lasting(chromium: Browser) -> Iterator[BrowserContext]:
    """A profile that keeps Python's snapshot and the browser's cache from test to test."""
    context = chromium.new_context(**WINDOW)
    yield context
    context.close()


def close_and_forget(page: Page, hosts: set[str]) -> None:
    """Close a page of the lasting profile with all that it has stored of its reader."""
    session = page.context.new_cdp_session(page)
    for host in hosts:
        storage = {"origin": host.rstrip("/"), "storageTypes": "local_storage,indexeddb"}
        session.send("Storage.clearDataForOrigin", storage)
    page.close()


@pytest.fixture
def open_page(chromium: Browser, lasting: BrowserContext, book: str) -> Iterator[Open]:
    """Opens a page of the book for a reader who has left nothing behind.

    The profile is one in which Python has started before, unless ``fresh`` or an option of its own
    asks for another. With ``python=False`` the files of Python stay on their way for ever: a test
    that needs none shall not wait for one that starts beside it.
    """
    contexts: list[BrowserContext] = []
    shared: list[Page] = []
    hosts: set[str] = set()
    watches: list[Watch] = []

    def open_one(
        place: str = SECTION,
        *,
        host: str = book,
        expected: tuple[str, ...] = (),
        python: bool = True,
        fresh: bool = False,
        viewport: ViewportSize = WINDOW["viewport"],
        **options: Any,
    ) -> Page:
        watch = Watch(host, expected=expected)
        watches.append(watch)
        if fresh or options:
            context = chromium.new_context(**{**WINDOW, "viewport": viewport, **options})
            contexts.append(context)
            context.on("page", watch.follow)
            page = context.new_page()
        else:
            hosts.add(host[: host.index("/", len("http://"))])
            page = lasting.new_page()
            shared.append(page)
            watch.follow(page)
            page.set_viewport_size(viewport)
        if not python:
            # Not page.route(), which has every request of the page wait for its answer.
            runtime = {"patterns": [{"urlPattern": "*/runtime/*"}]}
            page.context.new_cdp_session(page).send("Fetch.enable", runtime)
        page.goto(host + place)
        return page

    yield open_one
    for context in contexts:
        context.close()
    for page in shared:
        close_and_forget(page, hosts)
    assert [wrong for watch in watches for wrong in watch.wrong] == []


@pytest.fixture(scope="package")
def editions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editions]:
    """A book of two chapters, served; it can be published again."""
    with serve_editions(tmp_path_factory.mktemp("editions")) as book:
        yield book


@pytest.fixture(scope="module")
def desk(lasting: BrowserContext, book: str) -> Iterator[Page]:
    """A section with Python ready, shared by the tests of a module, which leave it as it was.

    They may go from page to page of the book.
    """
    watch = Watch(book)
    page = lasting.new_page()
    watch.follow(page)
    page.goto(book + SECTION)
    expect(page.locator(READY)).to_be_attached()
    yield page
    close_and_forget(page, {book})
    assert watch.wrong == []


@pytest.fixture(scope="module")
def second_visit(chromium: Browser, book: str) -> Iterator[Page]:
    """A section with Python ready out of a snapshot that an earlier visit has kept."""
    context = chromium.new_context(**WINDOW)
    page = context.new_page()
    page.goto(book + SECTION)
    come_back(page)
    yield page
    context.close()
