"""A course in the browser: a link, an invitation, a phone that joins, and work that follows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from latentbook.main import create_app
from latentbook.settings import Settings
from latentbook_classroom.course import manage
from latentbook_classroom.course.bundle import bundle_classroom
from latentbook_classroom.settings import ClassroomSettings
from tests.browser.axe import violations
from tests.browser.conftest import WINDOW
from tools.bench.serving import served

PHONE: dict[str, Any] = {**WINDOW, "viewport": {"width": 360, "height": 740}}
PLACE = "autoencoders/bending-the-plane/"
QUESTION = "#q-circle"


@pytest.fixture
def course(site: Path, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The address of a course, and its first instructor's link."""
    settings = Settings().extended(ClassroomSettings(database=str(tmp_path / "course.sqlite")))
    link = manage.new(settings, "Representations", "Autumn 2026", "")
    bundle_classroom(settings)
    with served(create_app(settings, built=True)) as url:
        yield url, f"{url}{link}"


def join(context: BrowserContext, link: str, name: str) -> Page:
    page = context.new_page()
    page.goto(link)
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_text(f"You are signed in as {name}")).to_be_visible()
    return page


def read(page: Page, url: str) -> None:
    """Open a page of the book. A build for the classroom has this script in each page."""
    page.goto(f"{url}/{PLACE}")
    page.add_script_tag(url=f"{url}/classroom/sync.js", type="module")


def answer(page: Page, number: str) -> None:
    question = page.locator(QUESTION)
    question.scroll_into_view_if_needed()
    expect(question).to_have_attribute("data-answers", "")
    question.locator("input").first.fill(number)
    question.get_by_role("button", name="Check").click()


def state(page: Page) -> Any:
    return expect(page.locator("[data-classroom]"))


@pytest.mark.browser
def test_work_follows_a_student_from_phone_to_phone(
    chromium: Browser, course: tuple[str, str]
) -> None:
    url, link = course
    contexts = [chromium.new_context(**WINDOW), *(chromium.new_context(**PHONE) for _ in "12")]
    desk, phone, other = contexts

    instructor = join(desk, link, "Ada Lovelace")
    instructor.get_by_role("link", name="People").click()
    instructor.get_by_role("button", name="Make the link").click()
    invitation = instructor.get_by_role("textbox", name="Link").input_value()

    student = phone.new_page()
    read(student, url)  # before signing in
    answer(student, "1.0")
    expect(student.locator(f"{QUESTION}[data-state=wrong]")).to_be_visible()
    assert student.locator("[data-classroom]").count() == 0

    student = join(phone, invitation, "Zoë")
    assert student.evaluate("document.documentElement.scrollWidth <= innerWidth")
    read(student, url)
    student.get_by_role("button", name="Take it along").click()
    state(student).to_have_attribute("data-state", "saved")

    phone.set_offline(True)
    answer(student, "0.5")
    state(student).to_have_attribute("data-state", "waiting")
    phone.set_offline(False)
    state(student).to_have_attribute("data-state", "saved")

    mine = student
    mine.locator("[data-classroom] a").click()
    mine.get_by_role("button", name="Sign in on another device").click()
    second = other.new_page()
    second.goto(mine.get_by_role("textbox", name="Link").input_value())
    second.get_by_role("button", name="Sign in as Zoë").click()
    expect(second.get_by_text("You are signed in as Zoë")).to_be_visible()
    read(second, url)
    state(second).to_have_attribute("data-state", "news")
    second.reload()
    second.locator(QUESTION).scroll_into_view_if_needed()
    expect(second.locator(f"{QUESTION}[data-state=right]")).to_be_visible()
    assert second.get_by_role("button", name="Take it along").count() == 0

    mine.goto(f"{url}/classroom/me")
    mine.get_by_role("button", name="Sign it out").first.click()
    for page in ("people", "settings", "audit", "me", "people/2"):
        instructor.goto(f"{url}/classroom/{page}")
        assert violations(instructor) == []
    for context in contexts:
        context.close()


@pytest.mark.browser
def test_a_refused_form_comes_back_with_its_entries(
    chromium: Browser, course: tuple[str, str]
) -> None:
    url, link = course
    context = chromium.new_context(**WINDOW)
    page = join(context, link, "Ada Lovelace")
    page.goto(f"{url}/classroom/people/1")
    page.get_by_role(
        "button", name="Make a new sign-in link"
    ).click()  # now the page's address is that of the form
    page.get_by_label("Name").fill("Ada\u200b")
    page.get_by_label("Group").fill("Evening")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Characters that nobody sees")
    expect(page).to_have_url(f"{url}/classroom/people/1")
    assert page.get_by_label("Group").input_value() == "Evening"
    assert page.get_by_label("Name").input_value() == "Ada\u200b"
    assert violations(page) == []
    page.get_by_label("Name").fill("Ada")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("cell", name="Evening")).to_be_visible()
    page.goto(f"{url}/classroom/people/1")
    assert page.get_by_role("alert").count() == 0, "once"
    page.goto(f"{url}/classroom/settings")
    page.get_by_role("textbox", name="Term", exact=True).fill("Autumn")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")
    page.reload()
    assert page.get_by_role("status").count() == 0, "once"
    context.close()
