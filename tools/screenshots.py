"""Takes the screenshots in the README and docs from the book itself: ``make screenshots``."""

from __future__ import annotations

import io
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook.browser import FLAGS, chromium_path
from latentbook.main import create_app
from latentbook.settings import Settings
from latentbook_authoring.scaffold.course import new_course
from tools.bench.serving import served
from tools.reference import EXAMPLE, PICTURES, SHOWN

OUT = Path(__file__).resolve().parents[1] / "docs" / "screenshots"


@dataclass(frozen=True)
class Shot:
    """One screenshot: a page, scrolled to an element, at a size and in a theme."""

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
    """Save one screenshot once Python answers and the page has settled."""
    context = browser.new_context(
        viewport={"width": shot.width, "height": shot.height},
        color_scheme=shot.theme,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(f"{base}/{shot.path}")
    page.wait_for_selector('[data-runtime-status][data-state="ready"]', timeout=60_000)
    if "#" in shot.path:
        # Leave room between the sticky bar and the title.
        page.evaluate(
            "id => window.scrollTo(0, document.getElementById(id).getBoundingClientRect().top"
            " + window.scrollY - 80)",
            shot.path.partition("#")[2],
        )
    page.wait_for_timeout(500)
    page.screenshot(path=OUT / f"{shot.name}.png")
    context.close()


def take_parts(browser: Browser) -> None:
    """Build a book that shows the example instrument, and save the pictures of its parts."""
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder, "example")
        new_course(Settings(), course, empty=True)
        contents = course / "course.toml"
        section = course / "content/first-steps/the-best-constant.md"
        shutil.copy(EXAMPLE, course / "instruments")
        listed = contents.read_text().replace('"stand_in"', f'"stand_in", "{EXAMPLE.stem}"')
        contents.write_text(listed)
        with section.open("a") as text:
            text.write(f"\n:::{{instrument}} {EXAMPLE.stem}\n:label: parts\n:::\n")
        settings = Settings(course=course)
        build_site(open_project(settings), report=print)
        PICTURES.mkdir(exist_ok=True)
        with served(create_app(settings)) as base:
            page = browser.new_page(viewport={"width": 1000, "height": 6000})  # all at once
            page.goto(f"{base}/first-steps/the-best-constant/")
            page.wait_for_selector("#parts[data-state=live]", timeout=60_000)
            page.get_by_text("Decoded in this page").wait_for()
            page.wait_for_timeout(1000)
            for name, (place, _) in SHOWN.items():
                taken = Image.open(io.BytesIO(page.locator(f"#parts {place}").screenshot()))
                few = taken.convert("RGB").quantize(48, Image.Quantize.MAXCOVERAGE)
                few.save(PICTURES / f"{name}.png", optimize=True)
            page.close()


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
        take_parts(browser)
        browser.close()


if __name__ == "__main__":
    main()
