"""Snippets: they print the recorded output, edits are stored, and the editor works."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.book_pages import (
    READY,
    SECTION,
    Open,
    go_to,
    labels,
    lenient,
    pages_with,
    where,
    write,
)

pytestmark = pytest.mark.browser

CHAPTER = "workshop"
"""Other chapters run in the page's Python without a page (tests/content/test_book.py)."""


def texts(cell: Locator) -> list[str]:
    """List the texts below a snippet's code, without figures."""
    found: list[str] = cell.locator("[data-output] pre").all_text_contents()
    return [text.strip() for text in found]


def test_every_snippet_prints_what_is_recorded(open_page: Open) -> None:
    """Goes from page to page, because snippets of a chapter share one scope."""
    page = open_page()
    ran = 0
    for place in pages_with("snippet"):
        if not place.startswith(f"{CHAPTER}/"):
            continue
        go_to(page, place)
        page.locator("details.fold").evaluate_all("all => all.forEach(each => each.open = true)")
        for label in labels(page, "section[data-cell]"):
            cell = page.locator(f"#{label}")
            recorded = texts(cell)
            assert recorded, f"{label} has no recorded output"
            with lenient(page):
                cell.locator('[data-action="run"]').click()
                expect(cell, label).to_have_attribute("data-state", "done")
            assert texts(cell) == recorded, label
            ran += 1
    assert ran > 2


def test_a_figure_as_last_value_is_shown(desk: Page) -> None:
    cell = desk.locator("section[data-cell]").first
    write(desk, cell, "{'data': [{'type': 'scatter', 'x': [1, 2], 'y': [3, 4]}], 'layout': {}}")
    cell.locator('[data-action="run"]').click()
    expect(cell.locator("[data-output] .figure .main-svg").first).to_be_visible()
    cell.locator('.mark [data-action="reset"]').click()


def test_a_value_shows_what_it_shows_in_a_notebook(desk: Page) -> None:
    cell = desk.locator("section[data-cell]").first
    write(
        desk,
        cell,
        "import numpy as np\nfrom widgets.kit.sound import Sound\n"
        "Sound(np.sin(np.arange(800) / 3), 8000, 'A short tone.')",
    )
    cell.locator('[data-action="run"]').click()
    sound = cell.locator("[data-output] audio")
    expect(sound).to_be_visible()
    expect(sound).to_have_js_property("duration", 0.1)  # decoding succeeded
    expect(cell.locator("[data-output] figcaption")).to_have_text("A short tone.")
    expect(cell.locator("[data-output] img")).to_have_js_property("naturalWidth", 600)
    cell.locator('.mark [data-action="reset"]').click()


def test_the_editor_takes_the_listings_place_without_moving_anything(open_page: Open) -> None:
    page = open_page(where("snippet-gradients"), python=False)
    cell = page.locator("#snippet-gradients")
    cell.scroll_into_view_if_needed()
    page.wait_for_function("() => document.fonts.status === 'loaded'")
    before = cell.bounding_box()
    cell.locator(".source").hover()
    expect(cell.locator(".cm-line").first).to_be_visible()
    page.wait_for_timeout(300)  # the editor measures its lines after it is shown
    assert before is not None
    page.wait_for_function(
        "([cell, height]) => Math.abs(cell.getBoundingClientRect().height - height) <= 1",
        arg=[cell.element_handle(), before["height"]],
    )
    after = cell.bounding_box()
    assert after is not None
    assert after["height"] == pytest.approx(before["height"], abs=1)
    assert after["width"] == before["width"]


def test_a_click_into_the_listing_puts_the_cursor_there(open_page: Open) -> None:
    page = open_page(has_touch=True, python=False)
    cell = page.locator("section[data-cell]").first
    expect(cell.locator(".source")).to_have_attribute("tabindex", "0")  # scripts have it
    word = cell.locator("pre code span", has_text=re.compile("^import$")).first
    word.tap(position={"x": 1, "y": 8})
    editor = cell.locator(".cm-content")
    expect(editor).to_be_focused()
    first_line = cell.locator(".cm-line").first.text_content()
    page.keyboard.insert_text("# here ")
    expect(cell.locator(".cm-line").first).to_have_text(f"# here {first_line}")


