"""The complete page: readable without scripts, accessible, and from one host."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import brotli
import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import in_both_themes, violations
from tests.browser.book_pages import READY, SECTION, Open
from tools.bench.page import critical_urls, elements, pages_of

pytestmark = pytest.mark.browser


@pytest.mark.long
def test_axe_finds_nothing_in_blocks_that_are_in_use(open_page: Open) -> None:
    page = open_page()
    for details in page.locator("details").all():
        details.evaluate("each => each.open = true")
    use(page)
    found = in_both_themes(page)
    page.set_viewport_size({"width": 360, "height": 800})
    found += violations(page)
    assert "\n\n".join(found) == ""


def use(page: Page) -> None:
    """Bring a block of each kind into a state other than its initial one."""
    expect(page.locator(READY)).to_be_attached()
    cell = page.locator("section[data-cell]").first
    cell.scroll_into_view_if_needed()
    cell.locator('[data-action="run"]').click()
    expect(cell).to_have_attribute("data-state", "done")
    cell.locator(".source").hover()
    expect(cell.locator(".cm-content")).to_be_visible()
    for quiz in page.locator('section[data-quiz="true-false"], section[data-quiz="choice"]').all():
        quiz.locator("input[type=radio]").first.check()
        quiz.locator('[data-action="check"]').click()
    quiz = page.locator('section[data-quiz="number"]').first
    quiz.locator("input").fill("nothing")
    quiz.locator('[data-action="check"]').click()
    instrument = page.locator("#bottleneck")
    instrument.scroll_into_view_if_needed()
    expect(instrument).to_have_attribute("data-state", "live")
    typed = instrument.locator(".typed").first
    typed.fill("900")
    typed.press("Enter")
    instrument.locator('[data-action="code"]').click()
    expect(instrument.locator(".cm-content")).to_be_visible()


def test_no_page_has_more_than_6000_elements(site: Path) -> None:
    counts = {
        place: elements((site / place / "index.html").read_text(encoding="utf-8"))
        for place in pages_of(site)
    }
    assert {"formulas/2/", "review/autoencoders/2/"} <= counts.keys()
    assert {place: count for place, count in counts.items() if count > 6_000} == {}


def test_no_page_has_more_than_60_kilobytes_before_its_first_paint(site: Path) -> None:
    """Heavy pages are weighed again at full compression: the tests' site is compressed quickly."""

    @cache
    def sent(path: Path, in_a_hurry: bool) -> int:
        compressed = path.with_name(f"{path.name}.br")
        if not compressed.exists():  # too small to compress
            return path.stat().st_size
        return compressed.stat().st_size if in_a_hurry else len(brotli.compress(path.read_bytes()))

    heavy = {}
    for place in pages_of(site):
        page = site / place / "index.html"
        urls = critical_urls(page.as_uri(), page.read_text(encoding="utf-8"))
        files = [Path(url2pathname(urlsplit(url).path)) for url in urls]
        if sum(sent(file, True) for file in files) > 60_000:
            heavy[place] = sum(sent(file, False) for file in files)
    assert {place: weight for place, weight in heavy.items() if weight > 60_000} == {}


FONTS = """async () => {
  await document.fonts.ready;
  const files = performance.getEntriesByType("resource").filter((each) => /woff2$/.test(each.name));
  return files.map(({ name, encodedBodySize }) => [name.split("/").at(-1), encodedBodySize]);
}"""
REST = "(files) => files.some(([name]) => name.startsWith('inter-latin-wght-normal-rest'))"


def test_a_section_needs_the_first_slices_of_its_fonts_only(open_page: Open) -> None:
    page = open_page(python=False, fresh=True)
    page.wait_for_function(
        "() => performance.getEntriesByType('resource')"
        ".some(({ name }) => name.includes('KaTeX_Math-Italic'))"
    )
    fonts = dict(page.evaluate(FONTS))
    assert [name for name in fonts if "-rest-" in name] == []
    assert 0 < sum(fonts.values()) < 100_000
    page.locator(".bar [data-action=search]").click()
    page.locator("dialog.search input").fill("ß")
    page.wait_for_function(f"async () => ({REST})(await ({FONTS})())")


PRELOADED = (
    "[...document.querySelectorAll('link[as=font]')].map(({ href }) => href.split('/').at(-1))"
)


@pytest.mark.parametrize("place", ["autoencoders/denoising/", "tour/", "begin/"])
def test_a_page_preloads_all_of_its_fonts(open_page: Open, place: str) -> None:
    """A font discovered during layout loads late, and the text is laid out twice."""
    page = open_page(place, python=False, fresh=True)
    page.wait_for_function(
        "() => performance.getEntriesByType('resource')"
        ".some(({ name }) => name.includes('KaTeX_Math-Italic'))"
    )
    assert set(dict(page.evaluate(FONTS))) <= set(page.evaluate(PRELOADED))


def test_without_scripts_everything_can_be_read(open_page: Open) -> None:
    page = open_page(SECTION, java_script_enabled=False)
    assert page.locator("main .katex").count() > 30
    for instrument in page.locator("section.instrument").all():
        instrument.scroll_into_view_if_needed()
        for panel in instrument.locator("[data-panel]").all():
            box = panel.bounding_box()
            assert box is not None
            assert box["height"] > 80
        expect(instrument.locator("[data-readout]").first).not_to_be_empty()
        expect(instrument.locator(".unscripted")).to_be_visible()
        expect(instrument.locator('[data-action="reset"]').first).to_be_hidden()
    for cell in page.locator("section.snippet").all():
        expect(cell.locator("pre code")).to_be_visible()
    quiz = page.locator("section.quiz").first
    expect(quiz.locator('[data-action="check"]')).to_be_hidden()
    quiz.locator("details.answer summary").click()
    expect(quiz.locator("details.answer .body")).to_be_visible()


def test_the_book_works_below_a_path(open_page: Open, static_host: str, site: Path) -> None:
    """A static host may serve it below any path, so no link may be absolute."""
    for page_file in set(site.rglob("*.html")) - {site / "404.html"}:  # shown at any depth
        text = page_file.read_text()
        assert 'href="/' not in text, page_file
        assert 'src="/' not in text, page_file
    page = open_page(host=static_host)
    expect(page.locator(READY)).to_be_attached()
