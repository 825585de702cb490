"""Every form of answer, on a phone and on the projector, from a small site."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from latentbook.settings import Settings
from latentbook_classroom.lecture.bundle import form_scripts, form_templates
from latentbook_classroom.lecture.settings import ClassSettings
from tests.browser.book_pages import names_with_equations
from tests.classroom.lecture.conftest import HURRY, Lecturer, class_in_chromium, write_class_site


@pytest.fixture
def hall(tmp_path: Path, root: Path) -> Iterator[tuple[Lecturer, Page, Page]]:
    """A lecturer, a phone and a projector."""
    write_class_site(tmp_path)
    settings = Settings(root=root, build=tmp_path)
    settings = settings.extended(ClassSettings(class_mode=True))
    with class_in_chromium(settings) as (_, url, http, chromium):
        lecturer = Lecturer(http)
        lecturer.start()
        phone = chromium.new_page(viewport={"width": 360, "height": 640})
        phone.add_init_script(HURRY)
        phone.goto(f"{url}/j/{lecturer.code}")
        desk = chromium.new_context()
        desk.add_init_script(HURRY)
        desk.add_cookies([{"name": n, "value": v, "url": url} for n, v in http.cookies.items()])
        projector = desk.new_page()
        projector.goto(f"{url}/show/{lecturer.code}")
        yield lecturer, phone, projector


def test_every_form_has_markup_and_a_script(root: Path) -> None:
    assert form_templates().keys() == form_scripts().keys()


def send(phone: Page) -> None:
    phone.get_by_role("button", name="Send").click()
    expect(phone.locator("[data-said]")).to_contain_text("Your answer has arrived")


@pytest.mark.browser
def test_forms_that_are_answered_by_hand(hall: tuple[Lecturer, Page, Page]) -> None:
    lecturer, phone, projector = hall
    lecturer.ask("vae/one#q-choice")
    phone.get_by_label("Yes").check()
    send(phone)
    phone.reload()
    expect(phone.get_by_label("Yes")).to_be_checked()
    expect(projector.get_by_label("Yes")).to_be_disabled()
    lecturer.step("reveal")
    for page in (phone, projector):
        expect(page.locator(".bars .count")).to_have_text(["0% (0)", "100% (1)"])
        expect(page.locator(".bars .right .name")).to_contain_text("Yes")

    lecturer.ask("vae/one#q-true")
    phone.get_by_label("False").check()
    send(phone)
    lecturer.step("reveal")
    expect(projector.locator(".bars .right .name")).to_contain_text("True")

    lecturer.ask("vae/one#q-many")
    phone.get_by_label("Two").check()
    phone.get_by_label("Three").check()
    send(phone)
    lecturer.step("reveal")
    expect(projector.locator(".bars .count")).to_have_text(["100% (1)", "100% (1)", "0% (0)"])
    expect(projector.locator(".bars .right")).to_have_count(2)

    lecturer.ask("vae/one#q-match")
    expect(phone.locator("select")).to_have_count(2)
    assert names_with_equations(phone.locator("select")) == ["One7+9", "Two7+9"]
    phone.get_by_label("One").select_option("B")
    phone.get_by_role("button", name="Send").click()
    expect(phone.locator("[data-said]")).to_have_text("Answer first.")
    phone.get_by_label("Two").select_option("C")
    send(phone)
    lecturer.step("reveal")
    rows = projector.locator("figure tr")
    expect(rows.nth(1)).to_have_text("One010")
    expect(rows.nth(2)).to_have_text("Two001")
    expect(projector.locator("td.right")).to_have_text(["1", "0"])

    lecturer.ask("vae/one#q-number")
    phone.fill("#answer", "nine")
    phone.get_by_role("button", name="Send").click()
    expect(phone.locator("[data-said]")).not_to_contain_text("arrived")
    phone.fill("#answer", "9.5 %")
    send(phone)
    lecturer.step("reveal")
    expect(projector.locator(".histogram .mark")).to_have_text("9.5 %")

    lecturer.ask("vae/one#q-guess")
    expect(phone.locator(".asked-picture")).to_have_text("ASKED")
    phone.get_by_role("button", name="Send").click()
    expect(phone.locator("[data-said]")).to_have_text("Answer first.")
    phone.get_by_label("Your guess").fill("2.5")
    expect(phone.locator("[data-guessed]")).to_have_text("Your guess: 320")
    send(phone)
    phone.reload()
    expect(phone.get_by_label("Your guess")).to_have_value("2.5")
    lecturer.step("reveal")
    expect(projector.locator(".guess .mark")).to_have_text("Computed: 100")
    expect(projector.locator("[data-results] .drawing")).to_contain_text("TRUTH")


@pytest.mark.browser
def test_forms_of_an_instrument(hall: tuple[Lecturer, Page, Page]) -> None:
    lecturer, phone, projector = hall
    lecturer.ask("vae/one#lab", "draw:curve")
    expect(phone.locator("[data-text]")).to_have_text("A lab")
    sketch = phone.get_by_label("Your curve")
    sketch.focus()
    sketch.press("ArrowUp")
    for _ in range(32):
        sketch.press("ArrowRight")
    send(phone)
    lecturer.step("reveal")
    expect(projector.locator("[data-results] polyline")).to_have_attribute(
        "points", " ".join(f"{i / 32:g},{1 - 0.55}" for i in range(33))
    )
    expect(phone.locator("[data-said]")).to_have_text("Look at the screen: it shows all answers.")

    asked = lecturer.ask("vae/one#lab", "readout:error")
    seat = {"Latentbook-Seat": "a" * 24}
    http, place = lecturer.http, f"/api/class/{lecturer.code}"
    http.post(f"{place}/seat", json={"token": seat["Latentbook-Seat"]}, headers=seat)
    answer = {"value": 3.1, "change": 1}
    http.put(f"{place}/rounds/{asked}/answer", json=answer, headers=seat).raise_for_status()
    lecturer.step("reveal")
    expect(projector.locator(".histogram .mark")).to_have_text("Computed: 3.3 %")
