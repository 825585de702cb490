"""Input to painted picture, in Chromium, for every instrument of the book, each in a fresh visit.

Each is driven by jumps to unforeseen settings, with the first of the visit counted separately, and
by a drag; if it has a map or a point, by a drag on that. The drag is repeated on a processor slowed
four times; a trace of such a drag divides frames into script, layout and paint.

Milliseconds differ between machines, so the targets are ratios. The same instrument is driven in
the same way on a plain page: Pyodide in a worker and Plotly.js (``plain.js``), which computes
nothing ahead. A pad has no such twin.

Timing starts in the handler of the input.
"""

from __future__ import annotations

import json
import math
import random
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

import numpy as np
from playwright.sync_api import Browser, Locator, Page, ViewportSize, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook.book.read.source import PRINT
from latentbook.book.write.render import EMBED
from latentbook.browser import FLAGS, chromium_path
from latentbook.main import create_app
from latentbook.settings import Settings
from tools.bench import Measurement, Report
from tools.bench.serving import served
from tools.bench.start import stock_files

MOVES, LEAPS, VISITS = 80, 20, 3
ANSWER_MS = 5000
"""Longest wait for a picture."""
FORESEEN_MS = 4000
"""Rest on a slider, during which the page computes the values around it."""
SLOWED = "drag, 4x slower"
TARGETS = {"drag": 0.5, SLOWED: 0.5, "leap": 1.0, "drag of a point": 1.0}
"""Upper limits of the ratio of our 95th percentile to that of the plain page."""

WINDOW: ViewportSize = {"width": 1280, "height": 900}
PLAIN = ("plain.html", "plain.js", "plain-worker.js")
PROBE = Path(__file__).with_name("frames.js")
INSTRUMENT = re.compile(r'<section class="instrument" id="([^"]+)"')
TRACED = ("devtools.timeline", "blink.user_timing", "v8")
PARTS = {
    "EventDispatch": "script",
    "FireAnimationFrame": "script",
    "FunctionCall": "script",
    "MajorGC": "script",
    "MinorGC": "script",
    "RunMicrotasks": "script",
    "TimerFire": "script",
    "Layout": "layout",
    "UpdateLayoutTree": "layout",
    "Commit": "paint",
    "IntersectionObserverController::computeIntersections": "paint",
    "Layerize": "paint",
    "Paint": "paint",
    "PrePaint": "paint",
}
"""Names of work on the page's main thread in a trace -> part of a frame."""

Event: TypeAlias = dict[str, Any]
Driven: TypeAlias = dict[str, list[float]]
"""Milliseconds of each kind of move and of its parts."""


def collect(page: Page) -> dict[str, Any]:
    """Return the probe's records since the last call."""
    page.wait_for_timeout(100)
    found: dict[str, Any] = page.evaluate(
        "() => { const seen = latentbookFrames;"
        " latentbookFrames = {moves: [], draws: [], answers: []}; return seen; }"
    )
    return found


def leap(page: Page, slider: Locator, leaps: int = LEAPS) -> None:
    """Set the slider to distant values, each after the picture of the last one has appeared."""
    low, high, step = bounds(slider)
    count = round((high - low) / step) + 1
    for place in random.Random(0).sample(range(count), min(count, leaps)):
        before = slider.evaluate(
            "(input, value) => { input.value = value;"
            " input.dispatchEvent(new Event('input', {bubbles: true}));"
            " return latentbookFrames.moves.length; }",
            str(low + place * step),
        )
        page.wait_for_timeout(150)
        wait_for_picture(page, before)


def wait_for_picture(page: Page, before: int = 0) -> None:
    """Wait until more moves have their picture, up to a limit: a move may change nothing."""
    with suppress(PlaywrightError):
        page.wait_for_function(
            "before => latentbookFrames.moves.length > before",
            arg=before,
            polling=50,
            timeout=ANSWER_MS,
        )


def bounds(slider: Locator) -> tuple[float, float, float]:
    low, high, step = (float(slider.get_attribute(name) or 0) for name in ("min", "max", "step"))
    return low, high, step


