"""The book in WebKit, Safari's engine: it runs, stops, draws, survives Back and works offline."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urljoin

import pytest

from latentbook.main import create_app
from latentbook.settings import Settings
from tests.browser.webkit import WebKit, browser_path
from tests.patience import until
from tools.bench.serving import served

pytestmark = [pytest.mark.browser, pytest.mark.long]

CHAPTER = "autoencoders/compress/"
READY = "return document.querySelector('[data-runtime-status]')?.dataset.state === 'ready'"
READOUTS = """[...document.querySelectorAll("#bottleneck [data-readout]")]
  .map((each) => each.textContent).join(" ")"""
SHOW = "document.querySelector(args[0]).scrollIntoView({ block: 'center', behavior: 'instant' })"
RUN = """const cell = document.querySelector("section[data-cell]");
  cell.querySelector(".source").focus();
  while (!cell.querySelector(".editor")) await new Promise((resolve) => setTimeout(resolve, 20));
  cell.querySelector(".editor").shadowRoot.querySelector(".cm-content").focus();
  document.execCommand("selectAll");
  document.execCommand("insertText", false, args[0]);
  await new Promise((resolve) => setTimeout(resolve)); // the editor follows
  cell.querySelector("[data-action=run]").click();"""
RUNS = "document.querySelector('section[data-cell]').dataset.state === 'running'"
STATUS = "document.querySelector('section[data-cell] [data-status]').textContent"
PRINTED = "document.querySelector('section[data-cell] [data-output]').textContent.trim()"


@pytest.fixture(scope="module")
def browser() -> Path:
    browser = browser_path()
    if browser is None:
        pytest.skip("No WebKit: `make webkit` installs one where apt-get can.")
    return browser


@pytest.fixture(scope="module")
def window(browser: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebKit]:
    window = WebKit(browser, tmp_path_factory.mktemp("webkit") / "log")
    yield window
    window.close()
    assert window.errors() == []


def run(window: WebKit, code: str) -> str:
    window.run(RUN, code)
    window.wait(f"return !({RUNS})")
    return str(window.run(f"return {PRINTED}"))


def test_it_starts_runs_and_stops(window: WebKit, book: str) -> None:
    window.open(urljoin(book, CHAPTER))
    window.wait(READY)
    assert run(window, "import numpy as np; kept = 7; print(np.arange(3).sum() * 14)") == "42"
    window.run(RUN, "while True: pass")
    window.wait(f"return {STATUS}.startsWith('Running')")
    window.click("section[data-cell] [data-action=stop]")
    window.wait(f"return !({RUNS})")
    assert "Stopped" in window.run(f"return {STATUS}")


def test_python_starts_where_memory_is_not_shared(browser: Path, book: str, tmp_path: Path) -> None:
    window = WebKit(browser, tmp_path / "log", shares_memory=False)
    try:
        window.open(urljoin(book, CHAPTER))
        window.wait(READY)
        assert not window.run("return 'SharedArrayBuffer' in globalThis")
        assert run(window, "print(6 * 7)") == "42"
        assert window.errors() == []
    finally:
        window.close()


def test_back_keeps_controls_and_answers(window: WebKit, book: str) -> None:
    window.open(urljoin(book, CHAPTER))
    window.wait(READY)
    window.run(SHOW, "#bottleneck")
    before = window.run(f"return {READOUTS}")
    window.run(
        """const slider = document.querySelector("#bottleneck input[type=range]");
        slider.value = slider.max;
        slider.dispatchEvent(new Event("input", { bubbles: true }));"""
    )
    window.wait(f"return {READOUTS} !== args[0]", before)
    fields = """return [...document.querySelectorAll("input")]
      .map(({ value, checked }) => [value, checked]);"""
    window.run(
        """for (const field of document.querySelectorAll(".quiz input[type=text]"))
          field.value = "1.234";"""
    )
    window.run("document.querySelector('.quiz input[type=radio]')?.click()")
    left = window.run(fields)
    window.open(urljoin(book, "contents/"))
    window.back()
    window.wait(READY)  # Python was ended meanwhile
    assert (
        window.run("return performance.getEntriesByName('latentbook-python-started').length") == 2
    )
    assert window.run(fields) == left


def test_a_drag_of_a_point_selects_nothing(window: WebKit, book: str) -> None:
    window.open(urljoin(book, "autoencoders/latent-space/"))
    window.wait(READY)
    left, top, width, height = window.wait(
        """const panel = [...document.querySelectorAll(".panel[data-draggable] :is(svg, canvas)")]
          .find((each) => each.checkVisibility());
        panel?.scrollIntoView({ block: "center", behavior: "instant" });
        const { x, y, width, height } = panel?.getBoundingClientRect() ?? {};
        return panel && [x, y, width, height];"""
    )
    middle = (left + width / 2, top + height / 2)
    corner = (left + width * 0.7, top + height * 0.3)
    moved = """return document
      .querySelector(".instrument:has([data-draggable]) input[name$='.x']").value;"""
    before = window.run(moved)

    def drag() -> bool:  # moves nothing until Python has answered
        window.drag(middle, corner, (corner[0], top - 20))
        return bool(window.run(moved) != before)

    until(drag)
    window.run("getSelection().removeAllRanges()")
    drag()
    assert window.run("return getSelection().toString()") == ""
    assert window.run("return document.querySelector('.note-tools')") is None


def test_it_works_offline(window: WebKit, site: Path) -> None:
    with served(create_app(Settings())) as url:
        page = f"{url}/{CHAPTER}"
        window.open(page)
        window.wait(
            "return document.querySelector('.foot').textContent.includes('can be read offline')"
        )
    window.open("about:blank")
    window.open(page)
    window.wait(READY)
    assert run(window, "print(2 ** 10)") == "1024"


class Slow(BaseHTTPRequestHandler):
    """Serves finalizers.js, a worker that uses it, and a slow file."""

    SCRIPT = Settings().root / "static/js/python/worker/finalizers.js"
    WORKER = """import { putOffFinalizers, sendAndWait } from "./finalizers.js";
      if (location.search) putOffFinalizers();
      let [isWaiting, during, after] = [false, 0, 0];
      const registry = new FinalizationRegistry(() => (isWaiting ? during++ : after++));
      for (let i = 0; i < 20; i++) {
        for (let j = 0; j < 2000; j++) registry.register(new Array(1000), j);
        const request = new XMLHttpRequest();
        request.open("GET", "slow", false);
        isWaiting = true;
        sendAndWait(request);
        isWaiting = false;
        await new Promise((resolve) => setTimeout(resolve));
      }
      postMessage([during, after]);"""

    def do_GET(self) -> None:
        name = self.path.lstrip("/").split("?")[0]
        if name == "slow":
            time.sleep(0.05)
        text = {"finalizers.js": self.SCRIPT.read_text("utf-8"), "worker.js": self.WORKER}.get(
            name, ""
        )
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if text else "text/html")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


def test_no_finalizer_runs_while_python_waits_for_a_file(window: WebKit) -> None:
    counts = """return new Promise((resolve) => {
      new Worker(args[0], { type: "module" }).onmessage = ({ data }) => resolve(data);
    })"""
    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        window.open(f"http://127.0.0.1:{server.server_port}/")
        plain, put_off = (window.run(counts, each) for each in ("worker.js", "worker.js?put-off"))
        server.shutdown()
    assert plain[0] > 0, "WebKit no longer runs them then: finalizers.js can go."
    assert put_off[0] == 0
    assert put_off[1] > 0
