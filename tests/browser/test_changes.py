"""Changes since a reader's last visit, and citations of a section, on a static host."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import in_both_themes
from tests.browser.book_pages import Open
from tests.browser.conftest import plain_host
from tests.browser.editions import ONE, TWO, Editions

LINE = "[data-changes]"


@pytest.fixture(scope="module")
def plain(editions: Editions) -> Iterator[str]:
    """A host that serves files only. It ends after all pages that request files from it."""
    with plain_host(editions.settings.site) as url:
        yield url


@pytest.fixture
def host(plain: str, editions: Editions) -> str:
    """The host with the first edition."""
    editions.publish("A")
    return plain


def read_it(open_page: Open, host: str) -> Page:
    """Open the front page for a reader who has read both sections."""
    page = open_page(ONE, host=host, fresh=True, python=False)
    stored = "key => localStorage.getItem(`latentbook:two:read:${key}`) !== null"
    for place in (ONE, TWO):
        page.goto(host + place)
        page.wait_for_function(stored, arg=place.rstrip("/"))
    page.goto(host)
    return page


def test_a_returning_reader_is_told_what_changed(
    open_page: Open, editions: Editions, host: str
) -> None:
    page = read_it(open_page, host)
    with page.expect_response("**/assets/sections-*.json"):
        page.reload()
    expect(page.locator(LINE)).to_be_hidden()

    editions.correct("one")
    for place in ("", "contents/"):
        page.goto(host + place)
        line = page.locator(LINE)
        expect(line).to_contain_text("Changed since you were here (edition A)")
        expect(line).to_contain_text(": 1.1 Page one. The corrections say why.")
        expect(line.get_by_role("link", name="corrections")).to_have_attribute(
            "href", f"../{TWO}" if place else f"./{TWO}"
        )
        assert in_both_themes(page) == []
    page.emulate_media(media="print")
    expect(page.locator(LINE)).to_be_hidden()
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 320, "height": 640})
    expect(page.locator(LINE)).to_be_visible()
    page.wait_for_function("() => document.documentElement.scrollWidth === 320")

    page.locator(LINE).get_by_role("link", name="1.1 Page one").click()
    expect(page.locator("h1")).to_contain_text("Page one")
    page.wait_for_function(
        "() => Object.values(localStorage).some((value) =>"
        " value.includes(document.querySelector('article').dataset.digest))"
    )
    page.goto(host)
    page.wait_for_load_state("networkidle")
    expect(page.locator(LINE)).to_be_hidden()


def test_the_line_can_be_dismissed(open_page: Open, editions: Editions, host: str) -> None:
    page = read_it(open_page, host)
    editions.correct("two")
    page.reload()
    dismiss = page.get_by_role("button", name="Dismiss")
    dismiss.focus()
    page.keyboard.press("Enter")
    expect(page.locator(LINE)).to_be_hidden()
    assert page.evaluate("document.activeElement.id") == "main"
    with page.expect_response("**/assets/sections-*.json"):
        page.reload()
    expect(page.locator(LINE)).to_be_hidden()


def test_who_has_read_nothing_fetches_nothing(open_page: Open, host: str) -> None:
    page = open_page("", host=host, fresh=True)
    page.wait_for_load_state("networkidle")
    names = page.evaluate("performance.getEntriesByType('resource').map((each) => each.name)")
    assert not any("/sections-" in name for name in names)
    expect(page.locator(LINE)).to_be_hidden()


def test_without_scripts_there_is_no_line_but_a_citation(open_page: Open, host: str) -> None:
    page = open_page("", host=host, java_script_enabled=False)
    expect(page.locator(LINE)).to_be_hidden()
    page.goto(host + ONE)
    page.get_by_text("Cite this section").click()
    cite = page.locator(".citation")
    expect(cite.locator("pre").first).to_contain_text("1.1 Page one. Two chapters. Edition A")
    expect(cite.get_by_role("button")).to_have_count(0)


def test_a_citation_is_copied_with_the_address_of_its_page(open_page: Open, host: str) -> None:
    page = open_page(ONE + "?x=1#one-late", host=host, fresh=True, python=False)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_text("Cite this section").click()
    text, entry = page.locator(".citation").get_by_role("button", name="Copy").all()
    text.click()
    expect(page.locator("[data-page-status]")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").endswith(f". {host}{ONE}")
    entry.click()
    page.wait_for_function("() => navigator.clipboard.readText().then((text) => text[0] === '@')")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("@incollection{one:one-text,\n  title = {{Page one}},\n")
    assert copied.endswith(f",\n  url = {{{host}{ONE}}}\n}}")
    assert in_both_themes(page) == []