def drag(page: Page, slider: Locator) -> None:
    """Drag the thumb back and forth around the middle, one step at a time."""
    low, high, step = bounds(slider)
    box = slider.bounding_box()
    if box is None:
        raise RuntimeError("The slider is not in view.")
    thumb = box["height"]
    count = (high - low) / step
    per_step = (box["width"] - thumb) / count
    y, middle = box["y"] + box["height"] / 2, box["x"] + box["width"] / 2
    page.mouse.move(middle, y)
    page.mouse.down()
    page.wait_for_timeout(FORESEEN_MS)
    collect(page)
    reach = min(10, int(count / 2))
    for number in range(MOVES):
        place = abs((number % (4 * reach)) - 2 * reach) - reach  # a triangle wave
        page.mouse.move(middle + place * max(1.0, per_step), y)
        page.wait_for_timeout(30)
    page.mouse.up()
    wait_for_picture(page)  # a training instrument shows none until the reader pauses


@contextmanager
def held(page: Page, panel: Locator) -> Iterator[tuple[float, float, float, float]]:
    """Press the mouse at the centre of a panel; yield the centre and the panel's size."""
    box = panel.bounding_box()
    if box is None:
        raise RuntimeError("The panel is not in view.")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    yield x, y, box["width"], box["height"]
    page.mouse.up()


