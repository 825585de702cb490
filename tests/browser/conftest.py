"""The built book behind the real app, and pages in a real Chromium that must stay free of errors.

A test fails if a page requests another host, throws an uncaught error, or causes an error line in
the console, such as a refusal by the Content-Security-Policy.
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
    "service_workers": "block",  # tested in test_offline.py
}


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for all tests here, closed after them: a process can run only one Playwright."""
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
    """A static host: it serves files only, without the headers that isolate a page."""

    extensions_map: ClassVar[dict[str, str]] = {
        **SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
    }

    def translate_path(self, path: str) -> str:
        """Return the file for an address below `STATIC_PATH`; all other addresses lead nowhere."""
        below = path.removeprefix(STATIC_PATH)
        return super().translate_path(below if below != path else "/nothing")

    def end_headers(self) -> None:
        """Make the browser revalidate every answer: without the header, Chromium would treat a page
        that is ten hours old as fresh for another hour.
        """
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


class PlainHost(ThreadingHTTPServer):
    """Queues as many connections as a page opens: the default of 5 resets some."""

    daemon_threads = True
    request_queue_size = 128


@contextmanager
def plain_host(folder: Path) -> Iterator[str]:
    """Serve a folder on a plain static host below `STATIC_PATH`; yield its URL."""
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
    """Collects the requests and errors of a page that should not occur."""

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
    """A profile that preserves Python's snapshot and the browser's cache between tests."""
    context = chromium.new_context(**WINDOW)
    yield context
    context.close()


def close_and_forget(page: Page, hosts: set[str]) -> None:
    """Delete the reader's data that a page stored in the lasting profile, and close the page."""
    session = page.context.new_cdp_session(page)
    for host in hosts:
        storage = {"origin": host.rstrip("/"), "storageTypes": "local_storage,indexeddb"}
        session.send("Storage.clearDataForOrigin", storage)
    page.close()


@pytest.fixture
def open_page(chromium: Browser, lasting: BrowserContext, book: str) -> Iterator[Open]:
    """Opens a page of the book for a reader with no stored data.

    Python has started in the profile before, unless ``fresh`` or a context option requests a new
    profile. With ``python=False`` the files of Python never arrive, so that a test that does not
    need Python does not wait for its start.
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
            # Not page.route(), which makes every request of the page wait for a handler.
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
    """A served book of two chapters that tests can publish again."""
    with serve_editions(tmp_path_factory.mktemp("editions")) as book:
        yield book


@pytest.fixture(scope="module")
def desk(lasting: BrowserContext, book: str) -> Iterator[Page]:
    """A section with Python ready, shared by the tests of a module.

    They may go from page to page of the book, but must leave the section as it was.
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
    """A section whose Python started from the snapshot of an earlier visit."""
    context = chromium.new_context(**WINDOW)
    page = context.new_page()
    page.goto(book + SECTION)
    come_back(page)
    yield page
    context.close()
