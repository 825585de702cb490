"""The browser in which tests look at pages."""

from __future__ import annotations

from playwright.sync_api import Browser, Playwright

from latentbook.browser import FLAGS, NAMES, chromium_path

SHELL_FIRST = ("chromium-headless-shell", *NAMES)
"""The shell is the same engine without windows: a tenth less work for each test."""

SPARING = "--js-flags=--wasm-tiering-budget=1300000000"
"""Has V8 optimise only what runs for seconds: most of what it would compile a second time, for a
third of all that a start of Python costs, belongs to a page that is closed soon."""


def launch(playwright: Playwright) -> Browser:
    path = chromium_path(SHELL_FIRST)
    return playwright.chromium.launch(executable_path=path, args=[*FLAGS, SPARING])
