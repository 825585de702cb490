"""Weight of a page before its first paint, its longest task, and Lighthouse's scores."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import tempfile
import urllib.request
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import sync_playwright

from latentbook.base.errors import LatentbookError
from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook.book.read.source import PRINT
from latentbook.browser import FLAGS, chromium_path
from latentbook.main import create_app
from latentbook.settings import Settings
from tools.bench import Measurement, Report
from tools.bench.serving import served

CRITICAL_TARGET, ELEMENTS_TARGET, SHIFT_TARGET, TASK_TARGET = 60.0, 6_000.0, 0.01, 50.0
CRITICAL = re.compile(
    r'<link(?![^>]*media="print")[^>]*rel="?(?:stylesheet|modulepreload)"?[^>]*href="([^"]+)"'
    r'|<script[^>]*src="([^"]+)"'
)
IMPORT = re.compile(r'\b(?:from|import)"([^"]+)"')
"""Static imports of a bundled script; ``import()`` fetches later."""

FRONT = ""
"""The front page."""

RUNS = 3
"""Lighthouse's scores vary: the median of this many runs counts."""

ATTEMPTS = 3
"""Sometimes Chromium records no trace, and Lighthouse needs another run."""

PRESETS: Mapping[str, tuple[str, ...]] = {"phone": (), "desktop": ("--preset=desktop",)}
"""The first preset is also measured on a section of each chapter."""

TARGETS: Mapping[tuple[str, str], float] = {("phone", "performance"): 95}
"""Targets of categories other than 100."""

LONGEST_TASK = """
globalThis.longest = 0;
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
}).observe({ type: "longtask", buffered: true });
"""


def pages_of(site: Path) -> list[str]:
    """List every page for the screen, as a path relative to the root."""
    found = (path.parent.relative_to(site).as_posix() for path in site.rglob("index.html"))
    places = ("" if place == "." else f"{place}/" for place in found)
    return sorted(place for place in places if not place.endswith(f"/{PRINT}/"))


def body(url: str, encoding: str) -> bytes:
    request = urllib.request.Request(url, headers={"Accept-Encoding": encoding})
    with urllib.request.urlopen(request) as response:
        content: bytes = response.read()
    return content


def critical_urls(url: str, html: str) -> list[str]:
    """List the page, the style sheets and scripts that it names, and the scripts these import."""
    found = [url, *(urljoin(url, match[1] or match[2]) for match in CRITICAL.finditer(html))]
    for each in found:  # grows as imports are found
        if each.endswith(".js"):
            imports = IMPORT.findall(body(each, "identity").decode())
            found += {urljoin(each, name) for name in imports} - set(found)
    return found


def critical_kilobytes(url: str, html: str) -> float:
    """Sum the Brotli size of all that loads with the page, except fonts, in kB of 1,000 bytes."""
    return sum(len(body(each, "br")) for each in critical_urls(url, html)) / 1000


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count += 1


def elements(html: str) -> int:
    """Count the elements of a page before any script runs."""
    parser = _Elements()
    parser.feed(html)
    return parser.count


def lighthouse(url: str, settings: Settings, *options: str) -> dict[str, float]:
    """Run Lighthouse; return the scores of its four categories (0 to 100) and the layout shift."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "report.json"
        command = [
            str(settings.root / "node_modules/.bin/lighthouse"),
            url,
            "--quiet",
            "--output=json",
            f"--output-path={out}",
            f"--chrome-flags=--headless=new {' '.join(FLAGS)}",
            *options,
        ]
        environment = os.environ | {"CHROME_PATH": chromium_path()}
        for _ in range(ATTEMPTS):
            run = subprocess.run(command, env=environment, capture_output=True, text=True)
            if run.returncode == 0:
                break
        else:
            raise LatentbookError(f"Lighthouse fails {ATTEMPTS} times on {url}: {run.stderr}")
        found = json.loads(out.read_text())
    scores = {key: 100 * value["score"] for key, value in found["categories"].items()}
    scores["layout shift"] = found["audits"]["cumulative-layout-shift"]["numericValue"]
    return scores


def longest_task(url: str) -> float:
    """Measure the page's longest task until its instrument can be moved, in ms."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.add_init_script(LONGEST_TASK)
        page.goto(url)
        page.locator("section[data-instrument][data-answers]").first.wait_for(state="attached")
        found = float(page.evaluate("longest"))
        browser.close()
    return found


def measure(settings: Settings, report: Report) -> list[Measurement]:
    """Weigh every page; open the front page, and each chapter's heaviest with an instrument."""
    project = open_project(settings)
    site = build_site(project, report=report)
    rows = []
    with served(create_app(settings)) as base:
        weights: dict[str, float] = {}
        with_instrument = []
        for place in pages_of(site):
            html = (site / place / "index.html").read_text(encoding="utf-8")
            weights[place] = critical_kilobytes(f"{base}/{place}", html)
            rows.append(
                Measurement(f"/{place} before first paint", weights[place], "kB", CRITICAL_TARGET)
            )
            if "data-instrument" in html:
                with_instrument.append(place)
            count = elements(html)
            rows.append(Measurement(f"/{place} elements", count, "", ELEMENTS_TARGET))
        with_instrument.sort(key=weights.__getitem__)
        heaviest = {place.partition("/")[0]: place for place in with_instrument}  # the last stays
        slugs = [each.slug for each in project.manifest.entries]
        sections = [heaviest[slug] for slug in slugs if slug in heaviest]
        on_all = FRONT, max(sections, key=weights.__getitem__)
        for place in dict.fromkeys((FRONT, *sections)):
            url = f"{base}/{place}"
            longest = statistics.median(longest_task(url) for _ in range(RUNS))
            rows.append(Measurement(f"/{place} longest task", longest, "ms", TASK_TARGET))
            for device in PRESETS if place in on_all else (next(iter(PRESETS)),):
                report(f"Lighthouse on /{place}, {device}")
                runs = [lighthouse(url, settings, *PRESETS[device]) for _ in range(RUNS)]
                for key in runs[0]:
                    value = statistics.median(run[key] for run in runs)
                    name = f"/{place} {key}, {device}"
                    if key == "layout shift":
                        rows.append(Measurement(name, value, "", SHIFT_TARGET))
                    else:
                        target = TARGETS.get((device, key), 100)
                        rows.append(Measurement(name, value, "", target, at_least=True))
    return rows
