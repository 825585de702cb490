"""An assignment in the browser: an instructor opens it, a student answers, also without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, Page, expect

from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook.main import create_app
from latentbook_classroom.course import manage
from latentbook_classroom.course.bundle import bundle_classroom
from latentbook_classroom.settings import ClassroomSettings
from tests.browser.axe import in_both_themes
from tests.browser.conftest import WINDOW
from tests.browser.test_classroom import PHONE, join
from tests.unit.book import conftest as small
from tools.bench.serving import served

make_book, shared_build = small.make_book, small.shared_build

ASSIGNMENT = """\
---
title: First steps
---

::::{quiz} choice
:label: q-left

Which side?

- [ ] Left

  That is where the heart is.
- [x] Right

:::{answer}
The right one.
:::
::::

::::{quiz} number
:label: q-half
:answer: 0.5
:tolerance: 0.01

How much is a half?

:::{wrong} 2.0
That is its inverse.
:::
:::{answer}
It is 0.5.
:::
::::
"""
FILES = {"assignments/first.md": ASSIGNMENT, "sample/outputs.json": "{}"}
PLACE = "classroom/assignments/first/"


@pytest.fixture
def course(
    make_book: small.MakeBook, small_runtime: None, tmp_path: Path
) -> Iterator[tuple[str, str]]:
    """The address of a course whose book has an assignment, and its first instructor's link."""
    settings = make_book(FILES).extended(ClassroomSettings(database=str(tmp_path / "x.sqlite")))
    link = manage.new(settings, "Representations", "Autumn 2026", "")
    build_site(open_project(settings), report=print)
    bundle_classroom(settings)
    with served(create_app(settings, built=True)) as url:
        yield f"{url}/", f"{url}{link}"


def hand_in(page: Page, label: str, verdict: str) -> None:
    question = page.locator(f"#{label}")
    question.get_by_role("button", name="Hand in").click()
    expect(question.locator("[data-feedback]")).to_contain_text(verdict)