def test_keys_of_the_editor(desk: Page) -> None:
    go_to(desk, where("snippet-gradients"))
    cells = desk.locator("section[data-cell]")
    cell = cells.first
    write(desk, cell, "")
    desk.keyboard.type("for i in range(2):\nprint(i")
    expect(cell.locator(".cm-content")).to_have_text("for i in range(2):    print(i)")
    desk.keyboard.press("Control+Enter")
    expect(cell.locator("pre.stdout")).to_have_text("0\n1\n")
    expect(cell.locator(".cm-content")).to_be_focused()
    desk.keyboard.press("Control+/")
    expect(cell.locator(".cm-line").last).to_have_text("    # print(i)")
    desk.keyboard.press("Control+/")
    desk.keyboard.press("Tab")
    expect(cell.locator(".cm-content")).to_be_focused()
    desk.keyboard.press("Escape")
    desk.keyboard.press("Tab")
    expect(cell.locator(".cm-content")).not_to_be_focused()
    cell.locator(".cm-content").click()
    desk.keyboard.press("Shift+Enter")
    expect(cells.nth(1).locator(".cm-content")).to_be_focused()
    cell.locator('.mark [data-action="reset"]').click()


def test_the_editor_is_reached_and_left_by_keyboard_alone(open_page: Open) -> None:
    page = open_page(python=False)
    cell = page.locator("section[data-cell]").first
    expect(cell.locator(".source")).to_have_attribute("tabindex", "0")  # scripts have it
    cell.locator('[data-action="run"]').focus()
    page.keyboard.press("Tab")
    editor = cell.locator(".cm-content")
    expect(editor).to_be_focused()
    assert "Escape" in (editor.get_attribute("aria-description") or "")
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+Tab")
    expect(editor).not_to_be_focused()


def test_edits_survive_a_reload_and_reset_takes_them_back(open_page: Open) -> None:
    page = open_page()
    cell = page.locator("section[data-cell]").first
    own = cell.locator("pre code").text_content()
    expect(cell.locator('.mark [data-action="reset"]')).to_be_hidden()
    write(page, cell, "print('mine')")
    expect(cell).to_have_attribute("data-edited", "")
    page.reload()
    expect(cell).to_have_attribute("data-edited", "")
    expect(cell.locator("pre code")).to_have_text("print('mine')")
    cell.locator('[data-action="run"]').click()
    expect(cell.locator("pre.stdout")).to_have_text("mine\n")
    cell.locator('.mark [data-action="reset"]').click()
    expect(cell).not_to_have_attribute("data-edited", "")
    page.reload()
    assert cell.locator("pre code").text_content() == own


def test_what_an_edit_put_out_last_stands_under_it_after_a_reload(open_page: Open) -> None:
    page = open_page()
    cell = page.locator("section[data-cell]").first
    status = cell.locator("[data-status]")
    recorded = texts(cell)
    write(page, cell, "print('\\x1b[31mmine\\x1b[0m')\n{'data': [], 'layout': {}}")
    expect(status).to_have_text("Recorded output of the book’s code, not of yours")
    page.reload()
    expect(status).to_have_text("Recorded output of the book’s code, not of yours")
    cell.locator('[data-action="run"]').click()
    expect(cell.locator("pre.stdout")).to_have_text("mine\n")
    expect(cell).to_have_attribute("data-state", "done")
    page.reload()
    expect(status).to_have_text("Output of your last run")
    expect(cell.locator("pre.stdout")).to_have_text("mine\n")
    expect(cell.locator("[data-output] .figure")).to_be_attached()
    cell.locator('.mark [data-action="reset"]').click()
    expect(status).to_have_text("Recorded output")
    assert texts(cell) == recorded
    page.reload()
    assert texts(cell) == recorded


def test_an_edit_in_another_tab_is_said_and_offered(open_page: Open) -> None:
    page = open_page(python=False)
    expect(page.locator("section[data-cell]").first).to_have_attribute("data-answers", "")
    other = page.context.new_page()
    other.goto(page.url)
    cell, theirs = (each.locator("section[data-cell]").first for each in (page, other))
    expect(theirs).to_have_attribute("data-answers", "")
    write(page, cell, "a = 1")
    expect(theirs.locator(".other-tab")).to_contain_text("Another tab has a different version")
    theirs.get_by_role("button", name="Use its version").click()
    expect(theirs.locator("pre code, .cm-content")).to_have_text("a = 1")
    expect(theirs.locator(".other-tab")).to_have_count(0)
    write(other, theirs, "b = 2")
    cell.get_by_role("button", name="Keep this version").click()
    expect(cell.locator(".cm-content")).to_have_text("a = 1")
    expect(theirs.locator(".other-tab")).to_be_visible()
    page.reload()
    expect(cell.locator("pre code")).to_have_text("a = 1")


