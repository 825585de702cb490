"""What the browser tests do on a page of the book."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, expect

CHAPTER = "autoencoders/"
MEASURED = "html[data-measured]"
STARTED = '[data-runtime-status][data-state="ready"]'
READY = f"{MEASURED} {STARTED}"

Open = Callable[..., Page]


def come_back(page: Page) -> None:
    """Wait until the page has kept its start, and load it again: Python restores the snapshot."""
    page.wait_for_function(
        "() => performance.getEntriesByName('latentbook-snapshot').at(-1)?.detail === 'kept'"
    )
    page.reload()
    expect(page.locator(READY)).to_be_attached()


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
    expect(page.locator(MEASURED)).to_be_attached()
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


def visit(context: BrowserContext, book: str) -> Page:
    """A page on which Python is ready."""
    page = context.new_page()
    page.goto(book + CHAPTER)
    expect(page.locator(STARTED)).to_be_attached()
    return page
