"""The drawing code, bundled for the in-process engine and for a real browser with Plotly."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from latentbook.book.compose.javascript import open_context
from tests.chromium import launch
from tests.unit.draw.drawn_figures import plain

ROOT = Path(__file__).parents[3]
MODULES = ROOT / "node_modules"
PLOTLY = MODULES / "plotly.js" / "dist" / "plotly-cartesian.min.js"


def bundle(source: str, folder: Path) -> str:
    """Bundle the source of an entry; its exports become the global ``book``."""
    out = folder / "bundle.js"
    subprocess.run(
        [
            MODULES / ".bin" / "esbuild",
            *("--bundle", "--format=iife", "--global-name=book", "--loader=js"),
            *(f"--outfile={out}", "--log-level=warning"),
        ],
        input=source,
        cwd=ROOT / "static" / "js",
        text=True,
        check=True,
    )
    return out.read_text()


@pytest.fixture(scope="session")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The drawing code and its table as one script."""
    source = """
        export * from "./figure/draw.js";
        export { SUBSET } from "./figure/subset.js";
        export { check } from "./figure/check.js";
        export { formatted } from "./figure/numbers.js";
        export { PALETTE } from "./figure/palette.js";
        export { ticks } from "./figure/ticks.js";
    """
    return bundle(source, tmp_path_factory.mktemp("draw"))


@pytest.fixture(scope="session")
def engine(script: str) -> Iterator[Callable[..., Any]]:
    """Call one of the script's functions in an engine without a DOM."""
    racer = open_context()
    racer.eval(script)

    def call(expression: str, *args: Any) -> Any:
        written = ", ".join(json.dumps(plain(arg)) for arg in args)
        return json.loads(racer.eval(f"JSON.stringify({expression}({written}))"))

    yield call
    racer.close()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for this package's tests: a process can run only one Playwright."""
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def page(browser: Browser, script: str) -> Page:
    """A page with ``book`` and ``Plotly``."""
    page = browser.new_page(viewport={"width": 1000, "height": 800})
    page.set_content("<!doctype html><div id=own></div><div id=plotly></div>")
    page.add_script_tag(path=PLOTLY)
    page.add_script_tag(content=script)
    page.add_script_tag(path=Path(__file__).with_name("compare.js"))
    return page
