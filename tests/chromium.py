"""The browser in which tests look at pages."""

from __future__ import annotations

from collections.abc import Sequence

from playwright.sync_api import Browser, BrowserType, expect

from latentbook.browser import FLAGS, NAMES, chromium_path
from tests.patience import PATIENCE_S

PATIENCE_MS = 1_000 * PATIENCE_S
expect.set_options(timeout=PATIENCE_MS)  # for the entire process, whichever fixture comes first

SHELL_FIRST = ("chromium-headless-shell", *NAMES)
"""The headless shell is the same engine without windows: a tenth less work per test."""

SPARING = "--js-flags=--wasm-tiering-budget=1300000000"
"""Make V8 optimise only WebAssembly that runs for seconds. Otherwise recompiling takes a third of
the cost of starting Python, mostly for pages that close soon."""


def launch(chromium: BrowserType, *flags: str, names: Sequence[str] = SHELL_FIRST) -> Browser:
    """A browser whose pages use the tests' timeout."""
    path = chromium_path(names)
    browser = chromium.launch(executable_path=path, args=[*FLAGS, SPARING, *flags])
    browser.on("context", lambda context: context.set_default_timeout(PATIENCE_MS))
    return browser
