"""Input to painted picture, in Chromium, for every instrument of the flagship chapter.

Each is driven by leaps to settings that nobody foresaw, by a drag and by keys; where it has a map
or a pad, by a drag on that. Drag and keys come again on a processor slowed four times. What is
timed starts in the handler of the input: a browser hands out moves of the pointer at the start of a
frame, and keys between two frames, so that a key also waits for the next one. Keys are reported
without a bar.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Locator, Page, sync_playwright

from app.bench import Measurement, Report
from app.bench.serving import served
from app.book.write.site import build_site
from app.browser import FLAGS, chromium_path
from app.main import create_app
from app.settings import Settings

CHAPTER = "autoencoders/"
MOVES, LEAPS = 80, 20
FORESEEN_MS = 4000
"""While the reader rests on a slider, the steps around are worked out."""
DRAW_BAR, WARM_BAR, COLD_BAR, THROTTLED_BAR = 4.0, 16.7, 35.0, 20.0  # ms, at p95
PROBE = Path(__file__).with_name("frames.js")


def collect(page: Page) -> dict[str, Any]:
    """What the probe has seen since it was last asked."""
    page.wait_for_timeout(100)
    found: dict[str, Any] = page.evaluate(
        "() => { const seen = latentbookFrames;"
        " latentbookFrames = {moves: [], draws: [], answers: []}; return seen; }"
    )
    return found


def leap(page: Page, slider: Locator) -> None:
    """Set the slider to places far from each other."""
    low, high, step = bounds(slider)
    count = round((high - low) / step) + 1
    for place in random.Random(0).sample(range(count), min(count, LEAPS)):
        slider.evaluate(
            "(input, value) => { input.value = value;"
            " input.dispatchEvent(new Event('input', {bubbles: true})); }",
            str(low + place * step),
        )
        page.wait_for_timeout(150)


def bounds(slider: Locator) -> tuple[float, float, float]:
    """Lowest value, highest value and step."""
    low, high, step = (float(slider.get_attribute(name) or 0) for name in ("min", "max", "step"))
    return low, high, step


def drag(page: Page, slider: Locator) -> None:
    """Pull the thumb to and fro around the middle, one step at a time."""
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


def press(page: Page, slider: Locator) -> None:
    """Step to and fro with the arrow keys."""
    slider.focus()
    page.wait_for_timeout(FORESEEN_MS)
    collect(page)
    for number in range(MOVES):
        page.keyboard.press("ArrowRight" if number % 8 < 4 else "ArrowLeft")
        page.wait_for_timeout(30)


@contextmanager
def held(page: Page, panel: Locator) -> Iterator[tuple[float, float, float, float]]:
    """Hold a panel by its middle: the place of that, and the panel's width and height."""
    box = panel.bounding_box()
    if box is None:
        raise RuntimeError("The panel is not in view.")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    yield x, y, box["width"], box["height"]
    page.mouse.up()