def drag_point(page: Page, panel: Locator) -> None:
    """Drag a point through its panel, where the page cannot predict an answer."""
    with held(page, panel) as (x, y, width, height):
        for number in range(MOVES // 2):
            page.mouse.move(x + number * width / 250, y - number * height / 300)
            page.wait_for_timeout(80)


def drag_held(page: Page, panel: Locator) -> None:
    """Drag a map back and forth, or draw on a pad."""
    with held(page, panel) as (x, y, width, height):
        collect(page)
        for number in range(MOVES):
            turn = 2 * np.pi * number / MOVES
            page.mouse.move(x + width / 4 * np.sin(turn), y + height / 4 * np.sin(2 * turn))
            page.wait_for_timeout(30)


def last(values: list[float]) -> float:
    """Compute the 95th percentile."""
    return float(np.percentile(values, 95)) if values else math.nan


def rows(label: str, ours: Driven, plain: Driven) -> Iterator[Measurement]:
    """Yield the 95th percentiles, with the medians in their names, and ratios to the plain page."""
    for where, driven in (("", ours), (" on the plain page", plain)):
        for name, values in driven.items():
            if not values and name not in TARGETS:
                continue  # for example, nothing was computed because all was foreseen
            middle = f"{np.median(values):.1f}" if values else "-"
            figure = f"{label}: {name}{where} p95 (p50 {middle}, n {len(values)})"
            yield Measurement(figure, last(values), "ms")
    for name, values in plain.items():
        ratio = last(ours[name]) / last(values)
        yield Measurement(f"{label}: {name}, ratio", ratio, "x", TARGETS[name])


def times(seen: dict[str, Any]) -> list[float]:
    """List milliseconds from input to paint, whether or not the answer was computed ahead."""
    return [move["ms"] for move in seen["moves"]]


@contextmanager
def slowed(page: Page, rate: int) -> Iterator[None]:
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": rate})
    try:
        yield
    finally:
        session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        session.detach()


def parts_of(trace: list[Event]) -> dict[str, list[float]]:
    """Compute how long each move spent in each part of a frame, in ms, without other time.

    Nested work counts once, as its own kind.
    """
    marks = sorted(
        (event for event in trace if event["name"] == "latentbook-frame"),
        key=lambda event: (event["ts"], event["ph"]),
    )
    starts, ends = ([mark for mark in marks if mark["ph"] == phase] for phase in "be")
    work = sorted(
        (e for e in trace if e.get("dur") and e["name"] in PARTS and on_thread_of(marks, e)),
        key=lambda event: (event["ts"], -event["dur"]),
    )
    found: dict[str, list[float]] = {part: [] for part in dict.fromkeys(PARTS.values())}
    for start, end in zip(starts, ends, strict=True):
        spent: Counter[str] = Counter()
        around: list[Event] = []
        for event in work:
            if event["ts"] + event["dur"] <= start["ts"] or event["ts"] >= end["ts"]:
                continue
            while around and around[-1]["ts"] + around[-1]["dur"] <= event["ts"]:
                around.pop()
            within = min(event["ts"] + event["dur"], end["ts"]) - max(event["ts"], start["ts"])
            spent[PARTS[event["name"]]] += within
            if around:
                spent[PARTS[around[-1]["name"]]] -= within
            around.append(event)
        for part, each in found.items():
            each.append(spent[part] / 1000)
    return found


def on_thread_of(marks: list[Event], event: Event) -> bool:
    """Tell whether an event belongs to the thread that wrote the marks."""
    return bool(marks) and (event["pid"], event["tid"]) == (marks[0]["pid"], marks[0]["tid"])


def traced_drag(page: Page, slider: Locator) -> dict[str, list[float]]:
    """Trace another drag; return the script, layout and paint times of its frames."""
    browser = page.context.browser
    assert browser is not None
    browser.start_tracing(page=page, categories=list(TRACED))
    drag(page, slider)
    found = parts_of(json.loads(browser.stop_tracing())["traceEvents"])
    collect(page)
    return found


def drive_slider(page: Page, slider: Locator) -> Driven:
    first_leap(page, slider)
    leap(page, slider)
    leapt = collect(page)
    drag(page, slider)
    dragged = collect(page)
    with slowed(page, 4):
        drag(page, slider)
        dragged_slowly = collect(page)
        parts = traced_drag(page, slider)
    answers = leapt["answers"]
    return {
        "drag": times(dragged),
        SLOWED: times(dragged_slowly),
        **{f"{part} of it": each for part, each in parts.items()},
        "leap": times(leapt),
        "drawing": dragged["draws"],
        "computing": [answer["compute"] for answer in answers],
        "transfer": [answer["ms"] - answer["compute"] for answer in answers],
    }


def drive_point(page: Page, panel: Locator) -> Driven:
    collect(page)
    drag_point(page, panel)
    seen = collect(page)
    return {
        "drag of a point": times(seen),
        "drawing": seen["draws"],
        "computing": [answer["compute"] for answer in seen["answers"]],
        "transfer": [answer["ms"] - answer["compute"] for answer in seen["answers"]],
    }


def drive_held(page: Page, panel: Locator) -> Driven:
    drag_held(page, panel)
    seen = collect(page)
    with slowed(page, 4):
        drag_held(page, panel)
        seen_slowly = collect(page)
    return {
        "drag": times(seen),
        SLOWED: times(seen_slowly),
        "drawing": seen["draws"],
    }


@contextmanager
def visit(browser: Browser, place: str, label: str) -> Iterator[tuple[Page, Locator]]:
    """Open a page in a fresh browser, with one of its instruments live and in view."""
    with browser.new_context(viewport=WINDOW) as context:
        page = context.new_page()
        page.add_init_script(path=PROBE)
        page.goto(place)
        page.wait_for_selector('[data-runtime-status][data-state="ready"]', timeout=60_000)
        instrument = page.locator(f"#{label}")
        instrument.scroll_into_view_if_needed()
        page.wait_for_selector(f'#{label}[data-state="live"]')
        page.wait_for_timeout(500)
        yield page, instrument


def first_leap(page: Page, slider: Locator) -> list[float]:
    """Make the first leap of a visit separately, because it loads what the instrument needs."""
    collect(page)
    leap(page, slider, leaps=1)
    return times(collect(page))


def first_leaps(browser: Browser, place: str, label: str) -> Iterator[float]:
    """Yield the first leaps of a few visits to an instrument with a slider."""
    for _ in range(VISITS):
        with visit(browser, place, label) as (page, instrument):
            yield from first_leap(page, instrument.locator(SLIDER).first)


@contextmanager
def plain_site(settings: Settings) -> Iterator[str]:
    """Serve the plain page without our server's headers, because Plotly.js adds styles."""
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=settings.build) as name:
        folder = Path(name)
        plotly = settings.root / "node_modules" / "plotly.js" / "dist" / "plotly-cartesian.min.js"
        pages = [Path(__file__).with_name(page) for page in PLAIN]
        for path in [*pages, *stock_files(settings), plotly]:
            shutil.copy(path, folder)
        shutil.make_archive(str(folder / "widgets"), "zip", settings.widgets)
        with served(Starlette(routes=[Mount("/", StaticFiles(directory=folder))])) as base:
            yield f"{base}/{PLAIN[0]}"


