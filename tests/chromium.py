"""The browser in which tests look at pages."""

from __future__ import annotations

from collections.abc import Sequence

from playwright.sync_api import Browser, BrowserType, expect

from latentbook.browser import FLAGS, NAMES, chromium_path
from tests.patience import PATIENCE_S

PATIENCE_MS = 1_000 * PATIENCE_S
expect.set_options(timeout=PATIENCE_MS)  # of the whole process, whichever fixture comes first

SHELL_FIRST = ("chromium-headless-shell", *NAMES)
"""The shell is the same engine without windows: a tenth less work for each test."""

SPARING = "--js-flags=--wasm-tiering-budget=1300000000"
"""Has V8 optimise only what runs for seconds: most of what it would compile a second time, for a
third of all that a start of Python costs, belongs to a page that is closed soon."""


def launch(chromium: BrowserType, *flags: str, names: Sequence[str] = SHELL_FIRST) -> Browser:
    """A browser whose pages have the tests' patience."""
    path = chromium_path(names)
    browser = chromium.launch(executable_path=path, args=[*FLAGS, SPARING, *flags])
    browser.on("context", lambda context: context.set_default_timeout(PATIENCE_MS))
    return browser
