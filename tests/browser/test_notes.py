"""Notes and marks: made by mouse and keyboard, restored in a later edition, listed, exported."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import in_both_themes
from tests.browser.book_pages import SECTION, Open

pytestmark = pytest.mark.browser

SELECT = """words => {
  const paragraphs = [...document.querySelectorAll("article .section p")];
  const found = paragraphs.find((each) => each.textContent.includes(words));
  const text = [...found.childNodes].find((node) => node.data?.includes(words));
  const at = text.data.indexOf(words);
  getSelection().setBaseAndExtent(text, at, text, at + words.length);
}"""

PAINTED = """kind => [...(CSS.highlights.get(`reader-${kind}`) ?? [])].map(String)"""
MARKUP = "() => document.querySelector('article .section > p').outerHTML"
LOADED = """() => performance.getEntriesByType("resource")
  .filter(({ name }) => name.includes("/marks-")).length"""
WORDS = "An autoencoder is told to copy and is not given the room."


def tools(page: Page, words: str) -> Locator:
    """Select words, and reach the toolbar by keyboard."""
    page.evaluate(SELECT, words)
    bar = page.get_by_role("group", name="Selected text")
    expect(bar).to_be_visible()
    expect(page.locator("[data-page-status]")).to_contain_text("Tab leads to")
    page.keyboard.press("Tab")
    expect(bar.get_by_role("button", name="Highlight")).to_be_focused()
    return bar


def test_a_mark_and_a_note_by_keyboard(open_page: Open, tmp_path: Path) -> None:
    page = open_page(python=False)
    expect(page.locator("[data-answers]").first).to_be_attached()
    before = page.evaluate(MARKUP)
    assert page.evaluate(LOADED) == 0  # scripts load only when needed
    tools(page, "told to copy")
    page.keyboard.press("Enter")
    mark = page.get_by_role("button", name="Highlight: told to copy")
    expect(mark).to_be_visible()
    assert page.evaluate(PAINTED, "mark") == ["told to copy"]

    tools(page, "measures what a narrow code costs")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Your note")
    expect(dialog.get_by_role("textbox")).to_be_focused()
    page.keyboard.insert_text("Ask about <b>this</b>")
    assert in_both_themes(page) == []
    page.keyboard.press("Escape")
    note = page.get_by_role("button", name="Note: Ask about <b>this</b>")
    expect(note).to_be_focused()
    assert page.evaluate(PAINTED, "note") == ["measures what a narrow code costs"]
    assert page.evaluate(MARKUP) == before  # the markup is unchanged

    page.reload()
    note.press("Enter")
    dialog.get_by_role("button", name="Delete").press("Enter")
    expect(note).to_have_count(0)
    page.get_by_role("button", name="Undo").press("Enter")
    expect(note).to_be_visible()
    expect(mark).to_be_visible()

    page.get_by_role("button", name="Notes", exact=True).press("Enter")
    listed = page.get_by_role("dialog", name="Notes")
    expect(listed).to_be_visible()
    assert in_both_themes(page) == []
    with page.expect_download() as download:
        listed.get_by_role("button", name="Save as Markdown").press("Enter")
    text = Path(download.value.path()).read_text()
    assert "### 2.1 Learning to compress" in text
    assert f"{SECTION}>\n\nAsk about <b>this</b>\n" in text
    assert text.index("> told to copy") < text.index("> measures what")


def test_a_note_that_another_tab_has_edited(open_page: Open) -> None:
    page = open_page(python=False)
    expect(page.locator("[data-answers]").first).to_be_attached()
    tools(page, "told to copy")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    text = page.get_by_role("textbox", name="Your note")
    text.fill("first")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Note: first").press("Enter")
    expect(text).to_be_focused()
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_role("button", name="Note: first").press("Enter")
    other.get_by_role("textbox", name="Your note").fill("second")
    other.keyboard.press("Escape")
    expect(other.get_by_role("button", name="Note: second")).to_be_focused()
    other.close()
    page.bring_to_front()
    text.press("Escape")
    expect(page.get_by_role("button", name="Note: second")).to_be_focused()


def test_equations_and_what_is_not_text(open_page: Open) -> None:
    page = open_page(python=False)
    expect(page.locator("[data-answers]").first).to_be_attached()
    page.evaluate(
        """() => {
          const [first, second] = document.querySelectorAll("article .noted > p .katex");
          const last = second.parentElement;
          getSelection().setBaseAndExtent(first, 0, last, last.childNodes.length);
        }"""
    )
    bar = page.get_by_role("group", name="Selected text")
    bar.get_by_role("button", name="Highlight").click()
    mark = page.locator(".note-buttons > button")
    name = mark.get_attribute("aria-label") or ""
    assert name.startswith("Highlight: Wx+b, one after another")

    page.evaluate("() => getSelection().selectAllChildren(document.querySelector('.quiz .plate'))")
    bar.get_by_role("button", name="Highlight").click()
    expect(page.locator("[data-page-status]")).to_contain_text("Only text can be marked")
    assert mark.count() == 1


def test_a_later_edition(open_page: Open) -> None:
    page = open_page(python=False)
    expect(page.locator("[data-answers]").first).to_be_attached()
    tools(page, WORDS)
    page.keyboard.press("Enter")
    tools(page, "solves the one case that can be solved on paper")
    page.keyboard.press("Enter")
    expect(page.locator(".note-buttons > button")).to_have_count(2)

    def edited(route: object) -> None:
        answer = route.fetch()  # type: ignore[attr-defined]
        body = answer.text().replace("is not given the room", "is refused the room")
        gone = ", and solves the one case that can be solved on paper"
        route.fulfill(response=answer, body=body.replace(gone, ""))  # type: ignore[attr-defined]

    page.route(f"**/{SECTION}", edited)
    page.reload()
    changed = page.get_by_role("button", name="Highlight: An autoencoder is told")
    expect(changed).to_be_visible()
    assert page.evaluate(PAINTED, "mark") == [WORDS.replace("not given", "refused")]
    changed.press("Enter")
    dialog = page.get_by_role("dialog", name="Your note")
    expect(dialog.locator("blockquote")).to_have_text(
        [WORDS, WORDS.replace("not given", "refused")]
    )
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()  # an open dialog blocks keys to the page
    page.get_by_role("button", name="Notes", exact=True).press("Enter")
    entries = page.get_by_role("dialog", name="Notes").locator("li")
    expect(entries).to_have_count(2)
    expect(entries.first).to_contain_text("The wording has changed.")
    expect(entries.last).to_contain_text("Place not found")


def test_who_goes_on_while_a_note_is_stored_stays_there(open_page: Open) -> None:
    page = open_page(python=False)
    expect(page.locator("[data-answers]").first).to_be_attached()
    tools(page, WORDS)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Highlight: An autoencoder is told").press("Enter")
    expect(page.get_by_role("dialog", name="Your note")).to_be_visible()
    page.evaluate(
        """() => {
          document.querySelector("nav.note-buttons").dataset.before = "";
          document.querySelector("dialog.one-note").close();
          document.querySelector(".notes-open").focus();
        }"""
    )
    expect(page.locator("nav.note-buttons:not([data-before])")).to_be_attached()
    assert page.evaluate("document.activeElement.className") == "quiet notes-open"


def test_a_finger_on_a_phone(open_page: Open) -> None:
    page = open_page(
        python=False, fresh=True, viewport={"width": 360, "height": 740}, has_touch=True
    )
    expect(page.locator("[data-answers]").first).to_be_attached()
    page.evaluate(SELECT, "told to copy")
    page.get_by_role("group", name="Selected text").get_by_role("button", name="Note").tap()
    page.get_by_role("textbox", name="Your note").fill("x" * 200)
    page.get_by_role("button", name="Save", exact=True).tap()
    note = page.get_by_role("button", name="Note: xxx")
    box = note.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 24
    assert box["x"] + box["width"] <= 360
    assert page.evaluate("document.documentElement.scrollWidth") == 360