def moved(instrument: Locator, part: str) -> dict[str, Any] | None:
    """Describe the driven control for the plain page; None for a pad."""
    spec = json.loads(instrument.get_attribute("data-spec") or "")
    found, scale = None, []
    if part == SLIDER:
        slider = instrument.locator(SLIDER).first
        name, scale = slider.get_attribute("name"), [float(slider.input_value()), *bounds(slider)]
        found = next(each for each in spec["controls"] if each["name"] == name)
    else:
        kind = "point" if part == POINT else "viewport"
        found = next((each for each in spec["controls"] if each["kind"] == kind), None)
    if found is None:
        return None
    return {"widget": spec["name"], "set": spec["set"], "control": found, "scale": scale}


def drive_plain(page: Page, part: str) -> Driven:
    """Make the same moves on the plain page."""

    control = page.locator(SLIDER if part == SLIDER else POINT)

    def seen(act: Callable[[Page, Locator], None], rate: int = 1) -> list[float]:
        with slowed(page, rate):
            act(page, control)
            return times(collect(page))

    if part == SLIDER:
        first_leap(page, control)
        return {"leap": seen(leap), "drag": seen(drag), SLOWED: seen(drag, 4)}
    if part == POINT:
        return {"drag of a point": seen(drag_point)}
    return {"drag": seen(drag_held), SLOWED: seen(drag_held, 4)}


MAP, SLIDER, POINT = ".image[role=application]", "input[type=range]:visible", "[data-draggable]"
DRIVES = {MAP: drive_held, SLIDER: drive_slider, POINT: drive_point}
"""The first of these that an instrument has is driven; one with only buttons has no frames."""


def drive(browser: Browser, place: str, plain_place: str, label: str) -> Iterator[Measurement]:
    with visit(browser, place, label) as (page, instrument):
        part = next((each for each in DRIVES if instrument.locator(each).first.count()), None)
        if part is None:
            return
        control = instrument.locator(part).first
        control.scroll_into_view_if_needed()
        how = moved(instrument, part)
        ours = DRIVES[part](page, control)
    if part == SLIDER:
        ours["first leap"] = [*first_leaps(browser, place, label)]
    plain: Driven = {}
    if how is not None:
        with browser.new_context(viewport=WINDOW) as context:
            page = context.new_page()
            page.goto(f"{plain_place}#{quote(json.dumps(how))}")
            page.wait_for_selector('body[data-state="live"]', timeout=60_000)
            page.wait_for_timeout(500)
            plain = drive_plain(page, part)
    yield from rows(label, ours, plain)


def instruments_of(site: Path) -> Iterator[tuple[str, str]]:
    """Yield page and label of every instrument in the finished site, each once."""
    for page in sorted(site.rglob("index.html")):
        place = page.parent.relative_to(site)
        if place.name == PRINT or place.parts[:1] == (EMBED,):
            continue
        for label in INSTRUMENT.findall(page.read_text(encoding="utf-8")):
            yield f"{place.as_posix()}/", label


def rows_of(browser: Browser, place: str, plain_place: str, label: str) -> list[Measurement]:
    """Measure an instrument; if it cannot be driven, return a row without a figure."""
    try:
        return [*drive(browser, place, plain_place, label)]
    except (PlaywrightError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        return [Measurement(f"{label}: failed, {reason}", math.nan, "x", TARGETS["drag"])]


def measure(settings: Settings, report: Report, only: str = "") -> list[Measurement]:
    """Measure every instrument in turn, or the one with a label; report each row at once."""
    site = build_site(open_project(settings), report=report)
    found: list[Measurement] = []
    with (
        served(create_app(settings)) as base,
        plain_site(settings) as plain_place,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        for place, label in instruments_of(site):
            if only in ("", label):
                report(f"Driving {label}")
                for each in rows_of(browser, f"{base}/{place}", plain_place, label):
                    report(f"{each.figure}: {each.value:.4g} {each.unit}")
                    found.append(each)
        browser.close()
    return found
