"""Slider move to painted picture, in Chromium, for every instrument of the flagship chapter."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from app.bench import Measurement, Report
from app.bench.serving import served
from app.book.site import build_site
from app.browser import FLAGS, chromium_path
from app.main import create_app
from app.settings import Settings

CHAPTER = "autoencoders/"
MOVES = 60
DRAW_BAR, WARM_BAR, COLD_BAR, THROTTLED_BAR = 4.0, 16.7, 35.0, 20.0  # ms, at p95
PROBE = Path(__file__).with_name("frames.js")


def collect(page: Page) -> dict[str, Any]:
    """What the probe has seen since it was last asked."""
    found: dict[str, Any] = page.evaluate(
        "() => { const seen = latentbookFrames; latentbookFrames = {moves: [], draws: []};"
        " return seen; }"
    )
    return found


def drive(page: Page, label: str, *, warm: bool) -> dict[str, Any]:
    """Move the first visible slider of an instrument with the keyboard, or by leaps if cold."""
    slider = page.locator(f"#{label} input[type=range]:visible").first
    slider.scroll_into_view_if_needed()
    slider.focus()
    low, high, step = (float(slider.get_attribute(name) or 0) for name in ("min", "max", "step"))
    count = round((high - low) / step)
    if warm:
        page.wait_for_timeout(2500)  # the steps around are worked out meanwhile
        collect(page)
        for key in ("ArrowRight", "ArrowLeft") * (MOVES // 2):
            page.keyboard.press(key)
            page.wait_for_timeout(40)
    else:
        collect(page)
        order = random.Random(0).sample(range(count + 1), min(count + 1, 20))
        for place in order:
            slider.evaluate(
                "(input, value) => { input.value = value;"
                " input.dispatchEvent(new Event('input', {bubbles: true})); }",
                str(low + place * step),
            )
            page.wait_for_timeout(150)
    return collect(page)


def p95(values: list[float]) -> float:
    """95th percentile, NaN if there is nothing to measure."""
    return float(np.percentile(values, 95)) if values else float("nan")


def measure(settings: Settings, report: Report) -> list[Measurement]:
    """Cold leaps, warm keys, and warm keys on a processor slowed four times."""
    build_site(settings, report=report)
    rows: list[Measurement] = []
    with served(create_app(settings)) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.add_init_script(path=PROBE)
        page.goto(f"{base}/{CHAPTER}")
        page.wait_for_selector('[data-runtime-status][data-state="ready"]', timeout=60_000)
        labels = page.locator(".instrument:has(input[type=range])").evaluate_all(
            "all => all.map(({id}) => id)"
        )
        throttle = page.context.new_cdp_session(page)
        for label in labels:
            report(f"Driving {label}")
            cold = drive(page, label, warm=False)
            warm = drive(page, label, warm=True)
            throttle.send("Emulation.setCPUThrottlingRate", {"rate": 4})
            slow = drive(page, label, warm=True)
            throttle.send("Emulation.setCPUThrottlingRate", {"rate": 1})
            for name, bar, seen in (
                ("cold", COLD_BAR, [m["ms"] for m in cold["moves"] if not m["warm"]]),
                ("warm", WARM_BAR, [m["ms"] for m in warm["moves"] if m["warm"]]),
                ("warm, 4x slower", THROTTLED_BAR, [m["ms"] for m in slow["moves"] if m["warm"]]),
            ):
                rows.append(
                    Measurement(f"{label} {name} p95 (n={len(seen)})", p95(seen), "ms", bar)
                )
            rows.append(Measurement(f"{label} drawing p95", p95(warm["draws"]), "ms", DRAW_BAR))
        browser.close()
    return rows
