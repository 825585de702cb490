"""Signing in at an independent, certified OpenID provider: the npm package oidc-provider."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from latentbook_classroom.course import people
from latentbook_classroom.course.bundle import bundle_classroom
from latentbook_classroom.lti import keys, platforms
from latentbook_classroom.lti.web import Answer, Web
from tests.chromium import launch
from tests.classroom.conftest import School, opened, settings_in
from tests.fetch import Unavailable, oidc_provider

pytestmark = [pytest.mark.browser, pytest.mark.long]

SERVED = Path(__file__).with_name("oidc_provider.mjs")
SECRET = "s&cret: of the university +%"


@pytest.fixture(scope="module")
def folder() -> Path:
    try:
        return oidc_provider()
    except Unavailable as error:
        pytest.skip(str(error))


@dataclass
class University:
    """The provider, which can be stopped, and started with another key."""

    folder: Path
    book: str
    secret: str = SECRET
    port: int = 0
    runs: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        client = {
            "client_id": "the book",
            "client_secret": self.secret,
            "redirect_uris": [f"{self.book}/auth/callback"],
        }
        given = json.dumps({"folder": str(self.folder), "port": self.port, "client": client})
        self.runs.append(
            subprocess.Popen(["node", SERVED, given], stdout=subprocess.PIPE, text=True)
        )
        assert self.runs[-1].stdout
        assert self.runs[-1].stdout.readline() == "ready\n"

    def stop(self) -> None:
        self.runs[-1].kill()
        self.runs[-1].communicate()


@dataclass
class Campus:
    school: School
    university: University
    browser: Callable[[], Page]

    def register(self, **given: str) -> None:
        url = self.university.url
        self.school.run(
            platforms.add,
            {
                "kind": "oidc",
                "name": "The university",
                "issuer": url,
                "client_id": "the book",
                "client_secret": SECRET,
                "auth_url": f"{url}/auth",
                "token_url": f"{url}/token",
                "keys_url": f"{url}/jwks",
                **given,
            },
        )

    def begin(self, page: Page) -> None:
        page.goto(f"{self.school.url}/classroom/")
        page.get_by_role("link", name="Sign in with The university").click()


def enter(page: Page, subject: str) -> None:
    """Fill in the provider's pages."""
    page.get_by_placeholder("Enter any login").fill(subject)
    page.get_by_placeholder("and password").fill("x")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        yield browser
        browser.close()


@pytest.fixture
def campus(folder: Path, chromium: Browser, tmp_path: Path) -> Iterator[Campus]:
    settings = settings_in(tmp_path, str(tmp_path / "course.sqlite"))
    bundle_classroom(settings)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with opened(settings) as school:
        university = University(folder, school.url, port=port)
        university.start()
        yield Campus(school, university, lambda: chromium.new_context().new_page())
        university.stop()


def joined(campus: Campus, token: str, name: str) -> Page:
    page = campus.browser()
    page.goto(f"{campus.school.url}/join/{token}")
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_text(f"You are signed in as {name}")).to_be_visible()
    return page


def refused(page: Page, campus: Campus, caught: pytest.LogCaptureFixture) -> str:
    """The reason in the log, which the page does not show."""
    expect(page.get_by_text("The sign-in did not work")).to_be_visible()
    page.goto(f"{campus.school.url}/classroom/")
    expect(page.get_by_text("You are signed in")).not_to_be_visible()
    said = [each.msg for each in caught.records if isinstance(each.msg, dict)]
    return next(str(each["reason"]) for each in said if each["event"] == "A sign-in was refused")


def test_a_first_sign_in_joins_and_a_second_finds_the_same_person(campus: Campus) -> None:
    campus.register(is_open="on")
    page = campus.browser()
    campus.begin(page)
    enter(page, "ada")
    # the provider has the name at UserInfo, not in its tokens
    expect(page.get_by_text("You are signed in as Person ada")).to_be_visible()
    page.context.clear_cookies(domain="127.0.0.1")  # the provider still knows who it is
    campus.begin(page)
    expect(page.get_by_text("You are signed in as Person ada")).to_be_visible()
    elsewhere = campus.browser()
    campus.begin(elsewhere)
    enter(elsewhere, "ada")
    expect(elsewhere.get_by_text("You are signed in as Person ada")).to_be_visible()
    assert len(campus.school.run(people.everyone, 1)) == 1


def test_who_is_not_on_the_roster_stays_outside_until_both_are_connected(campus: Campus) -> None:
    campus.register()
    page = campus.browser()
    campus.begin(page)
    enter(page, "ada")
    expect(page.get_by_text("but not in this course yet")).to_be_visible()
    here = joined(campus, campus.school.first, "Ada")
    here.goto(f"{campus.school.url}/classroom/me")
    here.get_by_role("link", name="Connect The university").click()
    enter(here, "ada")
    expect(here.get_by_text("You are signed in as Ada")).to_be_visible()
    campus.begin(page)  # still signed in at the provider
    expect(page.get_by_text("You are signed in as Ada")).to_be_visible()


def test_a_refused_consent_is_a_sign_in_that_did_not_work(
    campus: Campus, caplog: pytest.LogCaptureFixture
) -> None:
    campus.register(is_open="on")
    page = campus.browser()
    campus.begin(page)
    page.get_by_placeholder("Enter any login").fill("ada")
    page.get_by_placeholder("and password").fill("x")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("link", name="Cancel").click()
    assert refused(page, campus, caplog) == "Unfit: the service answered 'access_denied'"


def test_a_wrong_secret_is_refused(campus: Campus, caplog: pytest.LogCaptureFixture) -> None:
    campus.register(is_open="on", client_secret="another")
    page = campus.browser()
    campus.begin(page)
    enter(page, "ada")
    assert refused(page, campus, caplog).endswith(" answered with status 401.")


def test_keys_may_be_rotated(
    campus: Campus, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "FETCHED_AGAIN_S", 3600)
    campus.register(is_open="on")
    page = campus.browser()
    campus.begin(page)
    enter(page, "ada")
    expect(page.get_by_text("You are signed in as Person ada")).to_be_visible()
    campus.university.stop()
    campus.university.start()
    again = campus.browser()
    campus.begin(again)
    enter(again, "ada")  # within the time in which keys are fetched once
    assert refused(again, campus, caplog) == "Unfit: signed with an unknown key"
    monkeypatch.setattr(keys, "FETCHED_AGAIN_S", 0)
    campus.begin(again)
    expect(again.get_by_text("You are signed in as Person ada")).to_be_visible()


def test_a_provider_that_fails_between_the_steps_is_said_in_the_log(
    campus: Campus, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    campus.register(is_open="on")
    ask = Web.ask

    async def asked_too_late(*given: Any, **sent: Any) -> Answer:
        campus.university.stop()
        return await ask(*given, **sent)

    page = campus.browser()
    campus.begin(page)
    monkeypatch.setattr(Web, "ask", asked_too_late)
    enter(page, "ada")
    assert refused(page, campus, caplog).endswith(": ConnectError")
    monkeypatch.undo()
    campus.university.start()
    campus.begin(page)
    enter(page, "ada")
    expect(page.get_by_text("You are signed in as Person ada")).to_be_visible()
