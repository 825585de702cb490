"""The page as a whole: readable without scripts, accessible, and from one host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.book_pages import READY, SECTION, Open, every_section, go_to

pytestmark = pytest.mark.browser

AXE = Path("node_modules/axe-core/axe.min.js")
BACK = ("contents/", "facts/", "references/", "404.html")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]


def violations(page: Page, only: dict[str, Any]) -> list[str]:
    """What axe-core finds, one line each.

    The drawn form of equations is left out: three elements of four are in it, it is hidden from
    screen readers, and has the colour of the text around it.
    """
    found: dict[str, Any] = page.evaluate(
        "only => axe.run({ exclude: ['.katex-html'] }, { runOnly: only })", only
    )
    return [
        f"{page.url} {rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing_in_either_theme(open_page: Open, width: int) -> None:
    page = open_page("404.html", viewport={"width": width, "height": 800})
    host = page.url.removesuffix("404.html")
    found: list[str] = []
    for place in ("", "autoencoders/", *every_section(), *BACK):
        page.goto(host + place)
        for details in page.locator("details").all():
            details.evaluate("each => each.open = true")
        if place == SECTION:
            use(page)
        page.evaluate(AXE.read_text())  # evaluated by the debugger, which no policy stops
        found += violations(page, {"type": "tag", "values": TAGS})
        page.emulate_media(color_scheme="dark")  # changes colours and nothing else
        found += violations(page, {"type": "rule", "values": ["color-contrast"]})
        page.emulate_media(color_scheme="light")
    assert "\n\n".join(found) == ""


def use(page: Page) -> None:
    """Bring a block of each kind into a state that it does not open with."""
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


def test_no_page_scrolls_sideways_on_a_phone(open_page: Open) -> None:
    page = open_page(viewport={"width": 360, "height": 740}, python=False)
    host = page.url.removesuffix(SECTION)
    for place in ("", "autoencoders/", "autoencoders/print/", *every_section(), *BACK):
        page.goto(host + place)
        assert page.evaluate("document.documentElement.scrollWidth") == 360, place


def test_touch_targets_are_large_enough(open_page: Open) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    page = open_page(SECTION, python=False, **phone)
    small: list[str] = []
    for place in every_section():
        go_to(page, place)
        small += page.evaluate(
            """() => [
                ...document.querySelectorAll("button, .options label, .picks label"),
                ...document.querySelectorAll("input[type=range]"),
              ]
              .filter((each) => each.checkVisibility({ visibilityProperty: true }))
              .map((each) => [each.outerHTML.slice(0, 80), each.getBoundingClientRect()])
              .filter(([, { width, height }]) => height < 44 || width < 24)
              .map(([html, { width, height }]) => `${html} ${width} x ${height}`)"""
        )
    assert small == []


def test_links_outside_of_sentences_are_large_enough(open_page: Open) -> None:
    """WCAG 2.5.8: 24 x 24 px, but for links in a sentence."""
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    page = open_page(SECTION, python=False, **phone)
    host = page.url.removesuffix(SECTION)
    small: list[str] = []
    for place in ("", "autoencoders/", "autoencoders/print/", *every_section(), *BACK):
        page.goto(host + place)
        small += page.evaluate(
            """() => [...document.querySelectorAll("a[href], summary, input, [tabindex='0']")]
              .filter((each) => each.checkVisibility({ visibilityProperty: true }))
              .filter((each) => !each.matches(".cite, .ref"))
              .filter((each) => !each.closest(".skip, .visually-hidden"))
              .map((each) => each.closest("label") ?? each)
              .map((each) => [each.outerHTML, each.getBoundingClientRect()])
              .filter(([, { width, height }]) => width > 0 && Math.min(width, height) < 23.9)
              .map(([html, { width, height }]) => `${html.slice(0, 90)} ${width} x ${height}`)"""
        )
    assert small == []


def test_the_book_works_below_a_path(open_page: Open, static_host: str, site: Path) -> None:
    """A static host may keep it anywhere: no link may be absolute."""
    for page_file in set(site.rglob("*.html")) - {site / "404.html"}:  # shown at any depth
        text = page_file.read_text()
        assert 'href="/' not in text, page_file
        assert 'src="/' not in text, page_file
    page = open_page(host=static_host)
    expect(page.locator(READY)).to_be_attached()
