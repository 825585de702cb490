"""Time from navigation to Python's first answer in a section, against Pyodide and NumPy alone.

The same process serves both, and one run measures them in turn, each series in a separate browser
profile. The section is opened with a control moved, so that its first instrument asks Python.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from statistics import median

from playwright.sync_api import BrowserContext, Request, sync_playwright

from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook.book.write.compress import Compressor
from latentbook.browser import FLAGS, chromium_path
from latentbook.main import create_app
from latentbook.settings import Settings
from tests.browser.webkit import WebKit, browser_path
from tools.bench import Measurement, Report
from tools.bench.line import slow_line
from tools.bench.serving import served

INSTRUMENT = "bottleneck"
SECTION = f"autoencoders/compress/?{INSTRUMENT}.k=31#{INSTRUMENT}"
NEXT = "denoiser"
NEXT_SECTION = f"../denoising/?{NEXT}.k=9#{NEXT}"
BARE = "runtime/bare/bare.html"
STOCK = (
    "pyodide.mjs",
    "pyodide.asm.mjs",
    "pyodide.asm.wasm",
    "python_stdlib.zip",
    "pyodide-lock.json",
)
PAGES = ("bare.html", "bare.js", "bare-worker.js")
SERIES = 5
MEGABITS, ROUND_TRIP_MS = 20, 40
TARGETS, SLOW_TARGETS = (0.45, 0.20, 0.20), (0.48,)
"""Targets of the ratios, one per visit."""

NEXT_TARGET = 100  # ms

PAINTED = """(instrument) => new Promise((resolve) => {
  const isThere = () => performance.getEntriesByName("latentbook-python-ready").length > 0
    && (instrument === "" || document.getElementById(instrument)?.dataset.state === "live");
  const look = () => {
    if (!isThere()) return;
    for (const observer of observers) observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
  };
  const observers = [new PerformanceObserver(look), new MutationObserver(look)];
  observers[0].observe({ type: "mark" });
  observers[1].observe(document, { subtree: true, attributeFilter: ["data-state"] });
  look();
})"""
"""Time from navigation to the frame with the first answer (in the book, its picture), in ms."""

REST_MS = 100
"""Shortest rest of a pointer on a link before the click."""

LINKED = """([href, instrument]) => {
  const link = document.createElement("a");
  link.href = href;
  link.style = "position: fixed; inset: 0 auto auto 0; width: 40px; height: 40px; z-index: 9";
  document.body.append(link);
  globalThis.followed = new Promise((resolve) => link.addEventListener("click", () => {
    const start = performance.now();
    link.remove();
    const observer = new MutationObserver(() => {
      if (document.getElementById(instrument)?.dataset.state !== "live") return;
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
    });
    observer.observe(document, { subtree: true, childList: true, attributeFilter: ["data-state"] });
  }));
}"""
"""Puts a link into the window's corner. ``followed`` is a promise of the time from a click on it to
the frame with the first answer on the linked page, in ms."""

KEPT = "() => performance.getEntriesByName('latentbook-snapshot').length > 0"
STARTED = "() => performance.getEntriesByName('latentbook-python-started').at(-1)?.detail ?? ''"


def stock_files(settings: Settings) -> list[Path]:
    """List Pyodide's own files and NumPy of a built book."""
    pyodide = settings.root / "node_modules" / "pyodide"
    (numpy,) = (settings.build / "cache").glob("numpy-*.whl")
    return [*(pyodide / name for name in STOCK), numpy]


@contextmanager
def site_with_bare(settings: Settings) -> Iterator[Settings]:
    """Copy the site; add Pyodide's own files and a page for them; yield the copy's settings."""
    site = build_site(open_project(settings), report=lambda _: None)
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=settings.build) as folder:
        copy = Path(folder) / "site"
        shutil.copytree(site, copy, copy_function=os.link)
        bare = (copy / BARE).parent
        bare.mkdir()
        pages = [Path(__file__).with_name(name) for name in PAGES]
        for path in [*pages, *stock_files(settings)]:
            shutil.copy(path, bare / path.name)
        # Python's own library is already compressed.
        plain = [path for path in bare.iterdir() if path.suffix != ".zip"]
        cache = settings.build / "cache" / "compressed"
        Compressor(cache, settings.brotli_quality).add_variants(plain, lambda _: None)
        yield settings.model_copy(update={"build": Path(folder)})


def visit(context: BrowserContext, url: str, *, own: bool, keep: bool) -> tuple[float, float, str]:
    """Open a page; return ms to its first answer, megabytes transferred, and how Python started."""
    page = context.new_page()
    requests: list[Request] = []
    page.on("requestfinished", lambda request: requests.append(request))
    page.goto(url, wait_until="commit")
    ms: float = page.evaluate(PAINTED, INSTRUMENT if own else "")
    started: str = page.evaluate(STARTED)
    wire = sum(request.sizes()["responseBodySize"] for request in list(requests)) / 1e6
    if keep:
        page.wait_for_function(KEPT, timeout=60_000)
    page.close()
    return ms, wire, started


