"""The browser in which tests look at pages."""

from __future__ import annotations

import os

from playwright.sync_api import Browser, Playwright, expect

from latentbook.browser import FLAGS, NAMES, chromium_path

PATIENCE_MS = 120_000 * float(os.environ.get("LATENTBOOK_PATIENCE", "1"))
"""How long a test waits for what it expects of a page. Python starts in 3 s alone, but two cores
may be shared.
"""

expect.set_options(timeout=PATIENCE_MS)  # of the whole process, whichever fixture comes first

SHELL_FIRST = ("chromium-headless-shell", *NAMES)
"""The shell is the same engine without windows: a tenth less work for each test."""

SPARING = "--js-flags=--wasm-tiering-budget=1300000000"
"""Has V8 optimise only what runs for seconds: most of what it would compile a second time, for a
third of all that a start of Python costs, belongs to a page that is closed soon."""


def launch(playwright: Playwright) -> Browser:
    path = chromium_path(SHELL_FIRST)
    return playwright.chromium.launch(executable_path=path, args=[*FLAGS, SPARING])
