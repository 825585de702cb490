"""Early clicks and input survive until the scripts load; Python loads only where it is used."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.book_pages import Open, wait_until
from tests.browser.editions import ONE, Editions

pytestmark = pytest.mark.browser

BLOCKS = ("instrument", "snippet", "quiz")


def test_moves_and_taps_before_the_scripts_are_answered(
    open_page: Open, editions: Editions
) -> None:
    page = open_page("404.html", host=editions.url)
    held: list[Route] = []
    page.route("**/assets/main-*.js", lambda route: held.append(route))
    page.goto(editions.url + ONE, wait_until="commit")
    page.evaluate("globalThis.visit = 'this one'")
    instrument, cell, quiz = (page.locator(f"section.{kind}").first for kind in BLOCKS)
    slider = instrument.locator("input[type=range]").first
    slider.press("End")
    set_to = slider.input_value()
    cell.locator('[data-action="run"]').click()
    page.locator('.bar [data-action="help"]').click()
    quiz.locator("input").fill("3")
    quiz.locator("input").press("Enter")
    before = instrument.locator("[data-readout]").all_inner_texts()
    wait_until(page, lambda: held)
    held.pop().continue_()
    page.unroute("**/assets/main-*.js")
    expect(page.locator("dialog.help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(quiz.locator("[data-feedback]")).to_contain_text("Not yet.")
    expect(cell.locator("[data-output]")).to_contain_text(re.compile("edition [AB] 6"))
    expect(cell).to_have_attribute("data-state", "done")
    instrument.scroll_into_view_if_needed()
    expect(instrument).to_have_attribute("data-state", "live")
    assert slider.input_value() == set_to
    assert instrument.locator("[data-readout]").all_inner_texts() != before
    assert page.evaluate("globalThis.visit") == "this one"


def asked(page: Page, place: str) -> list[str]:
    """List the Python files that a page requests without any action of the reader."""
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    page.goto(place)
    page.wait_for_load_state("networkidle")
    return [url for url in urls if "/runtime/" in url or "/worker-" in url]


def test_python_is_asked_for_only_where_it_is_used(open_page: Open, editions: Editions) -> None:
    for place in ("", "contents/", "references/"):
        page = open_page("404.html", host=editions.url, fresh=True)
        assert asked(page, editions.url + place) == []
    page = open_page("404.html", host=editions.url, fresh=True)
    page.route("**/assets/main-*.js", lambda route: None)  # the head's requests come first
    with (
        page.expect_request("**/assets/worker-*.js"),
        page.expect_request("**/pyodide.asm-*.wasm"),
    ):
        page.goto(editions.url + ONE, wait_until="commit")


def test_on_a_phone_python_waits_until_the_reader_reads_on(
    open_page: Open, editions: Editions
) -> None:
    phone = {"has_touch": True, "is_mobile": True, "viewport": {"width": 360, "height": 120}}
    page = open_page("404.html", host=editions.url, **phone)
    assert asked(page, editions.url + ONE) == []
    expect(page.locator("section[data-cell]").first).to_have_attribute("data-answers", "")
    top = "section => section.getBoundingClientRect().top"
    assert 120 < page.locator("section.instrument").first.evaluate(top) < 600, "near, not in sight"
    with page.expect_request("**/assets/worker-*.js"):
        page.evaluate("scrollBy(0, 1)")


@pytest.mark.parametrize("reason", ["saveData", "deviceMemory"])
def test_who_has_little_is_asked_first(open_page: Open, editions: Editions, reason: str) -> None:
    page = open_page("404.html", host=editions.url)
    page.add_init_script(
        "Object.defineProperty(navigator, 'connection', {value: {saveData: true}})"
        if reason == "saveData"
        else "Object.defineProperty(navigator, 'deviceMemory', {value: 1})"
    )
    page.set_viewport_size({"width": 1280, "height": 120})
    assert asked(page, editions.url + ONE + "#one-late") == []
    page.locator("section.instrument").first.scroll_into_view_if_needed()
    expect(page.locator("section.instrument").first).to_have_attribute("data-state", "live")
