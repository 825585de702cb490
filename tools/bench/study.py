"""The review page with a log of ten years: opened, folded again, and card after card.

The bench generates the cards' pages; everything else is the book's. Times start when the document
has been parsed, and end with the frame that shows the card.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from statistics import median, quantiles

from playwright.sync_api import Page, sync_playwright
from starlette.applications import Starlette
from starlette.staticfiles import StaticFiles

from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook.book.read.source import REVIEW
from latentbook.browser import FLAGS, chromium_path
from latentbook.settings import Settings
from tools.bench import Measurement, Report
from tools.bench.serving import served

CARDS, EVENTS = 5_000, 60_000
OPENINGS, GRADES = 5, 60
CARD = """<details class="recall" data-card="r-{i}" data-edition="1" data-after="a/b#c">
<summary><p>What does the term {i} of the bound compare, and why is it there at all?</p></summary>
<div class="body"><p>The distribution of the codes of one image with the prior.</p></div>
<p class="of"><a href="../../a/b/#c">2.1 Of which the card is</a></p></details>"""
SEED = """([cards, events]) => new Promise((resolve, reject) => {
  const name = `latentbook:${document.documentElement.dataset.book}`;
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => {
    const log = opening.result.createObjectStore("log", { autoIncrement: true });
    log.createIndex("id", "id", { unique: true });
    opening.result.createObjectStore("snapshot");
  };
  opening.onsuccess = () => {
    const transaction = opening.result.transaction(["log", "snapshot"], "readwrite");
    const last = Math.floor(Date.now() / 864e5) - 2;
    for (let i = 0; i < events; i++) {
      const day = last - Math.floor((3600 * (events - 1 - i)) / events);
      const [label, grade] = [`r-${i % cards}`, 1 + ((i * 7919) % 4)];
      const event = { id: `seed.${i}`, day, time: day * 864e5 + i, kind: "review" };
      transaction.objectStore("log").add({ ...event, label, edition: 1, grade });
    }
    transaction.oncomplete = () => resolve(opening.result.close());
    transaction.onabort = () => reject(transaction.error);
  };
})"""
FORGET = """() => new Promise((resolve) => {
  const opening = indexedDB.open(`latentbook:${document.documentElement.dataset.book}`);
  opening.onsuccess = () => {
    const transaction = opening.result.transaction("snapshot", "readwrite");
    transaction.objectStore("snapshot").delete("state");
    transaction.oncomplete = () => resolve(opening.result.close());
  };
})"""
"""Delete the snapshot, so that the next opening folds all events."""

SHOWN = """() => new Promise((resolve) => {
  const look = () => {
    if (!document.querySelector(".review-desk .front")) return;
    observer.disconnect();
    const { domInteractive } = performance.getEntriesByType("navigation")[0];
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - domInteractive)));
  };
  const observer = new MutationObserver(look);
  observer.observe(document, { subtree: true, childList: true });
  look();
})"""
GRADE = """() => new Promise((resolve) => {
  const buttons = document.querySelectorAll(".review-desk .grades button");
  const start = performance.now();
  buttons[2].click();
  requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
})"""


def measure(settings: Settings, report: Report) -> list[Measurement]:
    site = build_site(open_project(settings), report=report)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "site"
        shutil.copytree(site, copy, copy_function=os.link)
        chapters = sorted(path for path in (copy / REVIEW).iterdir() if path.is_dir())
        for number, chapter in enumerate(chapters):
            cards = (CARD.format(i=i) for i in range(number, CARDS, len(chapters)))
            own = chapter / "index.html"
            own.unlink()  # the file is a link to the book's
            own.write_text(f"<!doctype html><main>{''.join(cards)}</main>")
        app = Starlette()
        app.mount("/", StaticFiles(directory=copy, html=True))
        with served(app) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
            page = browser.new_page()
            page.goto(f"{url}/404.html")
            page.evaluate(SEED, [CARDS, EVENTS])
            rows = _rows(page, f"{url}/{REVIEW}/")
            browser.close()
    return rows


def _rows(page: Page, url: str) -> list[Measurement]:
    def opened() -> float:
        page.goto(url)
        milliseconds: float = page.evaluate(SHOWN)
        return milliseconds

    opened()
    from_snapshot = median(opened() for _ in range(OPENINGS))
    refolded = []
    for _ in range(OPENINGS):
        page.evaluate(FORGET)
        refolded.append(opened())
    opened()
    grades = []
    for _ in range(GRADES):
        page.get_by_role("button", name="Show answer").click()
        page.wait_for_selector(".review-desk .grades button:nth-child(4)")
        grades.append(page.evaluate(GRADE))
    return [
        Measurement(f"{CARDS:,} cards from a snapshot", from_snapshot, "ms", 200),
        Measurement(f"{EVENTS:,} events folded again", median(refolded), "ms", 1000),
        Measurement("grade to next card, p95", quantiles(grades, n=20)[-1], "ms", 50),
    ]
