"""A lecture with a projector and three phones, each in a separate browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from latentbook.main import create_app
from latentbook.settings import Settings
from latentbook_classroom.lecture.bundle import bundle_class
from latentbook_classroom.lecture.settings import ClassSettings
from tests.browser.axe import in_both_themes
from tests.browser.book_pages import names_with_equations
from tests.browser.conftest import Watch
from tests.classroom.lecture.conftest import HURRY
from tools.bench.serving import served

PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 640},
    "is_mobile": True,
    "has_touch": True,
    "service_workers": "block",
}
ROOM: list[ViewportSize] = [{"width": 1280, "height": 720}, {"width": 1920, "height": 1080}]
CHOICE, GUESS = "Choice", "Guess"


class Class:
    """The windows of one class."""

    def __init__(self, browser: Browser, url: str, key: str) -> None:
        self.browser = browser
        self.watch = Watch(url)
        self.url = url
        self.contexts: list[BrowserContext] = []
        desk = self.context(viewport=ROOM[0], service_workers="block")
        self.lecturer = desk.new_page()
        self.lecturer.goto(f"{url}/class/#{key}")
        self.lecturer.get_by_role("button", name="Start a class").click()
        self.lecturer.wait_for_url(re.compile("/class/[0-9A-Z]{6}$"))
        assert key not in self.lecturer.evaluate("location.href")
        self.code = self.lecturer.url[-6:]
        self.projector = desk.new_page()
        self.projector.goto(f"{url}/show/{self.code}")

    def context(self, **options: Any) -> BrowserContext:
        context = self.browser.new_context(**options)
        context.add_init_script(HURRY)
        context.on("page", self.watch.follow)
        self.contexts.append(context)
        return context

    def phone(self, **options: Any) -> Page:
        page = self.context(**PHONE, **options).new_page()
        page.goto(f"{self.url}/j/{self.code}")
        expect(page.get_by_role("heading", name="You are in")).to_be_visible()
        return page

    def ask(self, kind: str) -> None:
        """Ask the first question of a kind."""
        item = self.lecturer.locator(f'li[data-label]:has(.kind:text-is("{kind}"))').first
        item.evaluate("item => (item.closest('details').open = true)")
        item.get_by_role("button", name="Choose").click()
        self.lecturer.get_by_role("button", name="Ask it").click()

    def step(self, name: str) -> None:
        self.lecturer.get_by_role("button", name=name).click()


@pytest.fixture
def hall(chromium: Browser, site: Path, tmp_path: Path) -> Iterator[Class]:
    mine = ClassSettings(class_mode=True, class_file=tmp_path / "class.sqlite")
    settings = Settings().extended(mine)
    bundle_class(settings)
    app = create_app(settings)
    with served(app) as url:
        hall = Class(chromium, url, app.state.class_key)
        yield hall
        for context in hall.contexts:
            context.close()
    assert hall.watch.wrong == []


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.browser
def test_a_lecture(hall: Class) -> None:
    phones = [hall.phone(color_scheme=scheme) for scheme in ("light", "dark", "light")]
    expect(hall.lecturer.locator("[data-here]")).to_have_text("3")

    hall.ask(CHOICE)
    for phone, pick in zip(phones, (0, 0, 1), strict=True):
        phone.locator("input[name=answer]").nth(pick).check()
        phone.get_by_role("button", name="Send").click()
        expect(phone.locator("[data-said]")).to_contain_text("Your answer has arrived")
        assert fits(phone)
    expect(hall.projector.locator("[data-answers]")).to_contain_text("3 of 3")
    expect(hall.projector.locator(".bars")).to_have_count(0)

    phones[0].reload()  # a reloaded phone keeps its answer and may change it
    expect(phones[0].locator("input[name=answer]").first).to_be_checked()
    phones[0].locator("input[name=answer]").nth(1).check()
    phones[0].get_by_role("button", name="Send").click()
    expect(phones[0].locator("[data-said]")).to_contain_text("Your answer has arrived")

    hall.step("Close the vote")
    expect(phones[1].locator("[data-said]")).to_contain_text("Voting has closed")
    hall.step("Vote again")
    for phone in phones:
        expect(phone.locator("[data-said]")).to_have_text("")
        phone.locator("input[name=answer]").nth(1).check()
        phone.get_by_role("button", name="Send").click()
        expect(phone.locator("[data-said]")).to_contain_text("Your answer has arrived")
    hall.step("Reveal")
    for page in (hall.projector, phones[2]):
        expect(page.locator(".bars .count").nth(2)).to_have_text("67% (2)")  # the first vote
        expect(page.locator(".bars .count").nth(3)).to_have_text("100% (3)")

    hall.projector.reload()
    expect(hall.projector.locator(".bars .count").nth(3)).to_have_text("100% (3)")
    for size in ROOM:
        hall.projector.set_viewport_size(size)
        assert fits(hall.projector)

    hall.watch.expected = ("410",)
    hall.step("End the class")
    hall.lecturer.get_by_role("button", name="End it").click()
    for phone in phones:
        expect(phone.get_by_role("heading", name="The class has ended")).to_be_visible()


@pytest.mark.browser
def test_an_equation_in_an_option_is_in_its_name(hall: Class) -> None:
    phone = hall.phone()
    hall.ask(CHOICE)
    expect(phone.locator("input[name=answer]").first).to_be_visible()
    names = names_with_equations(phone.locator("input[name=answer]"))
    assert len(names) > 1
    assert all(name.endswith("7+9") for name in names), names


@pytest.mark.browser
def test_guesses_lie_over_the_truth(hall: Class) -> None:
    phone = hall.phone()
    hall.ask(GUESS)
    phone.locator("input[type=range]").focus()
    phone.keyboard.press("End")
    phone.get_by_role("button", name="Send").click()
    expect(phone.locator("[data-said]")).to_contain_text("Your answer has arrived")
    hall.step("Reveal")
    expect(hall.projector.locator(".guess .mark")).to_contain_text("Computed:")
    heights = hall.projector.locator(".guess .columns rect").evaluate_all(
        "bars => bars.map((bar) => Number(bar.getAttribute('height')))"
    )
    assert heights[-1] == 1 and not any(heights[:-1])


@pytest.mark.browser
def test_a_code_that_is_none_says_so(hall: Class) -> None:
    page = hall.context(**PHONE).new_page()
    hall.watch.expected = ("404",)
    page.goto(f"{hall.url}/j/")
    page.get_by_label("The code on the screen").fill("nothing")
    page.get_by_role("button", name="Join").click()
    expect(page.locator("[data-said]")).to_contain_text("not a class code")
    page.get_by_label("The code on the screen").fill("22 22 22")
    page.get_by_role("button", name="Join").click()
    expect(page.locator("[data-said]")).to_contain_text("There is no class with this code")
    page.get_by_label("The code on the screen").fill(hall.code.lower())
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_role("heading", name="You are in")).to_be_visible()


@pytest.mark.long
@pytest.mark.browser
def test_a_lost_class_is_found_again(hall: Class) -> None:
    """A proxy answers 404 while the server restarts: seat and answer must survive."""
    hall.watch.expected = ("404",)
    phone = hall.phone()
    seat = phone.locator("[data-seat-number]").inner_text()
    hall.ask(CHOICE)
    phone.locator("input[name=answer]").first.check()
    phone.get_by_role("button", name="Send").click()
    expect(phone.locator("[data-said]")).to_contain_text("Your answer has arrived")
    phone.route("**/api/class/*/now", lambda route: route.fulfill(status=404))
    expect(phone.locator("[data-said]")).to_contain_text("The class cannot be found")
    phone.unroute_all()
    expect(phone.locator("[data-said]")).to_contain_text("Your answer has arrived")
    assert phone.locator("[data-seat-number]").inner_text() == seat
    phone.reload()
    expect(phone.locator("input[name=answer]").first).to_be_checked()
    assert phone.locator("[data-seat-number]").inner_text() == seat


@pytest.mark.browser
def test_axe_finds_nothing(hall: Class) -> None:
    found: list[str] = []

    def look(*pages: Page) -> None:
        for page in pages:
            found.extend(in_both_themes(page))

    start, classes = hall.context(**PHONE).new_page(), hall.lecturer.context.new_page()
    start.goto(f"{hall.url}/j/")
    classes.goto(f"{hall.url}/class/")
    phone = hall.phone()
    look(start, classes, phone, hall.lecturer, hall.projector)
    for kind in (CHOICE, GUESS):
        hall.ask(kind)
        for page in (phone, hall.projector):
            expect(page.locator("[data-answering] input").first).to_be_attached()
        look(phone, hall.lecturer, hall.projector)
        hall.step("Reveal")
        for page in (phone, hall.projector):
            expect(page.locator("[data-results] figure")).to_be_visible()
        look(phone, hall.projector)
        hall.step("Clear the screen")
        expect(phone.get_by_role("heading", name="You are in")).to_be_visible()
    assert "\n\n".join(found) == ""
