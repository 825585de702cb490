"""The steps of docs/classroom/lti-moodle.md in Moodle, in a browser without third-party cookies.

Moodle is not in any package index. ``MOODLE`` names a folder with its source; without it, the tests
are skipped.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect, sync_playwright

from latentbook_classroom.course.bundle import bundle_classroom
from tests.chromium import launch
from tests.classroom.conftest import School, opened, settings_in
from tests.classroom.moodle import PASSWORD, Moodle, moodle
from tests.classroom.test_lti_browser import BLOCKED
from tests.classroom.test_lti_services import add_assignment, give
from tests.patience import until

SOURCE = os.environ.get("MOODLE", "")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.long,
    pytest.mark.release,
    pytest.mark.skipif(not SOURCE, reason="MOODLE names no folder with Moodle's source"),
]


@pytest.fixture
def campus(tmp_path: Path) -> Iterator[tuple[School, Moodle]]:
    """A course at 127.0.0.1, and Moodle at localhost, which is another site."""
    settings = settings_in(tmp_path / "book", str(tmp_path / "course.sqlite"))
    bundle_classroom(settings)
    with opened(settings) as school, moodle(Path(SOURCE), tmp_path) as lms:
        school.run(add_assignment)
        page = {"kind": "Section", "url": "classroom/", "number": "1", "title": "One", "text": ""}
        (school.app.state.lti.site / "search-0.json").write_text(json.dumps([page]))
        yield school, lms


@pytest.fixture
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium, BLOCKED)
        yield browser
        browser.close()


def signed_in(chromium: Browser, lms: Moodle, who: str) -> Page:
    page = chromium.new_context(viewport={"width": 1280, "height": 1000}).new_page()
    until(lambda: tried_to_sign_in(page, lms, who))
    return page


def tried_to_sign_in(page: Page, lms: Moodle, who: str) -> bool:
    """Whether it worked: just after installation, Moodle refuses everybody for some seconds."""
    page.goto(f"{lms.url}/login/index.php")
    page.locator("#username").fill(who)
    page.locator("#password").fill(PASSWORD)
    page.locator("#loginbtn").click()
    page.wait_for_url(re.compile(r"/my/|loginredirect"))
    return "/my/" in page.url


def content(page: Page, lms: Moodle) -> FrameLocator:
    """The book's offer to a teacher who adds the tool to the course."""
    page.goto(f"{lms.url}/course/modedit.php?add=lti&course={lms.course}&typeid=1&section=1")
    page.get_by_role("button", name="Select content").click()
    return page.frame_locator(".modal iframe")


def test_a_course_in_moodle(chromium: Browser, campus: tuple[School, Moodle]) -> None:
    school, lms = campus
    instructor = school.joined(school.first, "Karen Spärck Jones")
    made = instructor.post("/classroom/platforms/registration")
    [link] = re.findall(rf"{school.url}/lti/register/[\w-]+", made.text)

    admin = signed_in(chromium, lms, "admin")
    admin.goto(f"{lms.url}/mod/lti/toolconfigure.php")
    admin.get_by_placeholder("Tool URL").fill(link)
    admin.get_by_role("button", name="Add LTI Advantage").click()
    admin.get_by_text("Activate", exact=True).click()
    expect(admin.get_by_text("Active", exact=True)).to_be_visible()

    teacher = signed_in(chromium, lms, "ada")
    offered = content(teacher, lms)
    expect(offered.get_by_role("heading", name="Pages and single items")).to_be_visible()
    expect(offered.get_by_text("Week 1")).to_have_count(0)  # nobody here vouches for that course
    offered.locator("summary").click()
    offered.get_by_role("checkbox").check()
    offered.get_by_role("button", name="Add to the course").click()
    teacher.get_by_role("button", name="Save and display").click()
    expect(teacher.frame_locator("#contentframe").locator("main")).to_be_visible()
    accepted = instructor.post("/classroom/platforms/contexts/1/take-along")
    assert accepted.status_code == 303

    offered = content(teacher, lms)
    offered.get_by_role("checkbox", name="Week 1", exact=True).check()
    offered.get_by_role("button", name="Add to the course").click()
    teacher.get_by_role("button", name="Save and return to course").click()

    student = signed_in(chromium, lms, "emmy")
    student.goto(f"{lms.url}/course/view.php?id={lms.course}")
    student.get_by_role("link", name="Week 1").first.click()
    expect(student.frame_locator("#contentframe").locator("main")).to_be_visible()
    school.run(give, school.number("Emmy Noether"), 3.0)
    until(lambda: lms.grade("emmy", "Week 1") == (3.0, 4.0))