def drag_point(page: Page, panel: Locator) -> None:
    """Pull a point through its panel, where no answer can be foreseen."""
    with held(page, panel) as (x, y, width, height):
        for number in range(MOVES // 2):
            page.mouse.move(x + number * width / 250, y - number * height / 300)
            page.wait_for_timeout(80)


def drag_held(page: Page, panel: Locator) -> None:
    """Pull a map to and fro, or draw on a pad."""
    with held(page, panel) as (x, y, width, height):
        collect(page)
        for number in range(MOVES):
            turn = 2 * np.pi * number / MOVES
            page.mouse.move(x + width / 4 * np.sin(turn), y + height / 4 * np.sin(2 * turn))
            page.wait_for_timeout(30)


def row(name: str, values: list[float], bar: float | None = None) -> Measurement:
    """The 95th percentile, with the median in its name."""
    middle = f"{np.median(values):.1f}" if values else "-"
    last = float(np.percentile(values, 95)) if values else float("nan")
    return Measurement(f"{name} p95 (p50 {middle}, n {len(values)})", last, "ms", bar)


def times(seen: dict[str, Any], *, warm: bool) -> list[float]:
    """Input to painted, of moves whose answer was known, or was not."""
    return [move["ms"] for move in seen["moves"] if move["warm"] == warm]


@contextmanager
def slowed(page: Page, rate: int) -> Iterator[None]:
    """Slow the page's processor down."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": rate})
    try:
        yield
    finally:
        session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        session.detach()


def drive_slider(page: Page, label: str, slider: Locator) -> list[Measurement]:
    """Every figure of an instrument with a slider."""
    leap(page, slider)
    cold = collect(page)
    drag(page, slider)
    dragged = collect(page)
    press(page, slider)
    pressed = collect(page)
    with slowed(page, 4):
        drag(page, slider)
        dragged_slowly = collect(page)
        press(page, slider)
        pressed_slowly = collect(page)
    answers = cold["answers"]
    return [
        row(f"{label}: drag", times(dragged, warm=True), WARM_BAR),
        row(f"{label}: drag, 4x slower", times(dragged_slowly, warm=True), THROTTLED_BAR),
        row(f"{label}: leap", times(cold, warm=False), COLD_BAR),
        row(f"{label}: drawing", dragged["draws"], DRAW_BAR),
        row(f"{label}: computing", [answer["compute"] for answer in answers]),
        row(f"{label}: transfer", [answer["ms"] - answer["compute"] for answer in answers]),
        row(f"{label}: keys", times(pressed, warm=True)),
        row(f"{label}: keys, 4x slower", times(pressed_slowly, warm=True)),
    ]


def drive_point(page: Page, label: str, panel: Locator) -> list[Measurement]:
    """Every figure of an instrument with a point and no slider."""
    collect(page)
    drag_point(page, panel)
    seen = collect(page)
    answers = seen["answers"]
    return [
        row(f"{label}: drag of a point", times(seen, warm=False), COLD_BAR),
        row(f"{label}: drawing", seen["draws"], DRAW_BAR),
        row(f"{label}: computing", [answer["compute"] for answer in answers]),
        row(f"{label}: transfer", [answer["ms"] - answer["compute"] for answer in answers]),
    ]


def drive_held(page: Page, label: str, panel: Locator) -> list[Measurement]:
    """Every figure of an instrument that is held by its map or its pad."""
    drag_held(page, panel)
    seen = collect(page)
    with slowed(page, 4):
        drag_held(page, panel)
        seen_slowly = collect(page)
    return [
        row(f"{label}: drag", [move["ms"] for move in seen["moves"]], WARM_BAR),
        row(
            f"{label}: drag, 4x slower",
            [move["ms"] for move in seen_slowly["moves"]],
            THROTTLED_BAR,
        ),
        row(f"{label}: drawing", seen["draws"], DRAW_BAR),
    ]


def measure(settings: Settings, report: Report) -> list[Measurement]:
    """Every instrument in turn."""
    build_site(settings, report=report)
    rows: list[Measurement] = []
    with served(create_app(settings)) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.add_init_script(path=PROBE)
        page.goto(f"{base}/{CHAPTER}")
        page.wait_for_selector('[data-runtime-status][data-state="ready"]', timeout=60_000)
        labels = page.locator(".instrument").evaluate_all("all => all.map(({id}) => id)")
        for label in labels:
            report(f"Driving {label}")
            instrument = page.locator(f"#{label}")
            instrument.scroll_into_view_if_needed()
            page.wait_for_selector(f'#{label}[data-state="live"]')
            for part, drive in (
                (".image[role=application]", drive_held),
                ("input[type=range]:visible", drive_slider),
                ("[data-draggable]", drive_point),
            ):
                control = instrument.locator(part).first
                if control.count():
                    control.scroll_into_view_if_needed()
                    rows += drive(page, label, control)
                    break
        browser.close()
    return rows
