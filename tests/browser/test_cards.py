"""Cards that explain a symbol, a term or a reference: by pointer, keyboard and touch."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from latentbook.settings import Settings
from tests.browser.book_pages import Open, go_to, where

pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_page: Open) -> Page:
    page = open_page(python=False)
    go_to(page, where("bottleneck"))
    expect(page.locator(".katex-display[tabindex]").first).to_be_attached()
    return page


def test_every_marked_symbol_has_a_meaning(page: Page) -> None:
    ids = page.evaluate(
        "[...document.querySelectorAll('[data-symbol]')].map(e => e.dataset.symbol)"
    )
    meanings = page.evaluate(
        "[...document.querySelectorAll('#symbols > [data-meaning]')].map(e => e.dataset.meaning)"
    )
    assert set(ids) == set(meanings) and len(meanings) == len(set(meanings))


TWO_FRAMES = "() => new Promise((on) => requestAnimationFrame(() => requestAnimationFrame(on)))"


def test_a_pointer_shows_what_a_symbol_means_and_its_value_in_the_instrument(page: Page) -> None:
    card = page.locator(".card")
    symbol = page.locator('.section > * [data-symbol="k"]').first
    slider = page.locator('#bottleneck [data-control="k"] input[type="range"]')
    slider.focus()
    expect(page.locator("#bottleneck")).to_have_attribute("data-answers", "")
    page.evaluate(TWO_FRAMES)  # the scroll on the way there puts lights out
    slider.press("ArrowRight")
    value = slider.get_attribute("aria-valuetext")
    expect(page.locator('#bottleneck [data-control="k"]')).to_have_attribute("data-lit", "")
    expect(symbol).to_have_attribute("data-lit", "")
    symbol.scroll_into_view_if_needed()
    symbol.hover()
    expect(card).to_contain_text("How many numbers a code has.")
    expect(card).to_contain_text(f"Now {value}, in instrument")
    expect(symbol).to_have_attribute("data-lit", "here")
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(page.locator("[data-lit]")).to_have_count(0)


COVERED = """() => [...document.querySelectorAll("[data-symbol]")].filter((symbol) => {
  if (!symbol.checkVisibility({ contentVisibilityAuto: true })) return false;
  symbol.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
  const { left, top, width, height } = symbol.getBoundingClientRect();
  const hit = document.elementFromPoint(left + width / 2, top + height / 2);
  return width > 0 && hit?.closest("[data-symbol]") !== symbol;
}).map((symbol) => symbol.closest("p, .equation, li, td")?.textContent ?? symbol.outerHTML)"""


def test_no_symbol_lies_under_another_ones_box(open_page: Open) -> None:
    page = open_page(python=False)
    go_to(page, where("infonce"))
    assert page.locator("[data-symbol]").count() > 20
    assert page.evaluate(COVERED) == []


def test_a_name_in_the_code_lights_up_with_its_symbol(page: Page) -> None:
    symbol = page.locator('.section > * [data-symbol="k"]').first
    symbol.scroll_into_view_if_needed()
    symbol.hover()
    expect(page.locator(".card")).to_be_visible()
    lit = "() => [...CSS.highlights.get('symbol')].map(range => range.toString())"
    assert set(page.evaluate(lit)) == {"k"}


def test_arrow_keys_walk_through_an_equation(page: Page) -> None:
    equation = page.locator("#loss .katex-display")
    equation.scroll_into_view_if_needed()
    equation.focus()
    page.evaluate(TWO_FRAMES)
    symbols = equation.locator("[data-symbol]")
    for place in (0, 1, 2):
        page.keyboard.press("ArrowRight")
        expect(symbols.nth(place)).to_have_attribute("data-lit", "here")
        expect(page.locator("[data-page-status]")).not_to_be_empty()
    page.keyboard.press("ArrowLeft")
    expect(symbols.nth(1)).to_have_attribute("data-lit", "here")


def test_a_reference_shows_its_equation_here_or_on_another_page(page: Page) -> None:
    here = page.locator('a.ref[href="#loss"]').first
    here.focus()
    here.hover()
    expect(page.locator(".card .katex-display")).to_be_visible()
    expect(page.locator(".card .go a")).to_have_attribute("href", here.evaluate("a => a.href"))
    go_to(page, where("q-vae-loss"))
    there = page.locator('a.ref[href*="/#"]:text("Eq.")').first
    there.scroll_into_view_if_needed()
    there.hover()
    expect(page.locator(".card .katex-display")).to_be_visible()


def test_touch_opens_the_card_first(open_page: Open) -> None:
    page = open_page(python=False, has_touch=True, viewport={"width": 360, "height": 740})
    go_to(page, where("bottleneck"))
    expect(page.locator(".katex-display[tabindex]").first).to_be_attached()
    address = page.url
    link = page.locator('a.ref[href="#loss"]').first
    link.scroll_into_view_if_needed()
    link.tap()
    expect(page.locator(".card .katex-display")).to_be_visible()
    assert page.url == address
    box = page.locator(".card").bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 360
    page.locator(".card .go a").tap()
    expect(page).to_have_url(address.partition("#")[0] + "#loss")


def test_a_number_shows_its_value_and_the_line_that_made_it(open_page: Open) -> None:
    page = open_page(python=False)
    go_to(page, where("linear-probe"))
    number = page.locator('data.quoted[tabindex="-1"]:visible').first  # an arrow key leads to it
    line = number.evaluate("data => data.dataset.code")
    assert line in (Settings().content / "judging" / "numbers.py").read_text("utf-8")
    number.scroll_into_view_if_needed()
    number.hover()
    card = page.locator(".card")
    expect(card).to_contain_text(line)
    expect(card).to_contain_text("content/judging/numbers.py:")
    expect(card).to_contain_text(number.evaluate("data => data.value"))
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()


def test_arrow_keys_walk_from_number_to_number(open_page: Open) -> None:
    page = open_page(python=False)
    go_to(page, where("linear-probe"))
    first = page.locator('data.quoted[tabindex="0"]').first
    expect(first).to_be_attached()
    first.scroll_into_view_if_needed()
    page.evaluate(TWO_FRAMES)
    page.keyboard.press("Tab")
    first.focus()
    expect(page.locator(".card")).to_contain_text(first.evaluate("data => data.value"))
    page.keyboard.press("ArrowRight")
    second = page.locator("data.quoted:visible").nth(1)
    expect(second).to_be_focused()
    expect(page.locator(".card")).to_contain_text(second.evaluate("data => data.value"))
    expect(page.locator("[data-page-status]")).to_contain_text("numbers.py")