def series(base: str, place: str, *, visits: int, own: bool) -> list[tuple[float, float, str]]:
    """Make several visits in sequence with a fresh profile."""
    with tempfile.TemporaryDirectory() as profile, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium_path(), args=list(FLAGS)
        )
        context.new_page().goto("about:blank")
        seen = [
            visit(context, f"{base}/{place}", own=own, keep=own and visits > 1 and number == 0)
            for number in range(visits)
        ]
        context.close()
    return seen


def next_page(base: str, rest_ms: float) -> float:
    """Measure ms from a click to the next section's first answer, with Python running, after the
    pointer has rested on the link."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        page = browser.new_page()
        page.goto(f"{base}/{SECTION}", wait_until="commit")
        page.evaluate(PAINTED, INSTRUMENT)
        page.wait_for_function(KEPT, timeout=60_000)
        page.mouse.move(500, 300)
        page.evaluate(LINKED, [NEXT_SECTION, NEXT])
        page.mouse.move(20, 20)
        page.wait_for_timeout(rest_ms)
        page.mouse.click(20, 20)
        ms: float = page.evaluate("followed")
        browser.close()
    return ms


def in_webkit(url: str, instrument: str) -> float:
    """Measure ms from navigation to the first answer, in a new session of WebKit."""
    path = browser_path()
    assert path is not None
    with tempfile.TemporaryDirectory() as folder, closing(WebKit(path, Path(folder) / "log")) as it:
        it.open(url)
        ms: float = it.run(f"return ({PAINTED})(args[0])", instrument)
    return ms


def measure(settings: Settings, report: Report) -> list[Measurement]:
    """Measure three visits; a first visit over a slow line; the next page; and a first visit in
    WebKit, which has no snapshots here (see tests/browser/webkit.py).
    """
    rows: list[Measurement] = []
    with site_with_bare(settings) as copy, served(create_app(copy)) as base:
        for slow in (False, True):
            with slow_line(base, MEGABITS, ROUND_TRIP_MS) if slow else nullcontext(base) as url:
                book, bare = [], []
                for number in range(SERIES):
                    report(f"Series {number + 1} of {SERIES}{', slow line' if slow else ''}")
                    visits = len(SLOW_TARGETS if slow else TARGETS)
                    bare.append(series(url, BARE, visits=visits, own=False))
                    book.append(series(url, SECTION, visits=visits, own=True))
            rows += rows_of(book, bare, slow=slow)
        for name, rest_ms, target in (
            (f"next page, {REST_MS} ms after the pointer came to its link", REST_MS, NEXT_TARGET),
            ("next page, a click at once", 0, None),
        ):
            turned = median(next_page(base, rest_ms) for _ in range(SERIES))
            rows.append(Measurement(name, turned, "ms", target))
        if browser_path():
            book_ms, bare_ms = [], []
            for number in range(SERIES):
                report(f"Series {number + 1} of {SERIES}, WebKit")
                bare_ms.append(in_webkit(f"{base}/{BARE}", ""))
                book_ms.append(in_webkit(f"{base}/{SECTION}", INSTRUMENT))
            ours, theirs = median(book_ms), median(bare_ms)
            rows += [
                Measurement("WebKit, visit 1: section (from files)", ours, "ms"),
                Measurement("WebKit, visit 1: Pyodide and NumPy alone", theirs, "ms"),
                Measurement("WebKit, visit 1: ratio", ours / theirs, "x"),
            ]
    return rows


def rows_of(
    book: list[list[tuple[float, float, str]]],
    bare: list[list[tuple[float, float, str]]],
    *,
    slow: bool,
) -> list[Measurement]:
    rows = []
    targets = SLOW_TARGETS if slow else TARGETS
    line = f", {MEGABITS} Mbit/s and {ROUND_TRIP_MS} ms" if slow else ""
    for number, target in enumerate(targets):
        ours = median(visits[number][0] for visits in book)
        theirs = median(visits[number][0] for visits in bare)
        how = ", ".join(sorted({visits[number][2] for visits in book}))
        name = f"visit {number + 1}{line}"
        rows += [
            Measurement(f"{name}: section (from {how})", ours, "ms"),
            Measurement(f"{name}: Pyodide and NumPy alone", theirs, "ms"),
            Measurement(f"{name}: ratio", ours / theirs, "x", target),
        ]
    if not slow:
        wire = median(visits[0][1] for visits in book)
        rows.append(Measurement("visit 1: on the wire, page included", wire, "MB"))
        theirs = median(visits[0][1] for visits in bare)
        rows.append(Measurement("visit 1: on the wire, alone", theirs, "MB"))
    return rows