@pytest.mark.browser
def test_an_assignment_from_its_dates_to_its_points(
    chromium: Browser, course: tuple[str, str]
) -> None:
    url, link = course
    desk, phone = chromium.new_context(**WINDOW), chromium.new_context(**PHONE)
    other_zone = chromium.new_context(**WINDOW, timezone_id="Asia/Tokyo")

    instructor = join(desk, link, "Ada Lovelace")
    instructor.get_by_role("link", name="Assignments").click()
    instructor.locator("main").get_by_role("link", name="Settings").click()
    instructor.get_by_label("Opens (empty: not yet)").fill("2026-01-05T08:00")
    instructor.get_by_label("Due (empty: never)").fill("2099-01-05T08:00")
    instructor.get_by_label("Tries at each question").fill("3")
    assert in_both_themes(instructor) == []
    instructor.get_by_role("button", name="Save").click()
    instructor.get_by_role("link", name="Show the assignment").click()
    expect(instructor.get_by_text("As a student sees it")).to_be_visible()
    assert instructor.get_by_role("button", name="Hand in").count() == 0
    other_zone.add_cookies(desk.cookies())
    far = other_zone.new_page()
    far.goto(f"{url}{PLACE}settings")
    local = far.get_by_label("Due (empty: never)")
    hours = instructor.evaluate("new Date(2099, 0, 5, 8).getUTCHours()") + 9
    expect(local).to_have_value(f"2099-01-05T{hours:02}:00")

    instructor.goto(f"{url}classroom/people")
    instructor.get_by_role("button", name="Make the link").click()
    student = join(phone, instructor.get_by_role("textbox", name="Link").input_value(), "Zoë")
    student.get_by_role("link", name="First steps").click()
    expect(student.get_by_text("5 Jan 2099")).to_be_visible()
    expect(student.locator(":is(#q-left, #q-half)[data-answers]")).to_have_count(2)
    assert student.evaluate("document.documentElement.scrollWidth <= innerWidth")
    student.get_by_label("Left").check()
    hand_in(student, "q-left", "Not yet. That is where the heart is.")
    expect(student.locator("#q-left")).to_contain_text("Tries left: 2 of 3.")
    expect(student.locator("#q-left").get_by_role("button", name="Hand in")).to_be_focused()

    phone.set_offline(True)
    student.locator("#q-half input").first.fill("0.5")
    hand_in(student, "q-half", "Not sent yet")
    expect(student.locator("footer")).to_contain_text("An answer is not sent yet")
    # A proxy has signed her out and returns its own page instead of a verdict.
    answers = "**/answers/q-half?*"
    pages: list[dict[str, Any]] = [
        {"status": 302, "headers": {"Location": url}},
        {"status": 200, "body": "<h1>Sign in</h1>"},
        {"status": 403, "body": "<p role=alert>Sign in</p>"},
    ]
    student.route(answers, lambda route: route.fulfill(**pages[0]))
    for _ in range(3):
        with student.expect_response(answers):
            phone.set_offline(True)
            phone.set_offline(False)  # the page sends the answer again
        expect(student.locator("footer")).to_contain_text("An answer is not sent yet")
        pages.append(pages.pop(0))
    student.unroute(answers)
    expect(student.locator("footer")).to_contain_text("An answer is not sent yet")
    student.evaluate("dispatchEvent(new Event('online'))")
    expect(student.locator("#q-half")).to_contain_text("Right.")
    expect(student.locator("footer")).not_to_contain_text("An answer is not sent yet")

    phone.set_offline(True)
    student.evaluate("void (Storage.prototype.setItem = () => { throw new DOMException('full') })")
    hand_in(student, "q-half", "Not sent yet")
    with student.expect_event("dialog") as asked:
        student.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    phone.set_offline(False)
    expect(student.locator("#q-half")).to_contain_text("Tries left: 1 of 3.")
    assert in_both_themes(student) == []

    plain = chromium.new_context(**WINDOW, java_script_enabled=False)
    plain.add_cookies(phone.cookies())
    page = plain.new_page()
    page.goto(f"{url}{PLACE}")
    expect(page.get_by_label("Left")).to_be_checked()
    page.get_by_label("Right").check()
    hand_in(page, "q-left", "Right.")
    assert page.url == f"{url}{PLACE}#q-left"
    page.goto(f"{url}classroom/")
    expect(page.get_by_text("2 of 2 points")).to_be_visible()

    instructor.goto(f"{url}classroom/grades/")
    zoe = instructor.locator("main").get_by_role("link", name="Zoë").get_attribute("href")
    for place in ("", zoe, "analysis/first", "analysis/first/q-left"):
        instructor.goto(urljoin(f"{url}classroom/grades/", place))
        assert in_both_themes(instructor) == []
    for context in (desk, phone, other_zone, plain):
        context.close()


@pytest.mark.browser
def test_a_time_that_nobody_has_changed_goes_back_as_it_came(
    chromium: Browser, course: tuple[str, str]
) -> None:
    url, link = course
    berlin, greenwich = (
        chromium.new_context(**WINDOW, timezone_id=zone) for zone in ("Europe/Berlin", "UTC")
    )
    join(berlin, link, "Ada Lovelace")
    greenwich.add_cookies(berlin.cookies())
    here, there = berlin.new_page(), greenwich.new_page()
    due = "Due (empty: never)"

    def save(page: Page, **changed: str) -> None:
        page.goto(f"{url}{PLACE}settings")
        for value in changed.values():
            page.get_by_label(due).fill(value)
        page.get_by_role("button", name="Save").click()
        page.goto(f"{url}{PLACE}settings")

    save(there, due="2026-10-25T01:30")  # 02:30 in Berlin, for the second time
    save(here)
    expect(here.get_by_label(due)).to_have_value("2026-10-25T02:30")
    there.reload()
    expect(there.get_by_label(due)).to_have_value("2026-10-25T01:30")
    save(here, due="2026-10-25T03:30")
    there.reload()
    expect(there.get_by_label(due)).to_have_value("2026-10-25T02:30")

    here.get_by_label(due).fill("2026-03-29T02:30")  # the clocks skip this time
    here.get_by_label(due).blur()
    expect(here.get_by_label(due)).to_have_value("2026-03-29T03:30")
    berlin.close()
    greenwich.close()
