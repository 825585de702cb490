"""The book in pages of another site: five instruments in frames, and launches from a university's
system.

Each is opened from the same page of that site, when a reader would click. A launch is compared with
the same page opened directly, and five frames with one.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from playwright.sync_api import BrowserContext, Playwright, Request, ViewportSize, sync_playwright

from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook.browser import FLAGS, chromium_path
from latentbook.main import create_app
from latentbook.settings import Settings
from latentbook_classroom.course import manage
from latentbook_classroom.course.bundle import bundle_classroom
from latentbook_classroom.lti import platforms
from latentbook_classroom.settings import ClassroomSettings
from tests.classroom.lms import LTI, Lms, platform
from tools.bench import Measurement, Report
from tools.bench.serving import served
from tools.bench.start import INSTRUMENT, KEPT, SECTION

SERIES = 5
LATER = 4
KEPT_S = 10
"""Seconds to wait until Python's snapshot is stored. In a frame a browser may store nothing."""
VISITS = {"first visit": slice(1), "later visits": slice(1, None)}
FRAMED = (INSTRUMENT, "linear-ae-pca", "denoiser", "morph", "layers")
LAUNCH_TARGET, FRAMES_TARGET, WORKERS_TARGET = 1.5, 2.0, 1
WINDOW = ViewportSize(width=1500, height=2600)
"""Large enough to show all frames: an instrument starts only in sight."""

PAGE = SECTION.partition("#")[0]
"""A launch drops the fragment."""

ARRIVED = re.compile(f"/embed/[^/]+/|/{re.escape(PAGE)}")

LIVED = """globalThis.lived = new Promise((resolve) => {
  const observer = new MutationObserver(() => {
    if (!document.querySelector('[data-instrument][data-state="live"]')) return;
    observer.disconnect();
    const seen = () => resolve(performance.timeOrigin + performance.now());
    requestAnimationFrame(() => setTimeout(seen));
  });
  observer.observe(document, { subtree: true, attributeFilter: ["data-state"] });
});"""
"""Sets in every document a promise of the time at which the first live picture was painted."""

IN_FRAMES = """(addresses) => {
  document.body.replaceChildren(...addresses.map((src) => {
    return Object.assign(document.createElement("iframe"), { src, width: 700, height: 840 });
  }));
  return performance.timeOrigin + performance.now();
}"""
IN_TAB = """([address]) => {
  location.href = address;
  return performance.timeOrigin + performance.now();
}"""


@dataclass(frozen=True)
class Visit:
    """``ms`` until the last picture is live, workers with Python, MB of memory, MB transferred."""

    ms: float
    workers: int
    memory: float
    wire: float


@dataclass(frozen=True)
class Reader:
    """A browser with a separate profile."""

    profile: str
    context: BrowserContext


def below(pid: int) -> Iterator[int]:
    """Yield the descendants of a process."""
    with suppress(OSError):  # the process may end meanwhile
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text(encoding="ascii").split()):
                yield child
                yield from below(child)


def memory(profile: str) -> float:
    """Measure the memory of a browser's processes in MB; shared memory counts once."""
    kilobytes = 0
    pids = below(os.getpid())
    main = next(p for p in pids if profile.encode() in Path(f"/proc/{p}/cmdline").read_bytes())
    for pid in (main, *below(main)):
        with suppress(OSError):
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
            kilobytes += int(re.findall(r"^Pss: +(\d+) kB", rollup, re.MULTILINE)[0])
    return kilobytes * 1024 / 1e6


def visit(reader: Reader, lms: Lms, script: str, addresses: list[str], *, keep: bool) -> Visit:
    """Open addresses at once from a page of the platform."""
    page = reader.context.new_page()
    requests: list[Request] = []
    page.on("requestfinished", lambda request: requests.append(request))
    page.goto(f"{lms.url}/jwks")
    begun: float = page.evaluate(script, addresses)
    documents = page.frames[1:] if script is IN_FRAMES else [page.main_frame]
    for document in documents:
        document.wait_for_url(ARRIVED, wait_until="commit")
    ms = max(float(document.evaluate("lived")) for document in documents) - begun
    workers = sum("/worker-" in worker.url for worker in page.workers)
    used = memory(reader.profile)
    wire = sum(request.sizes()["responseBodySize"] for request in list(requests)) / 1e6
    ends = time.monotonic() + KEPT_S
    while keep and time.monotonic() < ends and not any(each.evaluate(KEPT) for each in documents):
        page.wait_for_timeout(100)
    page.close()
    return Visit(ms, workers, used, wire)


