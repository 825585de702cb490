"""What the browser tests do on a page of the book."""

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
"""A page with instruments, snippets and questions; the first that the book has."""

BOOK = tomllib.loads((Settings().content / "book.toml").read_text("utf-8"))
CHAPTERS = [each["slug"] for part in BOOK["parts"] for each in part["chapters"]]

READY = '[data-runtime-status][data-state="ready"]'

# What is far down is laid out a quarter of a second later, and a mouse needs places that stay.
ARRIVE = """async (url) => {
  await navigation.navigate(url).finished;
  document.querySelector(".arrival")?.classList.remove("arrival");
}"""

# What follows the links makes the icon's address absolute, as others must not change it.
FOLLOWS_LINKS = "() => document.querySelector('link[rel=icon]').getAttribute('href').includes('//')"

# Adds up in `shift` how far what is seen moves by itself, in Core Web Vitals' measure.
ADD_SHIFTS = """globalThis.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });"""

# The page gives Python 0.6 s to stop, up to eight times that on a slow machine, and a snippet a
# minute: while the cores are busy that may be too little.
LENGTHEN = """() => {
  globalThis.ownTimeout ??= setTimeout;
  globalThis.setTimeout = (run, ms, ...given) =>
    ownTimeout(run, (ms >= 600 && ms <= 4_800) || ms === 60_000 ? 20 * ms : ms, ...given);
}"""
AS_BEFORE = "() => { globalThis.setTimeout = ownTimeout; }"

Open = Callable[..., Page]


@cache
def targets() -> dict[str, Target]:
    """Everything in the book that has a label."""
    return load(Settings()).labels.targets


def address(target: Target) -> str:
    """The page on which something stands, below the root of the book."""
    return f"{target.page}/" if target.page else ""


def where(label: str) -> str:
    """The page on which something with a label stands."""
    return address(targets()[label])


def pages_with(*kinds: str) -> list[str]:
    """The pages with something of one of these kinds, in the order of the book."""
    return list(dict.fromkeys(address(t) for t in targets().values() if t.kind in kinds))


def go_to(page: Page, place: str) -> None:
    """Go to a page of the book as its links do: in the same document, with Python warm."""
    page.bring_to_front()  # a tab behind another one draws nothing
    root = urljoin(page.url, page.locator("html").get_attribute("data-root"))
    if urlsplit(page.url).path != urlsplit(root + place).path:
        page.wait_for_function(FOLLOWS_LINKS)
        page.evaluate(ARRIVE, root + place)


def wait_until(page: Page, holds: Callable[[], object]) -> None:
    """Wait for what only the test can see, such as a request that it holds back."""
    until(holds, sleep=lambda seconds: page.wait_for_timeout(1000 * seconds))


@contextmanager
def lenient(page: Page) -> Iterator[None]:
    """Have the page wait longer for Python."""
    page.evaluate(LENGTHEN)
    yield
    page.evaluate(AS_BEFORE)


def hold_as_phone(page: Page) -> CDPSession:
    """Make the window that of a phone, which fingers touch; what sends their touches."""
    touch = page.context.new_cdp_session(page)
    window = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    touch.send("Emulation.setDeviceMetricsOverride", window)
    touch.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    return touch


def come_back(page: Page) -> None:
    """Wait until the page has kept its start, and load it again: Python restores the snapshot."""
    page.wait_for_function(
        "() => performance.getEntriesByName('latentbook-snapshot').at(-1)?.detail === 'kept'"
    )
    page.reload()
    expect(page.locator(READY)).to_be_attached()


# Put an equation into the label of each option.
ADD_EQUATION = """options => options.forEach(({ labels: [label] }) =>
  label.insertAdjacentHTML("beforeend", "<math><mn>7</mn><mo>+</mo><mn>9</mn></math>"))"""


def names_with_equations(options: Locator) -> list[str]:
    """What a screen reader calls inputs once their labels end with the equation 7+9."""
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
    """The declaration of an instrument, as its block carries it."""
    spec: dict[str, Any] = json.loads(instrument.get_attribute("data-spec") or "")
    return spec


def labels(page: Page, selector: str) -> list[str]:
    """The ids of all blocks of a kind."""
    ids: list[str] = page.locator(selector).evaluate_all("all => all.map(each => each.id)")
    return ids


def write(page: Page, block: Locator, code: str) -> None:
    """Replace what stands in the editor of a snippet, a question or an instrument."""
    if block.locator(".source").count():
        block.locator(".source").hover()
    block.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(code)


def run(page: Page, code: str) -> Locator:
    """Run code in the first snippet; its section, once the run has begun."""
    cell = page.locator("section[data-cell]").first
    write(page, cell, code)
    cell.locator('[data-action="run"]').click()
    return cell


def output(cell: Locator) -> str:
    """What a snippet has left, once it has come to rest."""
    expect(cell).not_to_have_attribute("data-state", "running")
    return cell.locator("[data-output]").inner_text()


def mark(page: Page, name: str) -> str:
    """What the page notes of its start, once it does."""
    found = f"performance.getEntriesByName('latentbook-{name}').at(-1)"
    page.wait_for_function(f"() => {found} !== undefined")
    detail: str = page.evaluate(f"() => {found}.detail")
    return detail


def visit(context: BrowserContext, book: str, place: str = SECTION) -> Page:
    """A page on which Python is ready."""
    page = context.new_page()
    page.goto(book + place)
    expect(page.locator(READY)).to_be_attached()
    return page
