"""Takes the pictures in the README and docs from the book itself: ``make screenshots``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook.browser import FLAGS, chromium_path
from latentbook.main import create_app
from latentbook.settings import Settings
from tools.bench.serving import served

OUT = Path(__file__).resolve().parents[1] / "docs" / "screenshots"


@dataclass(frozen=True)
class Shot:
    """One picture: a page, scrolled to an element, at a size and in a theme."""

    name: str
    path: str
    width: int
    height: int
    theme: Literal["light", "dark"]


SHOTS = (
    Shot("front-light", "", 1280, 900, "light"),
    Shot("bottleneck-light", "autoencoders/#bottleneck", 1280, 900, "light"),
    Shot("sampler-dark", "autoencoders/#vae-sampler", 1280, 900, "dark"),
    Shot("phone-light", "autoencoders/#bottleneck", 360, 780, "light"),
)


def take(browser: Browser, base: str, shot: Shot) -> None:
    """Save one picture once Python answers and the picture has settled."""
    context = browser.new_context(
        viewport={"width": shot.width, "height": shot.height},
        color_scheme=shot.theme,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(f"{base}/{shot.path}")
    page.wait_for_selector('[data-runtime-status][data-state="ready"]', timeout=60_000)
    if "#" in shot.path:
        # Leaves the sticky bar clear of the name plate.
        page.evaluate(
            "id => window.scrollTo(0, document.getElementById(id).getBoundingClientRect().top"
            " + window.scrollY - 80)",
            shot.path.partition("#")[2],
        )
    page.wait_for_timeout(500)
    page.screenshot(path=OUT / f"{shot.name}.png")
    context.close()


def main() -> None:
    """Build the book, serve it, take every picture."""
    settings = Settings()
    build_site(open_project(settings), report=print)
    OUT.mkdir(parents=True, exist_ok=True)
    with served(create_app(settings)) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        for shot in SHOTS:
            take(browser, base, shot)
            print(f"docs/screenshots/{shot.name}.png")
        browser.close()


if __name__ == "__main__":
    main()
