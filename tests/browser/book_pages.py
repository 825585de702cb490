"""Actions and queries on a page of the book that the browser tests share."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import BrowserContext, CDPSession, Locator, Page, expect

from latentbook.book.compose.target import Target
from latentbook.book.load import load
from latentbook.settings import Settings
from tests.patience import until

SECTION = "autoencoders/compress/"
"""The first page of the book with instruments, snippets and questions."""

BOOK = tomllib.loads((Settings().content / "book.toml").read_text("utf-8"))
CHAPTERS = [each["slug"] for part in BOOK["parts"] for each in part["chapters"]]

READY = '[data-runtime-status][data-state="ready"]'

# Lay out the lower part of the page now, not 0.25 s later: a mouse needs fixed positions.
ARRIVE = """async (url) => {
  await navigation.navigate(url).finished;
  document.querySelector(".arrival")?.classList.remove("arrival");
}"""

# The script that follows links makes the icon's address absolute, so that no page changes it.
FOLLOWS_LINKS = "() => document.querySelector('link[rel=icon]').getAttribute('href').includes('//')"

# Sums layout shifts that no input caused into `shift`, as Core Web Vitals measures them.
ADD_SHIFTS = """globalThis.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });"""

# The page gives Python 0.6 s to stop (up to eight times that on a slow machine) and a snippet one
# minute. On busy cores that may be too little.
LENGTHEN = """() => {
  globalThis.ownTimeout ??= setTimeout;
  globalThis.setTimeout = (run, ms, ...given) =>
    ownTimeout(run, (ms >= 600 && ms <= 4_800) || ms === 60_000 ? 20 * ms : ms, ...given);
}"""
AS_BEFORE = "() => { globalThis.setTimeout = ownTimeout; }"

Open = Callable[..., Page]


@cache
def targets() -> dict[str, Target]:
    """Return everything in the book that has a label."""
    return load(Settings()).labels.targets


def address(target: Target) -> str:
    """Address of a target's page, relative to the root of the book."""
    return f"{target.page}/" if target.page else ""


def where(label: str) -> str:
    """Address of the page that contains a label, relative to the root of the book."""
    return address(targets()[label])


def pages_with(*kinds: str) -> list[str]:
    """Addresses of the pages that contain one of these kinds, in the order of the book."""
    return list(dict.fromkeys(address(t) for t in targets().values() if t.kind in kinds))


def go_to(page: Page, place: str) -> None:
    """Go to a page of the book as its links do: in the same document, with Python warm."""
    page.bring_to_front()  # a tab in the background draws nothing
    root = urljoin(page.url, page.locator("html").get_attribute("data-root"))
    if urlsplit(page.url).path != urlsplit(root + place).path:
        page.wait_for_function(FOLLOWS_LINKS)
        page.evaluate(ARRIVE, root + place)


def wait_until(page: Page, holds: Callable[[], object]) -> None:
    """Wait for a condition that only the test can check, such as a request that it holds back."""
    until(holds, sleep=lambda seconds: page.wait_for_timeout(1000 * seconds))


@contextmanager
def lenient(page: Page) -> Iterator[None]:
    """Let the page wait longer for Python."""
    page.evaluate(LENGTHEN)
    yield
    page.evaluate(AS_BEFORE)


def hold_as_phone(page: Page) -> CDPSession:
    """Give the page a phone's window and touch input; return the session that sends touches."""
    touch = page.context.new_cdp_session(page)
    window = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    touch.send("Emulation.setDeviceMetricsOverride", window)
    touch.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    return touch


def come_back(page: Page) -> None:
    """Reload once the page has stored its snapshot, so that Python starts from it."""
    page.wait_for_function(
        "() => performance.getEntriesByName('latentbook-snapshot').at(-1)?.detail === 'kept'"
    )
    page.reload()
    expect(page.locator(READY)).to_be_attached()


# Put an equation into the label of each option.
ADD_EQUATION = """options => options.forEach(({ labels: [label] }) =>
  label.insertAdjacentHTML("beforeend", "<math><mn>7</mn><mo>+</mo><mn>9</mn></math>"))"""


def names_with_equations(options: Locator) -> list[str]:
    """Append the equation 7+9 to the labels of inputs; return the inputs' accessible names."""
    page = options.page
    options.evaluate_all(ADD_EQUATION)
    tree = page.context.new_cdp_session(page)
    found = []
    for option in options.all():
        option.evaluate("option => { globalThis.asked = option; }")
        asked = tree.send("Runtime.evaluate", {"expression": "asked"})["result"]["objectId"]
        only = {"objectId": asked, "fetchRelatives": False}
        [node] = tree.send("Accessibility.getPartialAXTree", only)["nodes"]
        found.append("".join(node["name"]["value"].split()))
    return found


def spec_of(instrument: Locator) -> dict[str, Any]:
    """Return the declaration of an instrument from its block."""
    spec: dict[str, Any] = json.loads(instrument.get_attribute("data-spec") or "")
    return spec


def labels(page: Page, selector: str) -> list[str]:
    """Return the ids of all blocks that match a selector."""
    ids: list[str] = page.locator(selector).evaluate_all("all => all.map(each => each.id)")
    return ids


def write(page: Page, block: Locator, code: str) -> None:
    """Replace the text in the editor of a snippet, a question or an instrument."""
    if block.locator(".source").count():
        block.locator(".source").hover()
    block.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(code)


def run(page: Page, code: str) -> Locator:
    """Start code in the first snippet; return its section."""
    cell = page.locator("section[data-cell]").first
    write(page, cell, code)
    cell.locator('[data-action="run"]').click()
    return cell


def output(cell: Locator) -> str:
    """Wait until a snippet has finished, and return its output."""
    expect(cell).not_to_have_attribute("data-state", "running")
    return cell.locator("[data-output]").inner_text()


def mark(page: Page, name: str) -> str:
    """Wait for one of the page's `latentbook-` performance entries, and return its detail."""
    found = f"performance.getEntriesByName('latentbook-{name}').at(-1)"
    page.wait_for_function(f"() => {found} !== undefined")
    detail: str = page.evaluate(f"() => {found}.detail")
    return detail


def visit(context: BrowserContext, book: str, place: str = SECTION) -> Page:
    """Open a page and wait until Python is ready."""
    page = context.new_page()
    page.goto(book + place)
    expect(page.locator(READY)).to_be_attached()
    return page