def test_a_newer_edition_under_an_edit_is_said(open_page: Open) -> None:
    page = open_page(python=False)
    cell = page.locator("section[data-cell]").first
    label = cell.get_attribute("id")
    write(page, cell, "print('mine')")
    page.evaluate(
        """key => {
          const kept = JSON.parse(localStorage.getItem(key));
          localStorage.setItem(key, JSON.stringify({...kept, base: "00000000"}));
        }""",
        f"latentbook:latentbook:code:{label}",
    )
    page.reload()
    expect(cell.locator(".stale")).to_be_visible()
    cell.locator(".stale button").click()
    expect(cell.locator(".stale")).to_be_hidden()


def test_copy_takes_the_code_that_is_shown(open_page: Open) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"], python=False)
    cell = page.locator("section[data-cell]").first
    shown = cell.locator("pre code").text_content() or ""
    cell.locator('[data-action="copy"]').click()
    expect(cell.locator('[data-action="copy"]')).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").strip() == shown.strip()


def test_snippets_of_a_chapter_share_their_variables(open_page: Open) -> None:
    page = open_page()
    places = [place for place in pages_with("snippet") if place.startswith("representations/")]
    for place, code in zip(places, ("shared = 11", "print(shared * 2)"), strict=False):
        go_to(page, place)
        cell = page.locator("section[data-cell]").first
        write(page, cell, code)
        cell.locator('[data-action="run"]').click()
        expect(cell).to_have_attribute("data-state", "done")
    expect(page.locator("section[data-cell]").first.locator("pre.stdout")).to_have_text("22\n")


def entries_that_run(page: Page) -> list[dict[str, Any]]:
    """List the chapter's snippets that have code, in order, as the page fetches them."""
    root = urljoin(page.url, page.locator("html").get_attribute("data-root"))
    entries: list[dict[str, Any]] = page.request.get(f"{root}autoencoders/snippets.json").json()
    return [entry for entry in entries if entry["code"]]


def test_a_snippet_that_lacks_a_name_offers_to_run_what_makes_it(open_page: Open) -> None:
    """The snippets before it are on other pages, one of them edited by the reader."""
    page = open_page()
    first, second, third = entries_that_run(page)[:3]
    made = next(name for name in second["makes"] if name not in first["makes"])
    write(page, page.locator(f"#{first['label']}"), "other = 'mine'")
    go_to(page, third["url"].split("#")[0])
    cell = page.locator(f"#{third['label']}")
    write(page, cell, f"print('{made} is there:', {made} is not None, other)")
    cell.locator('[data-action="run"]').click()
    expect(cell).to_have_attribute("data-state", "error")
    offer = cell.locator(".offer")
    expect(offer.locator("p")).to_have_text(
        f"{made} is made in snippet {second['number']}, “{second['title']}”. It has not run."
    )
    expect(offer.locator("a")).to_have_attribute("href", re.compile(f"#{second['label']}$"))
    offer.get_by_role("button", name="Run the 2 snippets before this one").click()
    expect(cell.locator("pre.stdout")).to_have_text(f"{made} is there: True mine\n")
    expect(cell).to_have_attribute("data-state", "done")


@pytest.mark.clock
def test_running_what_comes_before_tells_how_far_it_is_and_can_be_stopped(open_page: Open) -> None:
    page = open_page()
    first, second, third = entries_that_run(page)[:3]
    write(page, page.locator(f"#{first['label']}"), "while True: pass")
    go_to(page, third["url"].split("#")[0])
    cell = page.locator(f"#{third['label']}")
    write(page, cell, f"print({second['makes'][-1]})")
    cell.locator('[data-action="run"]').click()
    expect(cell.locator(".offer")).to_be_visible()
    cell.locator(".offer button").click()
    expect(cell.locator("[data-status]")).to_have_text(f"Running {first['number']}, 1 of 2")
    cell.locator('[data-action="stop"]').click()
    expect(cell).to_have_attribute("data-state", "stopped")


def test_a_snippet_before_that_fails_is_named(open_page: Open) -> None:
    page = open_page()
    first, second = entries_that_run(page)[:2]
    write(page, page.locator(f"#{first['label']}"), "1 / 0")
    go_to(page, second["url"].split("#")[0])
    cell = page.locator(f"#{second['label']}")
    write(page, cell, f"print({first['makes'][0]})")
    cell.locator('[data-action="run"]').click()
    expect(cell.locator(".offer button")).to_have_text(f"Run snippet {first['number']} first")
    cell.locator(".offer button").click()
    expect(cell.locator("[data-status]")).to_have_text(
        f"Not run: snippet {first['number']} stopped with ZeroDivisionError"
    )


def test_python_starts_without_being_asked_for(open_page: Open) -> None:
    expect(open_page(SECTION).locator(READY)).to_be_attached()
