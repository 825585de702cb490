"""Launches in a frame on another site, in a browser that blocks third-party cookies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from latentbook_classroom.course.bundle import bundle_classroom
from latentbook_classroom.course.desk import Desk
from latentbook_classroom.lti import platforms
from tests.chromium import launch
from tests.classroom import lms as testing
from tests.classroom.conftest import School, opened, settings_in
from tests.classroom.lms import Lms

BLOCKED = "--test-third-party-cookie-phaseout"
SIGNED_IN = "You are signed in as Ada Lovelace"


@pytest.fixture
def campus(tmp_path: Path) -> Iterator[tuple[School, Lms]]:
    """A course whose scripts are real. The platform is on another site: localhost."""
    settings = settings_in(tmp_path, str(tmp_path / "course.sqlite"))
    bundle_classroom(settings)
    with opened(settings) as school, testing.platform(school.url) as lms:
        school.run(platforms.add, lms.registration())
        yield school, lms


@pytest.fixture
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium, BLOCKED)
        yield browser
        browser.close()


@pytest.mark.browser
def test_a_launch_in_a_frame(chromium: Browser, campus: tuple[School, Lms]) -> None:
    school, lms = campus
    page = chromium.new_context().new_page()
    page.goto(f"{lms.url}/course")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text(SIGNED_IN)).to_be_visible()
    frame.get_by_role("link", name="My data").click()  # the session stays in the frame
    expect(frame.get_by_role("heading", name="My data")).to_be_visible()
    alone = page.context.new_page()
    alone.goto(f"{school.url}/classroom/")
    expect(alone.get_by_text("This course is open to its members only")).to_be_visible()


@pytest.mark.browser
def test_a_frame_without_any_cookie_offers_a_tab(
    chromium: Browser, campus: tuple[School, Lms], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, lms = campus
    # as in a browser that drops such cookies
    monkeypatch.setattr(Desk, "keep_in_frame", lambda *given: None)
    page = chromium.new_context().new_page()
    page.goto(f"{lms.url}/course")
    frame = page.frame_locator("iframe")
    with page.expect_popup() as popup:
        frame.get_by_role("button", name="Open in a new tab").click()
    expect(popup.value.get_by_text(SIGNED_IN)).to_be_visible()
    expect(frame.get_by_text("Open the page in a tab")).to_be_visible()
