"""The review page: a month of reviews by keyboard on a fake clock, and readers' choices."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.axe import in_both_themes
from tests.browser.book_pages import ADD_SHIFTS, SECTION, Open

pytestmark = pytest.mark.browser

START = datetime(2026, 11, 23, 20, tzinfo=UTC)
CHAPTER = "begin"
"""The chapter with the fewest cards."""


def visit(page: Page, day: float) -> Locator:
    """Reload the review page as of `day` days after the start; return its heading."""
    page.clock.set_fixed_time(START + timedelta(days=day))
    page.reload()
    return page.locator(".review-desk > h2")


def of_chapter(page: Page, name: str) -> Locator:
    return page.locator(f'[data-chapter="{CHAPTER}"]').get_by_role("button", name=name)


def grade_all(page: Page, key: str) -> int:
    """Answer all due cards by keyboard; return their number."""
    heading = page.locator(".review-desk > h2")
    count = 0
    while re.search(r"^\d+ of \d+$", heading.inner_text()):
        before = heading.inner_text()
        page.keyboard.press("Space")
        expect(page.locator(".review-desk .back")).to_be_focused()
        page.keyboard.press(key)
        expect(heading).not_to_have_text(before)
        expect(heading).to_be_focused()
        count += 1
    return count


def test_a_month_of_reviews(open_page: Open) -> None:
    """All cards are known: intervals of 2, then 11, then 46 days; longer ones have some fuzz."""
    page = open_page("review/", fresh=True, python=False)
    heading = visit(page, 0)
    expect(heading).to_have_text("Nothing is due.")
    of_chapter(page, "Learn all its cards").press("Enter")
    expect(heading).to_be_focused()
    cards = int(heading.inner_text().removeprefix("1 of "))
    assert cards >= 10

    # Grade the first card by mistake, and undo.
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Good")).to_contain_text("in 2 days")
    page.keyboard.press("4")
    expect(heading).to_have_text(f"2 of {cards}")
    page.keyboard.press("u")
    expect(heading).to_have_text(f"1 of {cards}")
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    assert grade_all(page, "3") == cards
    expect(heading).to_have_text("Done for today.")
    expect(page.locator(".review-desk")).to_contain_text("Wednesday, November 25, 2026")
    assert not in_both_themes(page)

    expect(visit(page, 1)).to_have_text("Nothing is due.")
    expect(page.locator("[data-due]")).to_have_count(0)
    page.clock.set_fixed_time(START + timedelta(days=2))
    page.goto(page.url.replace("review/", SECTION))  # every page shows the number due in its bar
    page.get_by_role("link", name=f"{cards} due").click()
    expect(heading).to_have_text(f"1 of {cards}")
    page.reload()  # continues where it was left
    expect(heading).to_have_text(f"1 of {cards}")
    assert grade_all(page, "3") == cards

    expect(visit(page, 10)).to_have_text("Nothing is due.")
    seen = {}
    for day in range(11, 16):
        visit(page, day)
        expect(heading).to_be_visible()
        seen[day] = grade_all(page, "3")
    assert sum(seen.values()) == cards
    assert len([day for day in seen if seen[day]]) > 1
    expect(visit(page, 30)).to_have_text("Nothing is due.")
    expect(page.locator(".review-overview")).to_contain_text(f"remember of {cards} cards")

    with page.expect_download() as download:
        page.get_by_role("button", name="calendar").press("Enter")
    text = Path(download.value.path()).read_text()
    due = [int(count) for count in re.findall(r"SUMMARY:.*?: (\d+) due", text)]
    assert sum(due) == cards


def test_cards_on_a_second_page_are_learnt_too(open_page: Open) -> None:
    page = open_page("review/", fresh=True, python=False)
    heading = visit(page, 0)
    sources = Path("content", "autoencoders").glob("*.md")
    cards = sum(len(re.findall(r"^:::+\{recall\}", s.read_text(), re.M)) for s in sources)
    chapter = page.locator('[data-chapter="autoencoders"]')
    chapter.get_by_role("button", name="Learn all its cards").click()
    expect(heading).to_have_text(f"1 of {cards}")


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_moves_when_the_card_comes(open_page: Open, width: int) -> None:
    page = open_page("review/", fresh=True, python=False)
    page.set_viewport_size({"width": width, "height": 844})
    page.add_init_script(ADD_SHIFTS)
    page.route("**/review-*.css", wait_longer)
    heading = page.locator(".review-desk > h2")
    page.reload()
    learn = of_chapter(page, "Learn all its cards")
    expect(learn).to_be_visible()
    expect(heading).to_have_text("Nothing is due.")
    assert page.evaluate("shift") < 0.01
    learn.click()
    expect(heading).to_have_text(re.compile("^1 of "))
    page.keyboard.press("Space")
    page.keyboard.press("3")
    expect(heading).to_have_text(re.compile("^2 of "))
    page.reload()
    expect(page.locator(".review-overview svg:visible")).to_be_attached()
    expect(of_chapter(page, "Do not ask its cards")).to_be_visible()
    assert page.evaluate("shift") < 0.01


def wait_longer(route: Route) -> None:
    """Let the page wait longer for its script, as a busy machine requires."""
    response = route.fetch()
    route.fulfill(response=response, body=response.text().replace("3s", "300s"))


def test_what_readers_decide(open_page: Open) -> None:
    page = open_page("review/", fresh=True, python=False)
    heading = visit(page, 0)
    of_chapter(page, "Learn all its cards").click()
    expect(heading).to_have_text(re.compile("^1 of "))
    cards = int(heading.inner_text().removeprefix("1 of "))

    # A forgotten card comes again; with single keys off, key presses do nothing.
    page.evaluate("localStorage.setItem('latentbook:latentbook:setting:single-keys', 'false')")
    visit(page, 0)
    expect(heading).to_have_text(f"1 of {cards}")
    front = page.locator(".front").inner_text()
    page.get_by_role("button", name="Show answer").click()
    page.keyboard.press("1")
    expect(heading).to_have_text(f"1 of {cards}")
    page.get_by_role("button", name="Forgot").click()
    expect(heading).to_have_text(f"2 of {cards + 1}")
    page.evaluate("localStorage.removeItem('latentbook:latentbook:setting:single-keys')")

    # A session lasts ten minutes.
    page.clock.set_fixed_time(START + timedelta(minutes=11))
    page.keyboard.press("Space")
    page.keyboard.press("3")
    expect(heading).to_have_text(f"Ten minutes are over. {cards - 1} are left.")
    page.get_by_role("button", name="Go on").click()
    expect(heading).to_have_text(f"3 of {cards + 1}")

    page.get_by_role("button", name="Do not ask this card again").click()
    expect(heading).to_have_text(f"3 of {cards}")
    expect(heading).to_be_focused()
    page.get_by_text("1 card is switched off").click()
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator(".switched-off")).to_have_count(0)
    expect(heading).to_have_text(f"1 of {cards - 2}")
    of_chapter(page, "Do not ask its cards").click()
    expect(heading).to_have_text("Nothing is due.")
    expect(visit(page, 3)).to_have_text("Nothing is due.")
    of_chapter(page, "Ask its cards again").click()
    expect(heading).to_have_text(f"1 of {cards}")
    shown = set()
    while heading.inner_text() != "Done for today.":
        shown.add(page.locator(".front").inner_text())
        before = heading.inner_text()
        page.keyboard.press("Space")
        page.keyboard.press("4")
        expect(heading).not_to_have_text(before)
    assert len(shown) == cards and front in shown


def test_a_wrong_answer_comes_back_until_it_is_right(open_page: Open) -> None:
    page = open_page(fresh=True, python=False)
    page.clock.set_fixed_time(START)
    question = page.locator("#q-linear-pca")
    question.scroll_into_view_if_needed()
    question.locator('input[value="true"]').check()
    question.locator('[data-action="check"]').click()
    expect(question).to_have_attribute("data-state", "wrong")
    page.goto(page.url.split(SECTION)[0] + "review/")
    heading = page.locator(".review-desk > h2")
    expect(heading).to_have_text("Nothing is due.")
    visit(page, 1)
    expect(heading).to_have_text("1 of 1")
    link = page.get_by_role("link", name="Open it in the text")
    expect(link).to_have_attribute("href", re.compile(f"/{SECTION}#q-linear-pca$"))
    assert not in_both_themes(page)
    expect(question).to_have_attribute("data-answers", "")
    question.locator('[data-action="start-over"]').click()
    question.locator('input[value="false"]').check()
    question.locator('[data-action="check"]').click()
    expect(question).to_have_attribute("data-state", "right")
    page.get_by_role("button", name="Next").click()
    expect(heading).to_be_focused()
    expect(visit(page, 2)).to_have_text("Nothing is due.")
    expect(page.locator("[data-due]")).to_have_count(0)
