"""What a reader's browser must have before the first paint, and Lighthouse's opinion of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import urllib.request
from pathlib import Path
from urllib.parse import urljoin

from app.bench import Measurement, Report
from app.bench.serving import served
from app.book.write.site import build_site
from app.browser import FLAGS, chromium_path
from app.main import create_app
from app.settings import Settings

PAGES = ("", "autoencoders/")
CRITICAL_BAR = 60.0
CRITICAL = re.compile(
    r'<link[^>]*rel="?(?:stylesheet|modulepreload)"?[^>]*href="([^"]+)"'
    r'|<script[^>]*src="([^"]+)"'
)


def wire_bytes(url: str) -> tuple[int, str]:
    """Bytes of the body as sent with brotli, and its text where it came uncompressed."""
    request = urllib.request.Request(url, headers={"Accept-Encoding": "br"})
    with urllib.request.urlopen(request) as response:
        return len(response.read()), str(response.headers.get("Content-Encoding", ""))


def critical_kilobytes(url: str) -> float:
    """HTML, style sheets and scripts named in the page, brotli, in kB of 1,000 bytes."""
    with urllib.request.urlopen(url) as response:
        html = response.read().decode()
    total, _ = wire_bytes(url)
    for match in CRITICAL.finditer(html):
        if 'media="print"' in match.group(0):
            continue
        size, _ = wire_bytes(urljoin(url, match.group(1) or match.group(2)))
        total += size
    return total / 1000


def lighthouse(url: str, settings: Settings) -> dict[str, float]:
    """Scores of the four categories (0 to 100) and the layout shift, phone emulation."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "report.json"
        subprocess.run(
            [
                str(settings.root / "node_modules/.bin/lighthouse"),
                url,
                "--quiet",
                "--output=json",
                f"--output-path={out}",
                f"--chrome-flags=--headless=new {' '.join(FLAGS)}",
            ],
            check=True,
            env=os.environ | {"CHROME_PATH": chromium_path()},
        )
        found = json.loads(out.read_text())
    scores = {key: 100 * value["score"] for key, value in found["categories"].items()}
    scores["layout shift"] = found["audits"]["cumulative-layout-shift"]["numericValue"]
    return scores


def measure(settings: Settings, report: Report) -> list[Measurement]:
    """Measure the title page and the flagship chapter."""
    build_site(settings, report=report)
    rows = []
    with served(create_app(settings)) as base:
        for page in PAGES:
            url = f"{base}/{page}"
            size = critical_kilobytes(url)
            rows.append(Measurement(f"/{page} critical bytes", size, "kB", CRITICAL_BAR))
            report(f"Lighthouse on /{page}")
            for key, score in lighthouse(url, settings).items():
                if key == "layout shift":
                    rows.append(Measurement(f"/{page} {key}", score, "", 0.0))
                else:
                    rows.append(Measurement(f"/{page} {key}", score, "", 100, at_least=True))
    return rows
