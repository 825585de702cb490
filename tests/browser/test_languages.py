"""A book with every kind of block in German, whose words are long, and in right-to-left Hebrew."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook.book.write.prefill import fill
from latentbook.main import create_app
from latentbook.runtime.dist import build_runtime
from latentbook.settings import Settings
from tests.browser.book_pages import run
from tests.pseudo_locale import accented, add_pseudo_locale
from tests.unit.book import conftest as small
from tools.bench.serving import served

pytestmark = pytest.mark.browser

LANGUAGES = ("de", "he")
"""Hebrew has no catalogue: the tests generate one."""

PAGES = (
    *("", "contents/", "facts/", "references/", "sample/", "sample/blocks/"),
    *("sample/quizzes/", "sample/snippets/", "sample/bench/"),
)
WIDTHS = (360, 1280)
BENCH = """\
---
title: Instruments
description: A slider, a choice, a seed.
---

:::{instrument} denoiser
:label: denoiser
:::
"""

OUTSIDE = """() => {
  const width = document.documentElement.clientWidth;
  const inside = ".scroller, .visually-hidden, .skip, dialog, svg, .katex, .guess-lines, pre";
  const found = [...document.querySelectorAll("body *")].filter((element) => {
    const { left, right, width: wide, height } = element.getBoundingClientRect();
    const row = element.closest(".controls"); // on a phone it scrolls
    if (row && row !== element && row.scrollWidth > row.clientWidth) return false;
    return wide > 1 && height > 1 && !element.closest(inside) && (left < -1 || right > width + 1);
  });
  const cut = [...document.querySelectorAll("button, .label, summary, th, .way, .eyebrow")].filter(
    (e) => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== "visible",
  );
  const page = document.documentElement.scrollWidth > width ? ["the page itself"] : [];
  return [...page, ...[...found, ...cut].map((e) => `${e.className}: ${e.textContent.trim()}`)];
}"""


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """URLs of the books, by language."""
    folder = tmp_path_factory.mktemp("languages")
    real = Settings()
    runtime = build_runtime(real, report=print)
    for name in ("cache", "locale"):
        (folder / name).mkdir()
    with pytest.MonkeyPatch.context() as patch, ExitStack() as servers:
        patch.setattr("latentbook.book.build.build_runtime", lambda settings, **_: runtime)
        compressor = "latentbook.book.write.compress.Compressor"
        patch.setattr(f"{compressor}.add_variants", lambda *_: None)  # saves half a minute
        add_pseudo_locale("he", folder / "locale", patch)
        urls = {}
        for name in LANGUAGES:
            build = folder / name / "build"
            build.mkdir(parents=True)
            fill(build / "cache", folder / "cache")
            content = write_book(folder / name / "content", name)
            settings = Settings(root=real.root, content=content, build=build)
            build_site(open_project(settings), report=print)
            urls[name] = servers.enter_context(served(create_app(settings)))
        yield urls


def write_book(folder: Path, language: str) -> Path:
    index = small.fixture_chapter()["sample/index.md"]
    references = Settings().content / "references.bib"
    files = {
        "book.toml": small.BOOK.replace('"en"', f'"{language}"'),
        "front.md": small.FRONT,
        "references.bib": references.read_text(encoding="utf-8"),
        "facts.toml": small.FACTS,
        **small.fixture_chapter(),
        "sample/index.md": index.replace("snippets]", "snippets, bench]"),
        "sample/bench.md": BENCH,
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return folder


@pytest.fixture
def window(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page(service_workers="block")
    yield page
    page.close()


def test_an_error_is_explained_in_the_language(books: dict[str, str], window: Page) -> None:
    window.goto(f"{books['de']}/sample/snippets/")
    sentence = run(window, "x = []\nx[0]").locator("p.explanation")
    expect(sentence).to_have_text("Zeile 2: x ist leer, also gibt es keinen Index.")


@pytest.mark.parametrize("name", LANGUAGES)
def test_nothing_leaves_the_page(name: str, books: dict[str, str], window: Page) -> None:
    outside = {}
    for place in PAGES:
        window.goto(f"{books[name]}/{place}")
        window.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        for width in WIDTHS:
            window.set_viewport_size({"width": width, "height": 900})
            outside[place, width] = window.evaluate(OUTSIDE)
    assert outside == {(place, width): [] for place in PAGES for width in WIDTHS}


def test_a_page_begins_at_the_right(books: dict[str, str], window: Page) -> None:
    window.set_viewport_size({"width": 1280, "height": 900})
    window.goto(f"{books['he']}/sample/quizzes/")

    def side(selector: str) -> str:
        """Tell in which half of the window an element's centre is."""
        box = window.locator(selector).first.bounding_box()
        assert box is not None
        return "left" if box["x"] + box["width"] / 2 < 640 else "right"

    assert (side(".brand"), side(".contents"), side("[data-python]")) == ("right", "right", "left")
    assert (side(".ways .previous"), side(".ways .next")) == ("right", "left")

    def direction(selector: str) -> str:
        return str(window.locator(selector).first.evaluate("e => getComputedStyle(e).direction"))

    kept = (
        "pre",
        "code",
        "svg",
        ".guess-lines",
        'input[type="range"]',
        "input[inputmode]",
    )
    assert {each: direction(each) for each in kept} == dict.fromkeys(kept, "ltr")
    assert direction(".quiz") == "rtl"


def test_a_decimal_comma_is_understood_and_answered(books: dict[str, str], window: Page) -> None:
    window.goto(f"{books['de']}/sample/quizzes/")
    quiz = window.locator('[data-quiz="number"]')
    answer = quiz.get_by_label("Ihre Antwort")
    answer.fill("0,5")
    quiz.get_by_role("button", name="Prüfen").click()
    expect(quiz.locator("[data-feedback]")).to_have_text("Richtig.")
    answer.fill("60.000")
    quiz.get_by_role("button", name="Prüfen").click()
    expect(quiz.locator("[data-feedback]")).to_have_text(
        "„60.000“ lässt sich auf zwei Arten lesen: Schreiben Sie 60 oder 60000."
    )


def test_scripts_count_as_the_language_does(books: dict[str, str], window: Page) -> None:
    window.goto(f"{books['de']}/sample/text/")
    window.get_by_role("button", name="Suche").click()
    for words, count in {"Baldi": " Ergebnisse", "zzzz": "Nichts gefunden"}.items():
        window.get_by_role("combobox").fill(words)
        expect(window.locator("dialog.search .count")).to_contain_text(count)


def test_onward_is_to_the_left(books: dict[str, str], window: Page) -> None:
    window.goto(f"{books['he']}/sample/text/")
    window.get_by_role("button", name=accented("Present")).click()
    place = window.locator(".deck-bar .place")
    expect(place).to_have_text(re.compile("^1 /"))
    window.keyboard.press("ArrowLeft")
    expect(place).to_have_text(re.compile("^2 /"))
    window.keyboard.press("ArrowRight")
    expect(place).to_have_text(re.compile("^1 /"))