@contextmanager
def new_reader(playwright: Playwright) -> Iterator[Reader]:
    with tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium_path(), args=list(FLAGS), viewport=WINDOW
        )
        context.add_init_script(LIVED)
        context.new_page().goto("about:blank")
        yield Reader(profile, context)
        context.close()


def series(lms: Lms, script: str, ways: Mapping[str, list[str]]) -> dict[str, list[Visit]]:
    """Make visits in turn, by one new reader per way."""
    seen: dict[str, list[Visit]] = {way: [] for way in ways}
    with ExitStack() as stack:
        playwright = stack.enter_context(sync_playwright())
        readers = {way: stack.enter_context(new_reader(playwright)) for way in ways}
        for number in range(1 + LATER):
            for way, addresses in ways.items():
                found = visit(readers[way], lms, script, addresses, keep=number == 0)
                seen[way].append(found)
    return seen


@contextmanager
def platform_with(settings: Settings) -> Iterator[Lms]:
    """A platform on another site, registered with a course of the book."""
    with tempfile.TemporaryDirectory() as folder:
        database = str(Path(folder, "course.sqlite"))
        settings = settings.extended(ClassroomSettings(database=database, local_platforms=True))
        manage.new(settings, "Bench", "", "http://book.example/")
        app = create_app(settings)
        with served(app) as base, platform(base) as lms:
            app.state.classroom.database.run_here(platforms.add, lms.registration())
            yield lms


def compared(
    lms: Lms, report: Report, script: str, ways: Mapping[str, list[str]]
) -> dict[str, list[list[Visit]]]:
    """Run several series; return them by way."""
    seen: dict[str, list[list[Visit]]] = {way: [] for way in ways}
    for number in range(SERIES):
        report(f"Series {number + 1} of {SERIES}: {' and '.join(ways)}")
        for way, visits in series(lms, script, ways).items():
            seen[way].append(visits)
    return seen


def rows_of(seen: Mapping[str, list[list[Visit]]], target: float) -> Iterator[Measurement]:
    """Yield the times of each way, and the ratio of the first to the second."""
    for name, which in VISITS.items():
        times = {
            way: median(each.ms for visits in all for each in visits[which])
            for way, all in seen.items()
        }
        for way, ms in times.items():
            yield Measurement(f"{way}, {name}", ms, "ms")
        first, second = times.values()
        yield Measurement(f"{next(iter(seen))}, {name}: ratio", first / second, "x", target)


def measure(settings: Settings, report: Report) -> list[Measurement]:
    """Compare five frames with one, then launches into a frame and a tab with direct visits."""
    build_site(open_project(settings), report=report)
    bundle_classroom(settings)
    with platform_with(settings) as lms:
        framed = [f"{lms.book}/embed/{label}/" for label in FRAMED]
        seen = compared(lms, report, IN_FRAMES, {"five frames": framed, "one frame": framed[:1]})
        rows = [*rows_of(seen, FRAMES_TARGET)]
        for way, all in seen.items():
            workers, used, wire = (
                median(getattr(visits[0], key) for visits in all)
                for key in ("workers", "memory", "wire")
            )
            rows += [
                Measurement(f"{way}: workers with Python", workers, "", WORKERS_TARGET),
                Measurement(f"{way}: memory of the browser", used, "MB"),
                Measurement(f"{way}: on the wire, first visit", wire, "MB"),
            ]
        for way, script, place in (
            ("in a frame", IN_FRAMES, f"embed/{INSTRUMENT}/"),
            ("in a tab", IN_TAB, PAGE),
        ):
            page = f"{lms.book}/{place}"
            lms.claims = {f"{LTI}target_link_uri": page}
            ways = {f"launch {way}": [lms.login_address("u-1")], f"page {way}": [page]}
            rows += rows_of(compared(lms, report, script, ways), LAUNCH_TARGET)
    return rows
