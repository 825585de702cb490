"""Cards in the text: fetched late, inserted out of sight, asked again if forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook.book.write.prefill import fill
from latentbook.settings import Settings
from tests.browser.axe import in_both_themes
from tests.browser.book_pages import Open, go_to
from tests.browser.conftest import plain_host
from tests.unit.book.conftest import BOOK, FRONT, HEAD, OPENING, REFERENCES

CARD = """
:::{{recall}} Question {0}?
:label: r-{0}

Answer {0} is {1}.
:::
"""
FILL = "\n\n".join(f"A paragraph, number {i}, that takes room." for i in range(40))
TEXT = (
    f"\n## First {{#first}}\n\n{FILL}\n"
    + CARD.format("one", "$x$")
    + CARD.format("two", "much longer than the others, " * 20)
    + f"\n## Second {{#second}}\n\n{FILL}\n"
    + CARD.format("three", "3")
    + f"\n## Third {{#third}}\n\n{FILL}\n"
    + CARD.format("four", "4")
)
PLACE = "sample/text/"
READ = "Object.keys(localStorage).find((key) => key.endsWith(':read:sample/text'))"
NOT_COUNTED = """() => {
  const [, days] = Object.entries(localStorage).find(([key]) => key.endsWith("due:days"));
  return JSON.parse(days).hidden;
}"""
LOG = """() => new Promise((resolve) => {
  const opening = indexedDB.open(`latentbook:${document.documentElement.dataset.book}`);
  opening.onsuccess = () => {
    const reading = opening.result.transaction("log").objectStore("log").getAll();
    reading.onsuccess = () => resolve((opening.result.close(), reading.result));
  };
})"""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("recall")
    files = {
        "book.toml": BOOK,
        "front.md": FRONT,
        "sample/index.md": OPENING + "\nHow it begins.\n",
        "sample/text.md": HEAD + TEXT,
        "references.bib": REFERENCES,
        "facts.toml": "",
    }
    for name, text in files.items():
        path = folder / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    settings = Settings(content=folder / "content", build=folder / "build")
    fill(settings.build / "cache", Settings().build / "cache")
    with plain_host(build_site(open_project(settings), report=str)) as url:
        yield url


def read_on(page: Page, heading: str) -> None:
    """Once the page listens, scroll until a heading is 1500 px below the top of the window."""
    page.wait_for_function(f"() => {READ}")
    page.mouse.wheel(0, 10)
    page.locator(f"#{heading}").evaluate("h => scrollBy(0, h.getBoundingClientRect().top - 1500)")


def reviews(page: Page) -> list[tuple[Any, ...]]:
    events = page.evaluate(LOG)
    return [(e["label"], e["grade"]) for e in events if e["kind"] == "review"]


def show(box: Locator) -> None:
    button = box.get_by_role("button", name="Show answer")
    expect(button).to_be_focused()
    button.press("Enter")
    expect(box.locator(".of-one:not(.off) .back")).to_be_focused()


def test_cards_are_asked_in_the_text_by_keyboard(open_page: Open, host: str) -> None:
    asked: list[str] = []
    page = open_page(PLACE, host=host, fresh=True, python=False)
    page.on("request", lambda request: asked.append(request.url))
    expect(page.locator('link[data-late][media="all"]')).to_be_attached()
    assert page.locator(".recall-box").count() == 0
    read_on(page, "second")
    boxes = page.locator(".recall-box")
    expect(boxes).to_have_count(3)
    assert sum("/review/" in url for url in asked) == 1
    tops = boxes.evaluate_all("all => all.map((box) => box.getBoundingClientRect().top)")
    assert min(tops) >= 900  # below the window
    nexts = boxes.evaluate_all("all => all.map((box) => box.nextElementSibling?.id)")
    assert nexts[:2] == ["second", "third"]

    first, second, third = (boxes.nth(i) for i in range(3))
    first.scroll_into_view_if_needed()
    height = """async (box) => {
      await document.fonts.ready;
      return box.getBoundingClientRect().height;
    }"""
    before = first.evaluate(height)
    first.get_by_role("button", name="Show answer").focus()
    expect(first).to_contain_text("1 of 2")
    page.keyboard.press("1")  # nothing to grade yet: no effect
    show(first)
    assert in_both_themes(page) == []
    page.keyboard.press("1")
    show(first)
    page.keyboard.press("3")
    expect(first.locator(".end")).to_be_focused()
    expect(first.locator(".end")).to_contain_text("comes again further down")
    assert first.evaluate(height) == before
    page.wait_for_function(f"async () => (await ({LOG})()).some((e) => e.label === 'r-two')")
    assert reviews(page) == [("r-one", 1), ("r-two", 3)]

    second.get_by_role("button", name="Show answer").focus()
    expect(second).to_contain_text("1 of 2")
    second.get_by_role("button", name="Do not ask this card again").press("Enter")
    expect(second.locator(".of-one:not(.off)")).to_contain_text("Question one?")
    show(second)
    second.get_by_role("button", name="Forgot").press("Enter")
    expect(second.locator(".end")).to_be_focused()  # asked twice; it does not come a third time
    expect(third).to_contain_text("1 of 1")

    page.evaluate(f"localStorage.removeItem({READ})")
    page.goto("about:blank")
    page.goto(host + PLACE)
    read_on(page, "second")
    expect(boxes).to_have_count(1)  # nothing is due at the ends of the first two sections
    expect(boxes).to_contain_text("Question four?")
    boxes.get_by_role("button", name="Ask no cards in this chapter").press("Enter")
    expect(boxes.locator(".end")).to_contain_text("no longer asked")
    events = page.evaluate(LOG)
    off = [e["name"] for e in events if e["kind"] == "set"]
    assert off == ["recall-off:r-three", "recall-off-chapter:sample"]
    # The number due in the bar no longer counts the cards of this chapter.
    assert {"r-one", "r-two", "r-four"} <= set(page.evaluate(NOT_COUNTED))


def test_the_page_of_cards_is_styled_when_a_link_leads_to_it(open_page: Open, host: str) -> None:
    page = open_page(PLACE, host=host, fresh=True, python=False)
    go_to(page, "review/sample/")
    card = page.locator('[data-card="r-one"]')
    expect(card).to_have_css("border-bottom-width", "1px")
    card.locator("summary").click()
    card.get_by_role("link", name="2.1 Text").click()
    expect(page.locator("#first")).to_be_in_viewport()
